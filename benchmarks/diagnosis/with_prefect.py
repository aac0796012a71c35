"""The pipeline with Prefect's own caching. `python with_prefect.py FOLDER TREES`.

As its documentation recommends for reuse from one run to the next: results persisted, and
the key of a task made of its inputs and of its own source.
"""

import json
import sys
from pathlib import Path

from prefect import flow, task, unmapped
from prefect.cache_policies import INPUTS, TASK_SOURCE

import steps

cached = task(persist_result=True, cache_policy=INPUTS + TASK_SOURCE)
load, check, split, fit, draw, evaluate = map(
    cached, (steps.load, steps.check, steps.split, steps.fit, steps.draw, steps.evaluate)
)


@flow
def diagnosis(folder: Path, trees: int) -> dict[str, float]:
    train, test = split(check(load(folder)))
    pooled = fit.submit(train, None, trees)
    local = fit.map(unmapped(train), steps.SITES, unmapped(trees))
    figure = draw.submit(pooled, test)
    scores = evaluate(pooled, local, test)
    figure.wait()
    return scores


if __name__ == "__main__":
    print(json.dumps(diagnosis(Path(sys.argv[1]), int(sys.argv[2]))))
