"""What steps draw comes from their own seeds, whatever runs beside them."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from pathlib import Path
from random import random as draw
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.random import rand as draw_many
from sklearn.utils import check_random_state

from lineal import Workspace, pipeline, task
from lineal.digests.code import CodeResolver
from lineal.planning import Policy
from lineal.running import drawing

together = threading.Barrier(2)


@pytest.fixture
def workspace(store: Path) -> Any:
    with Workspace.open(store) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _forget() -> None:
    drawing._seen.clear()
    drawing._guesses.clear()
    drawing._quick.clear()
    together.reset()


def run(workspace: Workspace, of: Any, workers: int, seed: int = 0) -> Any:
    options = workspace.options(workers=workers, seed=seed, policy=Policy(no_cache=True))
    done = workspace.run(of, options=options)
    assert done.exception is None, done.exception
    return done


@task
def draws_openly(i: int) -> list[float]:
    drawn = []
    for _ in range(5):
        drawn += [random.random(), float(np.random.rand())]
        time.sleep(0.002)
    return drawn


@task
def draws_hidden(i: int, which: str) -> list[float]:
    with contextlib.suppress(threading.BrokenBarrierError):
        together.wait(0.3)  # both threads are inside now, unless each runs alone
    drawn = []
    for _ in range(5):
        # Libraries draw here, which a look at the code does not show.
        number = (
            NormalDist().samples(1)[0] if which == "random" else check_random_state(None).rand()
        )
        drawn.append(float(number))
        time.sleep(0.002)
    return drawn


@pipeline
def openly() -> list[list[float]]:
    return draws_openly.map([0, 1, 2, 3])


@pipeline
def numpy_hidden() -> list[list[float]]:
    return [draws_hidden(0, "numpy"), draws_hidden(1, "numpy")]


@pipeline
def random_hidden() -> list[list[float]]:
    return [draws_hidden(0, "random"), draws_hidden(1, "random")]


@pytest.mark.parametrize("of", [openly, numpy_hidden, random_hidden])
def test_steps_side_by_side_draw_what_they_draw_one_by_one(workspace: Workspace, of: Any) -> None:
    one_by_one = run(workspace, of, 1)
    drawing._seen.clear()
    side_by_side = run(workspace, of, 4)
    assert side_by_side.result == one_by_one.result
    assert len({tuple(drawn) for drawn in one_by_one.result}) == len(one_by_one.result)
    assert all(e.seed_used for e in side_by_side.executions)


@task
def draws_late(i: int) -> float:
    return float(check_random_state(None).rand()) + NormalDist().samples(1)[0] if i > 1 else 0.0


@pipeline
def early() -> list[float]:
    return draws_late.map(range(2))


@pipeline
def late() -> list[float]:
    return draws_late.map(range(4))


def test_what_is_quick_and_drew_nothing_at_first_is_executed_again_when_it_draws(
    workspace: Workspace,
) -> None:
    """It was not seeded, so what it drew did not come from its seed."""
    run(workspace, early, 1)
    assert drawing.goes_unsown(draws_late.fn)
    done = run(workspace, late, 1)
    assert not drawing.goes_unsown(draws_late.fn)
    assert [e.seed_used for e in done.executions] == [False, False, True, True]
    drawing._seen[draws_late.fn.__code__] = True  # so that each is alone and seeded at once
    assert run(workspace, late, 1).result == done.result
    assert done.result[2] != done.result[3]


def test_generators_are_given_back_as_they_were(workspace: Workspace) -> None:
    random.seed(3)
    np.random.seed(3)
    expected = [random.random(), float(np.random.rand())]
    random.seed(3)
    np.random.seed(3)
    run(workspace, openly, 2)
    assert [random.random(), float(np.random.rand())] == expected


@task
def waits_for_the_other(i: int) -> int:
    together.wait(10)
    return i


@pipeline
def independent() -> list[int]:
    return waits_for_the_other.map([1, 2])


def test_steps_that_draw_nothing_run_side_by_side(workspace: Workspace) -> None:
    done = run(workspace, independent, 2)
    assert done.result == [1, 2]
    assert not any(e.seed_used for e in done.executions)


@task(retries=1)
def fails_once() -> float:
    drawn = random.random()
    if not os.environ.get("FIRST_DRAWN"):
        os.environ["FIRST_DRAWN"] = str(drawn)
        raise ValueError("again")
    return drawn


@pipeline
def shaky() -> float:
    return fails_once()


def test_a_second_attempt_draws_what_the_first_drew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_DRAWN", "")
    second = run(workspace, shaky, 1).result
    assert os.environ["FIRST_DRAWN"] == str(second)


@task
def runs_another() -> list[list[float]]:
    before = random.random()
    inner = openly.run().result
    return [[before, random.random()], *inner]


@pipeline
def outer() -> list[list[float]]:
    return runs_another()


def test_a_step_that_runs_a_pipeline_neither_waits_for_itself_nor_loses_its_place(
    workspace: Workspace,
) -> None:
    first = run(workspace, outer, 2).result
    generator = random.Random(run(workspace, outer, 2).execution("runs_another").seed)
    assert first[0] == [generator.random(), generator.random()]


@task
def takes_a_seed(i: int, seed: int) -> int:
    return seed


@pipeline
def seeds() -> tuple[list[int], int]:
    return takes_a_seed.map([0, 1]), takes_a_seed(2, seed=7)


def test_a_step_that_asks_for_a_seed_is_given_one_of_its_own(workspace: Workspace) -> None:
    (first, second), given = run(workspace, seeds, 1).result
    assert given == 7
    assert first != second
    assert run(workspace, seeds, 2).result[0] == [first, second]
    assert run(workspace, seeds, 2, seed=1).result[0] != [first, second]
    shown = run(workspace, seeds, 1).execution("takes_a_seed[0]").inputs
    assert {i.name: i.value for i in shown}["seed"] == str(first)


def test_a_generator_taken_by_name_does_not_bring_its_state_into_the_key() -> None:
    before = CodeResolver().identify(takes_by_name).digest
    random.seed(5)
    np.random.seed(5)
    assert CodeResolver().identify(takes_by_name).digest == before
    assert drawing.likely_draws(takes_by_name)


def takes_by_name() -> float:
    return draw() + draw_many(1)[0]


def test_generators_with_a_state_of_their_own_keep_nobody_waiting() -> None:
    def own() -> Any:
        return np.random.default_rng(1).random(), random.Random(1).random()

    def helper() -> float:
        return random.gauss(0, 1)

    def shared() -> float:
        return np.random.normal()

    assert not drawing.likely_draws(own)
    assert drawing.likely_draws(shared)
    assert drawing.likely_draws(helper)
