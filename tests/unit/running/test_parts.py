"""The small parts of running: seeds, shapes of results."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lineal.running.run import assemble
from lineal.running.seeding import seeded, step_seed


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
