"""What once went wrong in a user's day with the engine, and must not again."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineal import Workspace, log_artifact, pipeline, task
from lineal.records import Cause, RunStatus
from lineal.running import Run


@task
def guarded(lock: Any, n: int) -> int:
    return n + 1


@task
def after(n: int) -> int:
    return n * 2


@pipeline
def with_a_lock() -> Any:
    return after(guarded(threading.Lock(), 1))


@task
def draw() -> float:
    return random.random()


@task
def still(x: int) -> int:
    return x


@pipeline
def draws() -> Any:
    return draw(), still(1)


@task
def read(file: Path) -> str:
    return file.read_text()


@pipeline
def reads(file: Path) -> Any:
    return read(file)


@task
def choose(text: str) -> str:
    return text[-1]


@pipeline
def chooses(text: str) -> Any:
    return choose(text)


@task
def save(n: int) -> int:
    log_artifact({"n": n}, "model.best.v1")
    return n


@task(name="save.model")
def save_dotted(n: int) -> int:
    log_artifact([n], "best.v2")
    return n


@pipeline
def saves() -> Any:
    return save(3), save_dotted(4)


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


def states(run: Run) -> dict[str, str]:
    return {e.step: e.status.value for e in run.executions if e.position}


def test_an_argument_without_identity_only_makes_its_step_uncacheable(
    workspace: Workspace,
) -> None:
    for expected in ("executed", "reused"):
        run = workspace.run(with_a_lock)
        assert run.status is RunStatus.FINISHED, run.exception
        assert run.result == 4
        assert states(run) == {"guarded": "executed", "after": expected}
        step = run.execution("guarded")
        assert step.reason.cause is Cause.UNCACHEABLE
        assert "argument lock" in step.reason.text
        assert "inside the step" in step.reason.text
        given = workspace.locate(step.inputs[0].digest).artifact
        assert given is not None
        assert given.type == "_thread.lock"
        assert given.stored is None


@pytest.mark.slow
def test_an_argument_that_cannot_travel_fails_its_step_and_says_what_to_do(
    workspace: Workspace,
) -> None:
    run = workspace.run(with_a_lock, options=workspace.options(runner="processes", workers=1))
    assert run.status is RunStatus.FAILED
    assert states(run) == {"guarded": "failed", "after": "skipped"}
    assert "threads" in str(run.exception)


def test_going_back_to_an_earlier_seed_is_a_hit(workspace: Workspace) -> None:
    runs = [workspace.run(draws, options=workspace.options(seed=s)) for s in (0, 1, 0, 1, 0)]
    found = [states(run)["draw"] for run in runs]
    assert found == ["executed", "executed", "reused", "reused", "reused"]
    assert [states(run)["still"] for run in runs[1:]] == ["reused"] * 4
    assert runs[0].result == runs[2].result == runs[4].result
    assert runs[1].result == runs[3].result != runs[0].result


def test_a_plan_knows_the_earlier_seed_as_well(workspace: Workspace) -> None:
    for seed in (0, 1):
        workspace.run(draws, options=workspace.options(seed=seed))
    assert workspace.plan(draws).counts() == {"reuse": 2, "execute": 0, "wait": 0}


def test_a_wave_of_other_seeds_is_looked_up_in_one_query(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    @pipeline(name="wide")
    def wide() -> Any:
        return [draw() for _ in range(10)]

    asked: list[int] = []
    original = workspace.services.catalog.lookup

    def counting(keys: Any) -> Any:
        asked.append(len(keys))
        return original(keys)

    workspace.run(wide, options=workspace.options(seed=0))
    workspace.run(wide, options=workspace.options(seed=1))
    monkeypatch.setattr(workspace.services.catalog, "lookup", counting)
    run = workspace.run(wide, options=workspace.options(seed=0))
    assert set(states(run).values()) == {"reused"}
    assert len(asked) == 1


def test_a_changed_file_at_the_same_place_is_told_by_its_digests(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "data.csv"
    for text in ("a", "b"):
        file.write_text(text)
        run = workspace.run(reads, {"file": file})
    (change,) = run.execution("read").reason.changes
    assert change.before != change.after
    for shown in (change.before, change.after):
        assert shown is not None
        assert shown.startswith(f"{file.as_posix()} (xxh3:")
    before, _, after_ = run.execution("read").reason.text.partition(" -> ")
    assert before.partition("xxh3:")[2] != after_.partition("xxh3:")[2].rstrip(".")
    assert "data.csv" in before


def test_long_texts_that_differ_at_their_end_are_told_apart(workspace: Workspace) -> None:
    for end in "ab":
        run = workspace.run(chooses, {"text": "x" * 100 + end})
    before, _, after_ = run.execution("choose").reason.text.partition(": ")[2].partition(" -> ")
    assert before != after_.rstrip(".")


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("latest:save.model.best.v1", {"n": 3}),
        ("latest:save.model.best.v2", [4]),
        ("latest:save.model", 4),
        ("latest:save.result", 3),
        ("latest:save.model.result", 4),
    ],
)
def test_an_output_with_dots_in_its_name_is_found(
    workspace: Workspace, reference: str, value: Any
) -> None:
    workspace.run(saves)
    assert workspace.get(reference) == value
