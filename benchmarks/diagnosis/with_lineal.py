"""The pipeline with lineal, on its local runner. `python with_lineal.py FOLDER TREES`."""

import json
import sys
from pathlib import Path

import steps
from lineal import Metrics, pipeline, task, unmapped

load, check, fit, draw = task(steps.load), task(steps.check), task(steps.fit), task(steps.draw)
split = task(outputs=("train", "test"))(steps.split)


@task
def evaluate(pooled, local, test) -> Metrics:
    return Metrics(steps.evaluate(pooled, local, test))


@pipeline
def diagnosis(folder: Path, trees: int) -> Metrics:
    train, test = split(check(load(folder)))
    pooled = fit(train, None, trees)
    local = fit.map(unmapped(train), steps.SITES, unmapped(trees))
    draw(pooled, test)
    return evaluate(pooled, local, test)


if __name__ == "__main__":
    print(json.dumps(dict(diagnosis(Path(sys.argv[1]), int(sys.argv[2])))))
