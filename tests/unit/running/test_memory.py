"""Values are let go of when they are durable and nobody waits for them, and come back."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lineal import Workspace, pipeline, recorder, task
from lineal.records import Reason, Resources, RunStatus
from lineal.running.base import Silent
from lineal.running.slots import Slot

MEGABYTE = 1 << 20
COUNT = 60


@task
def make(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, MEGABYTE, dtype=np.uint8)


@task
def total(part: np.ndarray) -> int:
    return int(part.sum())


@task
def ends(part: np.ndarray) -> int:
    return int(part[0]) + int(part[-1])


@task(persist=False)
def make_unkept(seed: int) -> np.ndarray:
    return np.full(MEGABYTE, seed, dtype=np.uint8)


@pipeline
def mapped() -> Any:
    return total.map(make.map(range(COUNT)))


@pipeline
def unused() -> Any:
    make.map(range(COUNT))


@pipeline
def looped() -> Any:
    return sum(float(total(make(i))) for i in range(COUNT))


@pipeline
def returned() -> Any:
    return make.map(range(4))


@pipeline
def late() -> Any:
    """Takes a value again after its only taker so far has ended."""
    part = make(1)
    first = total(part)
    if any(n < 0 for n in (first, *(total(make(i + 2)) for i in range(20)))):
        return None
    return first, ends(part)


@pipeline
def unkept() -> Any:
    parts = make_unkept.map(range(1, 4))
    return total.map(parts), ends.map(parts)


class Watch(Silent):
    """Counts the values at hand each time a step has ended."""

    def __init__(self, kept: list[weakref.ref[Any]]) -> None:
        self.kept = kept
        self.most = 0

    def ended(self, step: str, status: str, reason: Reason, resources: Resources) -> None:
        self.most = max(self.most, sum(ref() is not None for ref in self.kept))


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    kept: list[weakref.ref[Any]] = []
    original = Slot.keep

    def keeping(self: Slot, value: Any) -> None:
        if isinstance(value, np.ndarray):
            kept.append(weakref.ref(value))
        original(self, value)

    monkeypatch.setattr(Slot, "keep", keeping)
    monkeypatch.setattr(recorder, "HELD", 4 * MEGABYTE)
    return Watch(kept)


@pytest.mark.parametrize("of", [mapped, unused, looped])
def test_few_of_many_large_values_are_in_memory_at_once(
    workspace: Workspace, watch: Watch, of: Any
) -> None:
    run = workspace.run(of, options=workspace.options(observer=watch, workers=2))
    assert run.status is RunStatus.FINISHED, run.exception
    assert len(watch.kept) == COUNT
    assert watch.most <= 20
    assert sum(ref() is not None for ref in watch.kept) <= 1


def test_a_value_that_was_let_go_of_is_loaded_for_a_late_taker(
    workspace: Workspace, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[Any] = []
    original = Slot.drop

    def dropping(self: Slot) -> None:
        dropped.append(self.digest)
        original(self)

    monkeypatch.setattr(Slot, "drop", dropping)
    run = workspace.run(late, options=workspace.options(observer=watch, workers=1))
    assert run.status is RunStatus.FINISHED, run.exception
    whole = make.fn(1)
    assert run.result == (total.fn(whole), ends.fn(whole))
    assert run.execution("make").outputs[0].digest in dropped


def test_what_the_body_returns_is_the_value_itself(workspace: Workspace, watch: Watch) -> None:
    run = workspace.run(returned, options=workspace.options(observer=watch))
    assert {id(part) for part in run.result} == {id(ref()) for ref in watch.kept}


def test_what_is_kept_nowhere_else_is_never_let_go_of(workspace: Workspace, watch: Watch) -> None:
    run = workspace.run(unkept, options=workspace.options(observer=watch))
    assert run.status is RunStatus.FINISHED, run.exception
    assert run.result == ([total.fn(make_unkept.fn(i)) for i in range(1, 4)], [2, 4, 6])
