"""The rows that two tables share are those that a comparison of all pairs finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lineal.leakage.overlaps import Question, Sieve, candidates, overlap
from lineal.leakage.report import Level

ITEMS = st.one_of(
    st.none(),
    st.sampled_from([0, 1, -1, 2**53 + 1, 2**53, 2**62]),
    st.sampled_from([0.0, -0.0, 1.0, 0.5, float("inf")]),
    st.sampled_from(["", "a", "1", "n1.0"]),
    st.booleans(),
)
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 0.5, float("nan")])
ROWS = st.lists(st.tuples(ITEMS, NUMBERS), max_size=8)


def same(one: Any, other: Any) -> bool:
    missing = [x is None or x != x for x in (one, other)]
    return all(missing) if any(missing) else bool(one == other)


def alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(same(a, b) for a, b in zip(one, other, strict=True))


def frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pd.DataFrame(
        {"a": pd.Series(columns[0], dtype=object), "b": np.array(columns[1], "float64")}
    )


@given(ROWS, ROWS)
def test_shared_rows_are_those_of_all_pairs(
    left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]
) -> None:
    question = Question(level=Level.ROWS, columns=("a", "b"))
    frames = frame(left), frame(right)
    sieves = [Sieve.of(name, f, [question]) for name, f in zip("lr", frames, strict=True)]
    places = candidates(*sieves, question)
    chosen = frames[0].iloc[places[0]], frames[1].iloc[places[1]]
    found = overlap(("l", "r"), question, chosen, places) if len(places[0]) else None
    ours = [row for row in left if any(alike(row, other) for other in right)]
    theirs = [row for row in right if any(alike(row, other) for other in left)]
    counted = (found.left_rows, found.right_rows) if found is not None else (0, 0)
    assert counted == (len(ours), len(theirs))
