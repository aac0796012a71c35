"""The plain script: nothing recorded, nothing reused. `python plain.py FOLDER TREES`."""

import json
import sys
from pathlib import Path

import steps


def diagnosis(folder: Path, trees: int) -> dict[str, float]:
    train, test = steps.split(steps.check(steps.load(folder)))
    pooled = steps.fit(train, None, trees)
    local = [steps.fit(train, site, trees) for site in steps.SITES]
    steps.draw(pooled, test)
    return steps.evaluate(pooled, local, test)


if __name__ == "__main__":
    print(json.dumps(diagnosis(Path(sys.argv[1]), int(sys.argv[2]))))
