"""What watching steps and hashing their inputs again add to a real pipeline.

The pipelines are `pipelines/diagnosis.py` and, where `LINEAL_TEST_DATA` names a folder that holds
`nsl-kdd`, `pipelines/intrusion.py`, run from nothing, one step at a time. *Observing* notes
the files, variables and processes that a step reads unasked; *hashing again* proves that a step did
not change what it was given. The last row is what one file opened costs while a step is watched.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest import mock

from harness import Bench, Side, run
from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.running import execute
from lineal.running.observation import Observation
from lineal.running.observing import observed_by, observing

PIPELINES = Path(__file__).parents[1] / "pipelines"
OPENED = 1_000


def main(bench: Bench) -> None:
    trees = bench.pick(tiny=2, quick=20, full=100)
    bench.part("diagnosis", compare, bench, "diagnosis", {"n_estimators": trees})
    data = Path(os.environ.get("LINEAL_TEST_DATA", "")) / "nsl-kdd/KDDTrain+_20Percent.txt"
    if data.is_file():
        rows = bench.pick(tiny=200, quick=2_000, full=10_000)
        given = {"train": data, "test": data, "seeds": 1, "rows": rows}
        bench.part("intrusion", compare, bench, "intrusion", given)
    bench.part("a file", of_a_file, bench)


def of_a_file(bench: Bench) -> None:
    bench.compare(
        "a file opened",
        [Side("lineal", watched, does="while a step is watched")],
        limit=Side("limit", opened, does="not watched"),
        per=OPENED,
    )


def compare(bench: Bench, name: str, arguments: dict[str, Any]) -> None:
    pipeline = load_pipeline(str(PIPELINES / f"{name}.py"))

    def run_watched(observe: str) -> None:
        with Workspace.open(bench.fresh()) as workspace:
            options = workspace.options(workers=1, observe=observe, echo=False)
            done = workspace.run(pipeline, arguments, options)
            if done.exception is not None:
                raise done.exception

    def unguarded() -> None:
        with mock.patch.object(execute, "check_guards"):
            run_watched("off")

    bench.compare(
        f"{name}, from nothing",
        [
            Side("lineal", lambda: run_watched("warn"), _nothing, "as it is"),
            Side("not observed", lambda: run_watched("off"), _nothing, "`observe` is off"),
            Side("nor hashed again", unguarded, _nothing, "inputs are hashed before steps only"),
        ],
        memory=True,
        share=bench.pick(tiny=2.0, quick=2.0, full=10.0),
    )


def watched() -> None:
    with observing(), observed_by(Observation()):
        opened()


def opened() -> None:
    for _ in range(OPENED):
        Path(__file__).open().close()


def _nothing() -> Any:
    """Before a round in which every call must be counted."""


if __name__ == "__main__":
    run(main)
