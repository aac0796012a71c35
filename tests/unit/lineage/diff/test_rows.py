"""Rows of tables of every kind: what is the same, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lineal.errors import UserError
from lineal.lineage.diff import RowChanges, as_frame, rows_by_content, rows_by_key


def keyed(before: pd.DataFrame, after: pd.DataFrame, *key: str) -> RowChanges:
    return rows_by_key(before, after, key or ("id",))


def test_a_key_names_what_came_went_and_changed():
    before = pd.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, None], "s": ["a", "b", "c"]})
    after = pd.DataFrame({"s": ["b", "z", "d"], "id": [2, 3, 4], "x": [2.0, None, 1.0]})
    found = keyed(before, after)
    assert (found.added, found.removed, found.changed, found.unchanged) == (1, 1, 1, 1)
    assert found.by_column == {"s": 1}


def test_several_columns_are_a_key_together():
    before = pd.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"], "v": [1, 2, 3]})
    after = pd.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "y"], "v": [1, 9, 3]})
    found = keyed(before, after, "a", "b")
    assert (found.added, found.removed, found.changed, found.unchanged) == (1, 1, 1, 1)


def test_a_missing_key_is_a_key_like_any_other():
    before = pd.DataFrame({"id": [None, "a"], "v": [1, 2]})
    after = pd.DataFrame({"id": ["a", np.nan], "v": [2, 5]})
    found = keyed(before, after)
    assert (found.added, found.removed, found.changed, found.unchanged) == (0, 0, 1, 1)


def test_rows_that_share_a_key_are_paired_with_their_equals_first():
    before = pd.DataFrame({"id": [1, 1, 1], "v": [10, 20, 30]})
    after = pd.DataFrame({"id": [1, 1], "v": [30, 99]})
    found = keyed(before, after)
    assert (found.added, found.removed, found.changed, found.unchanged) == (0, 1, 1, 1)
    assert (found.shared_keys_before, found.shared_keys_after) == (3, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pd.Series([1, 2, 3]), pd.Series([1.0, 2.0, 3.0])),
        (pd.Series([1, None], dtype="Int64"), pd.Series([1.0, np.nan])),
        (pd.Series(["a", None, "b"], dtype="category"), pd.Series(["a", None, "b"])),
        (pd.Series(["a", None], dtype="object"), pd.Series(["a", None], dtype="string")),
        (pd.Series([None, None], dtype="object"), pd.Series([np.nan, np.nan])),
        (
            pd.Series(pd.to_datetime(["2026-01-01 12:00", None], utc=True)),
            pd.Series(pd.to_datetime(["2026-01-01 12:00", None], utc=True)).dt.tz_convert(
                "Europe/Paris"
            ),
        ),
        (pd.Series([[1], [2]]), pd.Series([(1,), (2,)]).map(list)),
        (pd.Series([1, 2]), pd.Series([1, 2], dtype=pd.ArrowDtype(pa.int64()))),
    ],
    ids=["int-float", "nullable", "category", "string", "all-null", "zones", "lists", "arrow"],
)
def test_equal_items_of_other_types_have_not_changed(one: pd.Series, other: pd.Series):
    found = rows_by_content(pd.DataFrame({"x": one}), pd.DataFrame({"x": other}))
    assert (found.added, found.removed, found.unchanged) == (0, 0, len(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pd.Series([2**53 + 1]), pd.Series([float(2**53)])),
        (pd.Series([2**63 - 1]), pd.Series([2**63], dtype="uint64")),
        (pd.Series([1]), pd.Series(["1"])),
        (
            pd.Series(pd.to_datetime(["2026-01-01"])),
            pd.Series(pd.to_datetime(["2026-01-01"], utc=True)),
        ),
        (pd.Series([[1, 2]]), pd.Series([[2, 1]])),
        (pd.Series([None], dtype="object"), pd.Series([""])),
    ],
    ids=["large-float", "unsigned", "text", "zone", "lists", "empty-text"],
)
def test_items_that_only_look_alike_have_changed(one: pd.Series, other: pd.Series):
    found = rows_by_content(pd.DataFrame({"x": one}), pd.DataFrame({"x": other}))
    assert (found.added, found.removed, found.unchanged) == (1, 1, 0)


def test_a_row_that_is_there_twice_counts_twice():
    before, after = pd.DataFrame({"x": [1, 1, 2]}), pd.DataFrame({"x": [1, 2, 2]})
    found = rows_by_content(before, after)
    assert (found.added, found.removed, found.unchanged) == (1, 1, 2)


def test_empty_tables_are_compared():
    empty, full = pd.DataFrame({"id": [], "x": []}), pd.DataFrame({"id": [1, 2], "x": [1, 2]})
    assert keyed(empty, full).added == 2
    assert keyed(full, empty).removed == 2
    assert keyed(empty, empty).unchanged == 0
    assert rows_by_content(pd.DataFrame(), full).added == 2
    assert rows_by_content(full, pd.DataFrame()).removed == 2


def test_a_key_that_is_not_there_is_refused_with_those_that_are():
    one, other = pd.DataFrame({"id": [1], "x": [1]}), pd.DataFrame({"ID": [1], "x": [1]})
    with pytest.raises(UserError, match=r"second table has no column 'id'.*'ID', 'x'"):
        keyed(one, other)
    with pytest.raises(UserError, match="at least one column"):
        rows_by_key(one, other, ())


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(UserError, match=r"Several columns have the name '1'"):
        as_frame(pd.DataFrame([[1, 2]], columns=[1, "1"]))


def test_tables_of_every_kind_become_frames(tmp_path: Path):
    csv, parquet = tmp_path / "t.csv", tmp_path / "t.parquet"
    table = pa.table({"x": pa.array([1, None], pa.int64())})
    csv.write_text("x\n1\n")
    pd.DataFrame({"x": [1]}).to_parquet(parquet)
    for value in (
        pd.Series([1, 2], name="x"),
        table,
        pl.DataFrame({"x": [1]}),
        pl.Series("x", [1]),
        csv,
        parquet,
    ):
        frame = as_frame(value)
        assert frame is not None
        assert list(frame.columns) == ["x"]
    whole = as_frame(table)
    assert whole is not None
    assert whole["x"].iloc[0] == 1
    assert isinstance(whole["x"].dtype, pd.ArrowDtype)  # not a float, for all its gap
    named = as_frame(pd.DataFrame({"x": [1]}, index=pd.Index([7], name="id")))
    assert named is not None
    assert named["id"].tolist() == [7]
    assert list(as_frame(np.zeros((2, 3)))) == ["0", "1", "2"]


def test_what_is_no_table_is_none(tmp_path: Path):
    note = tmp_path / "note.txt"
    note.write_text("hello")
    assert as_frame(note) is None
    assert as_frame({"a": 1}) is None
    assert as_frame(np.zeros((2, 2, 2))) is None


def test_a_broken_file_is_a_mistake_that_is_named(tmp_path: Path):
    csv = tmp_path / "t.csv"
    csv.write_text('a,b\n1,2\n1,2,3,4\n"')
    with pytest.raises(UserError, match=r"t\.csv can't be read as a table"):
        as_frame(csv)
