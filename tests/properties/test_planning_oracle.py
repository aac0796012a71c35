"""After any runs, edits and failures, the outputs are those of running all from nothing."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal import Workspace, pipeline, task
from lineal.pipeline import Pipeline

SIZE = 5


@dataclass(frozen=True)
class World:
    """One state of a project: the wiring of its steps, their constants, and which fail."""

    parents: tuple[tuple[int, ...], ...]
    constants: tuple[int, ...]
    """A step only uses a third of its own, rounded, so that some edits are cut off early."""
    failing: frozenset[int]


@st.composite
def histories(draw: st.DrawFn) -> list[World]:
    parents = tuple(
        tuple(sorted(draw(st.sets(st.integers(0, i - 1), max_size=2)))) if i else ()
        for i in range(SIZE)
    )
    states = st.builds(
        World,
        st.just(parents),
        st.tuples(*[st.integers(0, 4)] * SIZE),
        st.frozensets(st.integers(0, SIZE - 1), max_size=1),
    )
    return draw(st.lists(states, min_size=2, max_size=4))


def truth(world: World) -> dict[str, int]:
    """What each step gives when everything is run from nothing; failures and all below absent."""
    values: dict[int, int] = {}
    for i, parents in enumerate(world.parents):
        if i not in world.failing and all(p in values for p in parents):
            values[i] = world.constants[i] // 3 + sum(values[p] for p in parents) + i
    return {f"s{i}": value for i, value in values.items()}


def build(world: World) -> Pipeline[..., Any]:
    """The project's pipeline, each step a closure over its constant of the moment."""

    def step(index: int) -> Any:
        constant, fails = world.constants[index], index in world.failing

        def body(given: Any) -> int:
            if fails:
                raise ValueError("told to fail")
            return constant // 3 + sum(given) + index

        return task(name=f"s{index}")(body)

    steps = [step(i) for i in range(SIZE)]

    @pipeline(name="world")
    def world_() -> None:
        handles: list[Any] = []
        for declared, parents in zip(steps, world.parents, strict=True):
            handles.append(declared([handles[p] for p in parents]))

    return world_


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(histories())
def test_recorded_outputs_are_those_of_running_everything_from_nothing(
    history: list[World],
) -> None:
    with tempfile.TemporaryDirectory() as folder, Workspace.open(folder) as workspace:
        for world in [*history, history[0], history[0]]:
            options = workspace.options(keep_going=True, workers=2)
            run = workspace.run(build(world), options=options)
            found = {
                e.step: workspace.get(f"{run.id}:{e.step}") for e in run.executions if e.outputs
            }
            assert found == truth(world)
        assert {e.status.value for e in run.executions if e.outputs} <= {"reused"}
