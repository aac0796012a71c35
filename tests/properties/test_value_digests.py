"""Digests look at content: layout never shows, and different content always does."""

from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lineal.digests.canonical import value_digest

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
arrays = hnp.arrays(
    st.sampled_from(["i1", "<i8", ">i4", "f4", "f8", "?", "c16", "U3", "S2", "M8[ns]"]),
    hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5),
)
texts = st.lists(st.none() | st.text(max_size=6), max_size=30)
numbers = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=30)


def strict(value: Any) -> str:
    """A text that is the same for the same plain values only: types, order and signs told."""
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({','.join(map(strict, value))})"
    if isinstance(value, dict):
        return f"dict({','.join(strict(k) + ':' + strict(v) for k, v in value.items())})"
    return f"{type(value).__name__} {value!r}"


@given(values, values)
@settings(max_examples=300, deadline=None)
def test_plain_values_have_the_same_digest_exactly_when_they_are_the_same(
    one: Any, other: Any
) -> None:
    assert (value_digest(one) == value_digest(other)) == (strict(one) == strict(other))


@given(values)
@settings(deadline=None)
def test_wrapping_always_shows(value: Any) -> None:
    wrapped = [value, [value], (value,), {"": value}, {0: value}, [value, value], [[value]]]
    assert len({value_digest(each) for each in wrapped}) == len(wrapped)


@given(values)
@settings(deadline=None)
def test_aliasing_never_shows(value: Any) -> None:
    assert value_digest([value, value]) == value_digest([value, copy.deepcopy(value)])


@given(st.lists(scalars, max_size=20), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_sets_do_not_know_the_order_they_were_made_in(items: list[Any], random: Any) -> None:
    shuffled = list(dict.fromkeys(items))
    one = set(shuffled)
    random.shuffle(shuffled)
    assert value_digest(one) == value_digest(set(shuffled))


@given(arrays, st.data())
@settings(max_examples=200, deadline=None)
def test_the_memory_layout_of_an_array_never_shows(array: Any, data: Any) -> None:
    axes = data.draw(st.permutations(range(array.ndim)))
    turned = np.ascontiguousarray(array.transpose(axes)).transpose(np.argsort(axes))
    spaced = np.zeros((*array.shape[:-1], array.shape[-1] * 2), array.dtype)[..., ::2]
    spaced[...] = array
    found = {value_digest(each) for each in (array, turned, spaced, np.asfortranarray(array))}
    assert len(found) == 1


@given(arrays, st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_of_an_array_always_shows(array: Any, data: Any) -> None:
    if array.nbytes:
        changed = array.copy()
        place = data.draw(st.integers(0, array.nbytes - 1))
        changed.reshape(-1).view(np.uint8)[place] ^= 1
        assert value_digest(changed) != value_digest(array)


def cuts(data: Any, table: pa.Table) -> pa.Table:
    """The same table in other chunks, some of them slices of larger buffers."""
    places = data.draw(st.lists(st.integers(0, len(table)), max_size=4).map(sorted))
    edges = [0, *places, len(table)]
    around = pa.concat_tables([table, table]).combine_chunks()
    parts = [
        around.slice(start + data.draw(st.sampled_from([0, len(table)])), end - start)
        for start, end in pairwise(edges)
    ]
    return pa.concat_tables(parts)


def table_of(strings: list[str | None], ints: list[int | None], kind: Any) -> pa.Table:
    size = min(len(strings), len(ints))
    strings, ints = strings[:size], ints[:size]
    columns = {
        "s": pa.array(strings, kind),
        "n": pa.array(ints, pa.int64()),
        "b": pa.array([None if n is None else n % 2 == 0 for n in ints], pa.bool_()),
        "d": pa.array(strings, pa.string()).dictionary_encode(),
        "l": pa.array([None if n is None else [n] * (n % 3) for n in ints], pa.list_(pa.int64())),
        "t": pa.array([None if n is None else n % 10**9 for n in ints], pa.timestamp("s", "UTC")),
    }
    return pa.table(columns)


@given(texts, numbers, st.sampled_from([pa.string(), pa.large_string()]), st.data())
@settings(max_examples=100, deadline=None)
def test_chunks_and_slices_of_an_arrow_table_never_show(
    strings: list[str | None], ints: list[int | None], kind: Any, data: Any
) -> None:
    table = table_of(strings, ints, kind)
    assert value_digest(cuts(data, table)) == value_digest(table)


@given(texts, texts)
@settings(max_examples=200, deadline=None)
def test_string_columns_have_the_same_digest_exactly_when_they_are_the_same(
    one: list[str | None], other: list[str | None]
) -> None:
    for kind in ("str", "object", "string[pyarrow]", "string[python]"):
        first, second = pd.Series(one, dtype=kind), pd.Series(other, dtype=kind)
        assert (value_digest(first) == value_digest(second)) == (one == other)


frames = st.builds(
    lambda strings, ints: pd.DataFrame(
        {
            "s": pd.Series(strings[: min(len(strings), len(ints))], dtype="str"),
            "n": pd.Series(ints[: min(len(strings), len(ints))], dtype="Int64"),
        }
    ),
    texts,
    numbers,
)


@given(frames)
@settings(max_examples=100, deadline=None)
def test_blocks_chunks_and_slices_of_a_frame_never_show(frame: pd.DataFrame) -> None:
    frame["x"] = np.arange(len(frame)) / 3
    frame["y"] = np.arange(len(frame)) / 7
    half = len(frame) // 2
    joined = pd.concat([frame.iloc[:half], frame.iloc[half:]])
    twice = pd.concat([frame, frame], ignore_index=True).iloc[: len(frame)]
    by_column = pd.concat([frame[[name]] for name in frame], axis=1)
    digests = {value_digest(each) for each in (frame, joined, twice, by_column, frame.copy())}
    assert len(digests) == 1


@given(frames, st.data())
@settings(max_examples=100, deadline=None)
def test_a_changed_cell_of_a_frame_always_shows(frame: pd.DataFrame, data: Any) -> None:
    if len(frame):
        row = data.draw(st.integers(0, len(frame) - 1))
        name, other = data.draw(st.sampled_from([("s", "~changed~"), ("n", 17)]))
        changed = frame.copy()
        if changed.loc[row, name] is pd.NA or changed.loc[row, name] != other:
            changed.loc[row, name] = other
            assert value_digest(changed) != value_digest(frame)


@given(st.lists(st.floats(), max_size=40))
@settings(deadline=None)
def test_a_float_has_one_nan_and_two_zeros(items: list[float]) -> None:
    same = [math.nan if math.isnan(item) else item for item in items]
    assert value_digest(items) == value_digest(same)
    flipped = [-item if item == 0 else item for item in same]
    assert (value_digest(flipped) == value_digest(same)) == (0.0 not in same)
