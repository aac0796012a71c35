"""The small parts of running: seeds, shapes of results."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lineal.running.run import assemble
from lineal.running.seeding import Turn, lent, seeded, step_seed


def test_a_steps_seed_depends_on_the_runs_and_its_name_alone() -> None:
    assert step_seed(1, "fit") == step_seed(1, "fit")
    assert len({step_seed(1, "fit"), step_seed(2, "fit"), step_seed(1, "fit[1]")}) == 3


def test_the_same_seed_draws_the_same_and_says_that_it_drew() -> None:
    drawn = []
    for _ in range(2):
        with seeded(7) as draws:
            draws.begin()
            drawn.append(random.random())
        assert draws.used
    assert drawn[0] == drawn[1]
    with seeded(7) as draws:
        draws.begin()
    assert not draws.used


@contextmanager
def begun(seed: int) -> Iterator[Turn]:
    with seeded(seed) as turn:
        turn.begin()
        yield turn


DRAWS: dict[str, Callable[[], Any]] = {
    "random": random.random,
    "random's gauss": lambda: random.gauss(0, 1),
    "numpy": np.random.rand,
    "numpy's normal": np.random.normal,
}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_every_draw_is_noticed(draw: Callable[[], Any], alone: bool) -> None:
    with nullcontext() if alone else begun(3):
        with begun(7) as idle:
            pass
        with begun(7) as draws:
            draw()
    assert not idle.used
    assert draws.used


def test_seeding_is_left_out_where_a_draw_shows_all_the_same() -> None:
    with begun(3):
        pass
    with lent():
        with begun(3):
            pass
        with seeded(7, sown=False) as idle:
            idle.begin()
        assert not idle.sown
        assert not idle.disturbed
        with seeded(7, sown=False) as draws:
            draws.begin()
            np.random.rand()
        assert draws.disturbed
        with seeded(7, sown=False) as after:  # now the state is not one that was seeded
            after.begin()
            np.random.rand()
        assert after.sown
        assert not after.disturbed


def test_a_number_that_numpy_kept_for_later_is_noticed() -> None:
    """Two normal numbers are made at once, and taking the second leaves the state as it is."""
    with begun(3):
        np.random.normal()
        with begun(7) as draws:
            np.random.normal()
    assert draws.used


def test_a_number_that_random_kept_for_later_is_noticed() -> None:
    with begun(3):
        random.gauss(0, 1)
        with begun(7) as draws:
            random.gauss(0, 1)
    assert draws.used


def test_a_draw_from_a_generator_that_nobody_could_seed_is_to_be_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "numpy")
    with seeded(7) as idle:
        idle.begin()
        monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(random=_as_imported()))
    with seeded(7) as draws:
        monkeypatch.delitem(sys.modules, "numpy")
        draws.begin()
        monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(random=_as_imported()))
        sys.modules["numpy"].random.rand()
    assert not idle.used
    assert draws.disturbed


def _as_imported() -> Any:
    """The module `numpy.random` as far as it matters, with a generator that nobody has seeded."""
    generator = np.random.RandomState()
    return SimpleNamespace(
        RandomState=np.random.RandomState,
        MT19937=np.random.MT19937,
        get_state=generator.get_state,
        set_state=generator.set_state,
        rand=generator.rand,
    )


@pytest.mark.parametrize("around", [nullcontext, lent])
def test_the_generators_are_as_before_when_all_is_over(around: Any) -> None:
    random.seed(1)
    np.random.seed(1)
    expected = random.getstate(), np.random.get_state()[1].tolist()
    with around():
        for seed in (5, 6):
            with begun(seed):
                random.random()
                np.random.rand()
    assert (random.getstate(), np.random.get_state()[1].tolist()) == expected


def test_while_generators_are_lent_each_step_still_starts_from_its_own_seed() -> None:
    drawn = []
    with lent():
        for seed in (5, 6, 5):
            with begun(seed):
                drawn.append((random.random(), np.random.rand()))
    assert drawn[0] == drawn[2] != drawn[1]


@pytest.mark.parametrize(
    ("names", "values", "expected"),
    [
        (["result"], [1], 1),
        (["result[0]", "result[1]"], [1, 2], (1, 2)),
        (["result['auc']", "result['f1']"], [1, 2], {"auc": 1, "f1": 2}),
    ],
)
def test_a_result_is_put_together_as_it_was_returned(
    names: list[str], values: list[Any], expected: Any
) -> None:
    assert assemble(names, values) == expected
