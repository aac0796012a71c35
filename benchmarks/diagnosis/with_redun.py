"""The pipeline with redun. `python with_redun.py FOLDER TREES`.

As its documentation recommends: inputs are `Dir`s, whose content counts, and the plain
helpers that a task calls are named in `hash_includes`.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from redun import Dir, Scheduler, task
from redun.config import Config

import steps

redun_namespace = "diagnosis"

check = task(namespace=redun_namespace)(steps.check)
split = task(namespace=redun_namespace, nout=2)(steps.split)
fit = task(namespace=redun_namespace, hash_includes=[steps.features])(steps.fit)
draw = task(namespace=redun_namespace, hash_includes=[steps.risk])(steps.draw)
evaluate = task(namespace=redun_namespace, hash_includes=[steps.judge])(steps.evaluate)


@task(hash_includes=[steps.load])
def load(folder: Dir) -> pd.DataFrame:
    return steps.load(Path(folder.path))


@task()
def main(folder: Dir, trees: int) -> list:
    train, test = split(check(load(folder)))
    pooled = fit(train, None, trees)
    local = [fit(train, site, trees) for site in steps.SITES]
    return [evaluate(pooled, local, test), draw(pooled, test)]


if __name__ == "__main__":
    scheduler = Scheduler(config=Config({"backend": {"db_uri": "sqlite:///redun.db"}}))
    scheduler.load()
    scores, _ = scheduler.run(main(Dir(sys.argv[1]), int(sys.argv[2])))
    print(json.dumps(scores))
