"""Steps that come one by one stay on one thread, and mix with those that come together."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from lineal import Workspace, pipeline, task
from lineal.running import RunOptions

Seen = tuple[int, int]
"""A number, and the thread that made it."""


@task
def first(x: int) -> Seen:
    return x, threading.get_ident()


@task
def following(before: Seen) -> Seen:
    return before[0] + 1, threading.get_ident()


@task
def together(parts: list[Seen]) -> Seen:
    return sum(x for x, _ in parts), threading.get_ident()


@pipeline
def chain(length: int) -> Any:
    made = [first(0)]
    for _ in range(length):
        made.append(following(made[-1]))
    return made


@pipeline
def mixed() -> Any:
    x = first(0)
    for _ in range(3):
        x = together([following(x), following(following(x)), following(following(x))])
        x = following(x)
        if x.value[0] < 0:
            break
        x = following(x)
    return x


@task
def nested(x: int) -> int:
    return len(chain(x))


@pipeline
def around() -> Any:
    return nested(3)


@pytest.fixture
def workspace(store: Path):
    with Workspace.open(store) as opened:
        yield opened


def test_a_chain_is_executed_on_one_thread_which_is_not_the_pipelines(workspace) -> None:
    made = workspace.run(chain, {"length": 5}).result
    assert [x for x, _ in made] == [0, 1, 2, 3, 4, 5]
    threads = {thread for _, thread in made}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("runner", ["threads", "processes"])
def test_steps_one_by_one_and_together_take_turns(workspace, workers: int, runner: str) -> None:
    run = workspace.run(mixed, options=RunOptions(workers=workers, runner=runner))
    assert run.status.value == "finished", run.exception
    assert run.result[0] == 91


def test_a_step_that_runs_a_pipeline_of_its_own_has_a_thread_for_it(workspace) -> None:
    assert workspace.run(around, options=RunOptions(workers=1)).result == 4
