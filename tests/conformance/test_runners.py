"""What every runner promises, whoever executes the steps and wherever.

Each runner plays the same pipeline (`runners/pageant.py`) once, and once more to see what
is reused; the tests look at what was recorded. What the local threads record is the
measure of the others.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.planning import Policy
from lineal.records import Cause, Execution, RunStatus
from lineal.running import Run, RunOptions
from lineal.running.base import Silent

HERE = Path(__file__).parent / "runners"
KINDS: dict[str, dict[str, Any]] = {
    "threads": {"runner": "threads"},
    "processes": {"runner": "processes"},
    "prefect-threads": {"runner": "prefect", "task_runner": "threads"},
    "prefect-processes": {"runner": "prefect", "task_runner": "processes"},
    "prefect-dask": {"runner": "prefect", "task_runner": "dask"},
    "prefect-ray": {"runner": "prefect", "task_runner": "ray"},
}
# Sockets that Dask and Ray leave to the garbage collector, which comes by in any test.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
MARKS = {
    "processes": [pytest.mark.slow],
    "prefect-threads": [pytest.mark.slow, pytest.mark.prefect],
    "prefect-processes": [pytest.mark.slow, pytest.mark.prefect],
    "prefect-dask": [pytest.mark.slow, pytest.mark.prefect, pytest.mark.dask],
    "prefect-ray": [pytest.mark.slow, pytest.mark.prefect, pytest.mark.ray],
}
NEEDS = {"prefect-dask": "prefect_dask", "prefect-ray": "prefect_ray"}
FAILING = {
    "slow": "longer than its timeout of 0.2 s",
    "bad": "invalid literal for int() with base 10: 'no number'",
    "wrong": "declares 2 outputs (one, two) but returned one value (int)",
    "mutates": "changed its argument 'xs'",
    "remembers": "TRIES",
    "opaque": "generator",
    "unpicklable_error": "of a class of its own",
}


OWN = {"read", "peeks", "flaky", "where", "opaque"}
"""Steps that are given the stage's own folder, or make what is never twice the same."""


@dataclass
class Played:
    """What came of the pipeline on one runner."""

    kind: str
    workspace: Workspace
    first: Run
    again: Run

    def step(self, name: str) -> Execution:
        return self.first.execution(name)

    def value(self, step: str, output: int = 0) -> Any:
        digest = self.step(step).outputs[output].digest
        services = self.workspace.services
        return services.values.load(services.catalog.artifacts([digest])[digest])


class Stage:
    """Plays pipelines on one runner, from a copy of the files that is its own."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        shutil.copytree(HERE, folder / "project")
        (folder / "given.txt").write_text("given")
        (folder / "aside.txt").write_text("aside")
        self.workspace = Workspace.open(folder / "store")

    def pipeline(self, name: str) -> Any:
        """A pipeline of the file, freshly imported."""
        for module in ("pageant", "helpers"):
            sys.modules.pop(module, None)
        return load_pipeline(f"{self.folder / 'project' / 'pageant.py'}:{name}")

    def options(self, **given: Any) -> RunOptions:
        return self.workspace.options(**KINDS[self.kind], workers=2, echo=False, **given)

    def run(self, pipeline: Any, **given: Any) -> Run:
        arguments = {"folder": str(self.folder)} if pipeline.name != "plain" else {}
        return self.workspace.run(pipeline, arguments, self.options(**given))


@pytest.fixture(scope="module")
def stages(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Stage]]:
    """The stages of all runners, each made when it is first asked for."""
    made: dict[str, Stage] = {}
    path = list(sys.path)

    def stage(kind: str) -> Stage:
        if kind.startswith("prefect"):
            request.getfixturevalue("prefect_server")
        if kind not in made:
            made[kind] = Stage(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    yield stage
    sys.path[:] = path
    for opened in made.values():
        opened.workspace.close()


@pytest.fixture(scope="module")
def plays(stages: Callable[[str], Stage]) -> Callable[[str], Played]:
    """What was played, on each runner once."""
    known: dict[str, Played] = {}

    def play(kind: str) -> Played:
        if kind not in known:
            stage = stages(kind)
            pageant = stage.pipeline("pageant")
            known[kind] = Played(
                kind,
                stage.workspace,
                stage.run(pageant, keep_going=True),
                stage.run(pageant, keep_going=True),
            )
        return known[kind]

    return play


def installed() -> list[str]:
    """The runners there are here; `make test-all` has them all."""
    return [kind for kind in KINDS if kind not in NEEDS or find_spec(NEEDS[kind])]


@pytest.fixture(params=[pytest.param(kind, marks=MARKS.get(kind, ())) for kind in installed()])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def played(kind: str, plays: Callable[[str], Played]) -> Played:
    return plays(kind)


def test_keys_and_digests_are_those_of_every_other_runner(
    played: Played, plays: Callable[[str], Played]
) -> None:
    # A worker of a cluster draws for its own ends as well, which makes steps look as if they had.
    draws = played.kind in NEEDS

    def told(run: Run) -> dict[str, Any]:
        return {
            e.step: (
                e.status,
                e.key,
                e.code,
                e.seed,
                draws or e.seed_used,
                e.inputs,
                e.outputs,
            )
            for e in run.executions
            if e.step not in OWN
        }

    assert told(played.first) == told(plays("threads").first)


def test_the_result_and_the_metrics_are_recorded(played: Played) -> None:
    assert played.first.status is RunStatus.FAILED
    assert played.first.metrics == {
        "loss": 0.25,
        "curve": 3.0,
        "auc": 0.75,
        "auc[site=here]": 0.5,
    }
    said = played.step("said")
    assert said.params == {"depth": "3"}
    assert said.tags["stage"] == "draft"
    assert [o.name for o in said.outputs] == ["result", "notes"]
    assert played.value("said", 1) == {"of": "the step"}
    points = played.workspace.metrics(played.first, "loss").to_pylist()
    assert [(p["step"], p["value"]) for p in points] == [(1, 0.5), (2, 0.25)]


def test_arguments_arrive_as_they_were_given(played: Played) -> None:
    assert played.value("total") == 150
    assert played.value("gathered") == [44, [("plain", 4), ("sums", 150)]]
    where = played.value("moved")
    assert (where.x, where.y) == (9, 5)
    assert played.value("length") == 5
    assert played.value("length-2") == 2
    assert played.value("locked") == 3
    assert played.value("called") == 11
    assert played.value("read") == "given"
    assert played.value("may_mutate") == [1, 1]
    assert played.value("waits") == 2
    assert played.value("never") == "taken"


def test_steps_are_executed_where_the_runner_says(played: Played) -> None:
    process, thread = played.value("where")
    here = played.kind in ("threads", "prefect-threads")
    assert (process == os.getpid()) is here
    assert not here or thread != threading.get_ident()


def test_what_is_drawn_comes_from_the_steps_own_seed(played: Played) -> None:
    import random

    drawn = played.step("drawn")
    assert drawn.seed_used
    assert drawn.seed is not None
    random.seed(drawn.seed)
    first, second = played.value("drawn")
    assert first == random.random()
    assert second == np.random.RandomState(drawn.seed).rand()


def test_what_a_step_prints_and_logs_is_its_own(played: Played) -> None:
    log = played.step("talkative").log
    assert sorted(log.splitlines()) == [
        "WARNING steps: logged hello",
        "error: hello",
        "print: hello",
    ]
    assert played.step("said").log == ""


def test_a_step_is_tried_again_and_keeps_what_every_attempt_said(played: Played) -> None:
    flaky = played.step("flaky")
    assert flaky.status.value == "executed"
    assert flaky.attempts == 3
    assert flaky.log == "try 1\ntry 2\ntry 3\n"
    assert played.value("flaky") == 7


@pytest.mark.parametrize("step", FAILING)
def test_a_step_that_fails_says_why(played: Played, step: str) -> None:
    failed = played.step(step)
    assert failed.status.value == "failed"
    assert failed.error is not None
    assert FAILING[step] in failed.error
    assert "lineal/running" not in failed.error


def test_what_needs_a_failed_step_is_skipped(played: Played) -> None:
    skipped = played.step("never-2")
    assert skipped.status.value == "skipped"
    assert skipped.reason.cause is Cause.UPSTREAM_FAILED


def test_what_is_not_kept_passes_through_and_leaves_no_bytes(played: Played) -> None:
    digest = played.step("fleeting").outputs[0].digest
    assert played.workspace.services.catalog.artifacts([digest])[digest].stored is None


def test_what_a_step_reads_unasked_is_seen(played: Played) -> None:
    assert [Path(i.name.partition(":")[2]).name for i in played.step("peeks").inputs[1:]] == [
        "aside.txt"
    ]


def test_a_key_that_is_being_executed_is_not_executed_twice(played: Played) -> None:
    assert {played.step("squared-2").status.value, played.step("squared-3").status.value} == {
        "executed",
        "reused",
    }


def test_resources_are_measured(played: Played) -> None:
    slow = played.step("slow").resources
    assert slow.wall_seconds >= 0.2
    assert slow.peak_memory_bytes > 1 << 20
    assert all(
        e.started_at is not None and e.finished_at is not None and e.started_at <= e.finished_at
        for e in played.first.executions
        if e.status.value in ("executed", "failed") and e.position
    )


def test_a_second_run_executes_only_what_can_not_be_reused(played: Played) -> None:
    executed = {e.step for e in played.again.executions if e.status.value == "executed"}
    assert executed == {"where", "flaky", "fleeting"}
    assert {e.step for e in played.again.executions if e.status.value == "failed"} == set(FAILING)


class Interrupts(Silent):
    """Sends Ctrl-C while a step of the run is being executed."""

    def started(self, step: str, *rest: Any) -> None:
        if step == "endless":
            timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
            timer.daemon = True
            timer.start()


def test_a_run_can_be_cancelled_and_gone_on_with(kind: str, stages: Callable[[str], Stage]) -> None:
    stage = stages(kind)
    interrupted = stage.pipeline("interrupted")
    for expected in ("executed", "reused"):
        with pytest.raises(KeyboardInterrupt):
            stage.run(interrupted, observer=Interrupts())
        run = stage.workspace.get_run("latest")
        assert run.status is RunStatus.CANCELLED
        assert run.execution("counted").status.value == expected
        assert run.execution("endless").status.value == "skipped"
        assert run.execution("endless").reason.cause is Cause.CANCELLED
    assert (stage.folder / "counted.txt").read_text() == "1\n"


def test_a_step_that_reads_unasked_fails_in_a_hermetic_run(
    kind: str, stages: Callable[[str], Stage]
) -> None:
    stage = stages(kind)
    options = stage.options(observe="error", policy=Policy(no_cache=True))
    run = stage.workspace.run(stage.pipeline("peeking"), {"folder": str(stage.folder)}, options)
    assert run.status is RunStatus.FAILED
    assert "aside.txt" in str(run.exception)
