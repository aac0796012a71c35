"""The comparison of rows, held to a plain one that looks at every row."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.lineage.diff import rows_by_content, rows_by_key

_ITEMS = {
    "int64": st.integers(-2, 2),
    "float64": st.sampled_from([0.0, -0.0, 1.0, 1.5, None]),
    "Int64": st.sampled_from([0, 1, 2, None]),
    "str": st.sampled_from(["", "a", "ä", "None", None]),
    "object": st.sampled_from([None, 1, "1", 2.5, (1, 2), float("nan")]),
    "category": st.sampled_from(["a", "b", None]),
    "datetime64[us, UTC]": st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
    "bool": st.booleans(),
    "list": st.sampled_from([[], [1], [1, 2], None]),
}


@st.composite
def frames(draw: Any, names: tuple[str, ...]) -> pd.DataFrame:
    count = draw(st.integers(0, 8))
    columns = {}
    for name in names:
        kind = draw(st.sampled_from(sorted(_ITEMS)))
        items = draw(st.lists(_ITEMS[kind], min_size=count, max_size=count))
        columns[name] = pd.Series(items, dtype="object" if kind == "list" else kind)
    return pd.DataFrame(columns)


def plain(item: Any) -> Any:
    """An item as something that can be counted: equal for equal items."""
    if isinstance(item, list):
        return ("list", tuple(item))
    return None if not isinstance(item, tuple) and pd.isna(item) else item


def rows_of(frame: pd.DataFrame, names: list[str]) -> list[tuple[Any, ...]]:
    lists = [[plain(item) for item in frame[name].astype(object)] for name in names]
    return list(zip(*lists, strict=True)) if lists else []


@settings(max_examples=150)
@given(frames(("k", "x", "y")), frames(("x", "k", "z")))
def test_rows_by_content_are_what_a_multiset_says(before: pd.DataFrame, after: pd.DataFrame):
    found = rows_by_content(before, after)
    old, new = Counter(rows_of(before, ["k", "x"])), Counter(rows_of(after, ["k", "x"]))
    assert found.columns == ("k", "x")
    assert found.added == (new - old).total()
    assert found.removed == (old - new).total()
    assert found.unchanged == (old & new).total()


@settings(max_examples=250)
@given(frames(("k", "l", "x", "y")), frames(("k", "l", "x", "y")), st.sampled_from(["k", "kl"]))
def test_rows_by_key_are_what_looking_at_every_row_says(
    before: pd.DataFrame, after: pd.DataFrame, key: str
):
    names = ["k", "l", "x", "y"]
    found = rows_by_key(before, after, list(key))
    expected = naive(rows_of(before, names), rows_of(after, names), len(key))
    changed, by_column = expected.pop("changed"), expected.pop("by_column")
    assert (found.changed, list(found.by_column.values())) == (
        changed,
        [count for count in by_column if count],
    )
    assert {name: getattr(found, name) for name in expected} == expected


def naive(before: list[Any], after: list[Any], width: int) -> dict[str, Any]:
    """Equal rows are paired first; then rows of the same key, in their order."""
    left_before, left_after = list(before), list(after)
    for row in before:
        if row in left_after and row in left_before:
            left_after.pop(len(left_after) - 1 - left_after[::-1].index(row))
            left_before.pop(len(left_before) - 1 - left_before[::-1].index(row))
    unchanged = len(before) - len(left_before)
    waiting: dict[Any, list[Any]] = defaultdict(list)
    for row in left_after:
        waiting[row[:width]].append(row)
    pairs, removed = [], 0
    for row in left_before:
        if waiting[row[:width]]:
            pairs.append((row, waiting[row[:width]].pop(0)))
        else:
            removed += 1
    places = range(len(before[0]) if before else 0)
    return {
        "unchanged": unchanged,
        "changed": len(pairs),
        "removed": removed,
        "added": sum(map(len, waiting.values())),
        "by_column": [sum(old[i] != new[i] for old, new in pairs) for i in places],
        "shared_keys_before": shared(before, width),
        "shared_keys_after": shared(after, width),
    }


def shared(rows: list[Any], width: int) -> int:
    return sum(n for n in Counter(row[:width] for row in rows).values() if n > 1)
