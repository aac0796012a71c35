"""What a profile says of columns and arrays beside their shape and digests."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lineal.digests.canonical import identify, value_digest
from lineal.store import StoreFolder
from lineal.store.statistics import ERROR, EXACT, with_statistics


def told(value) -> dict:
    """By column: its statistics alone; of an array, as it is."""
    profile = with_statistics(value, identify(value).profile)
    json.dumps(profile, allow_nan=False)
    own = ("name", "type", "digest", "shape", "dtype")
    columns = [{k: v for k, v in c.items() if k not in own} for c in profile.get("columns", ())]
    if not columns:
        return {k: v for k, v in profile.items() if k not in own}
    return dict(zip((c["name"] for c in profile["columns"]), columns, strict=True))


NAN = float("nan")


@pytest.mark.parametrize(
    ("items", "facts"),
    [
        ([3, 1, 2, 2], {"nulls": 0, "min": 1, "max": 3, "distinct": 3}),
        ([1.5, NAN, 3.0], {"nulls": 1, "nans": 1, "min": 1.5, "max": 3.0, "distinct": 2}),
        ([1.0, float("inf")], {"nulls": 0, "min": 1.0, "max": "inf", "distinct": 2}),
        ([NAN, NAN], {"nulls": 2, "nans": 2, "distinct": 0}),
        (["b", None, "a"], {"nulls": 1, "min": "a", "max": "b", "distinct": 2}),
        (["x" * 99], {"nulls": 0, "min": "x" * 80 + "…", "max": "x" * 80 + "…", "distinct": 1}),
        ([True, False], {"nulls": 0, "min": False, "max": True, "distinct": 2}),
        ([None, None], {"nulls": 2, "distinct": 0}),
        ([1, "a", None, 2.5], {"nulls": 1, "distinct": 3}),
        ([Decimal("1.10"), None], {"nulls": 1, "min": "1.10", "max": "1.10", "distinct": 1}),
        ([10**30, 1], {"nulls": 0, "min": 1, "max": 10**30, "distinct": 2}),
        ([[1], None], {"nulls": 1}),
        ([{"a": 1}], {"nulls": 0}),
        ([b"a", b"b"], {"nulls": 0, "distinct": 2}),
        (
            [dt.date(2026, 1, 31), None],
            {"nulls": 1, "min": "2026-01-31", "max": "2026-01-31", "distinct": 1},
        ),
    ],
)
def test_a_column_of_pandas_tells_its_statistics(items, facts):
    assert told(pd.DataFrame({"c": pd.Series(items)})) == {"c": facts}


def test_pandas_own_types():
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2026-01-01", None], utc=True),
            "long": pd.to_timedelta([1, None], unit="h"),
            "gap": pd.array([None, 7], dtype="Int64"),
            "word": pd.Categorical(["hi", "lo"], categories=["lo", "mid", "hi"]),
            "rank": pd.Categorical(["hi", "lo"], categories=["lo", "mid", "hi"], ordered=True),
            "month": pd.period_range("2026-01", periods=2, freq="M"),
            "complex": [1j, 2],
            "sparse": pd.arrays.SparseArray([0, 1]),
        }
    )
    moment = "2026-01-01T00:00:00+00:00"
    assert told(frame) == {
        "when": {"nulls": 1, "min": moment, "max": moment, "distinct": 1},
        "long": {"nulls": 1, "min": "1:00:00", "max": "1:00:00", "distinct": 1},
        "gap": {"nulls": 1, "min": 7, "max": 7, "distinct": 1},
        "word": {"nulls": 0, "min": "hi", "max": "lo", "distinct": 2},
        "rank": {"nulls": 0, "min": "lo", "max": "hi", "distinct": 2},
        "month": {"nulls": 0, "min": "2026-01", "max": "2026-02", "distinct": 2},
        "complex": {"nulls": 0},
        "sparse": {"nulls": 0, "min": 0, "max": 1, "distinct": 2},
    }
    assert told(pd.Series([1, 1], name="s")) == {
        "s": {"nulls": 0, "min": 1, "max": 1, "distinct": 1}
    }
    assert told(pd.DataFrame({"a": pd.Series([], dtype=float)})) == {
        "a": {"nulls": 0, "distinct": 0}
    }
    twice = pd.DataFrame([[1, "x"]], columns=["a", "a"])
    columns = with_statistics(twice, identify(twice).profile)["columns"]
    assert [c["min"] for c in columns] == [1, "x"]


def test_to_arrow_and_polars_a_number_that_is_none_is_not_missing():
    facts = {"nulls": 1, "nans": 1, "min": 2.0, "max": 2.0, "distinct": 1}
    assert told(pa.table({"f": pa.chunked_array([[2.0, None], [NAN]])})) == {"f": facts}
    assert told(pl.DataFrame({"f": [2.0, None, NAN]})) == {"f": facts}
    words = {"nulls": 1, "min": "a", "max": "b", "distinct": 2}
    chunks = [pa.array(["b"]).dictionary_encode(), pa.array(["a", None]).dictionary_encode()]
    assert told(pa.table({"d": pa.chunked_array(chunks)})) == {"d": words}
    assert told(pa.table({"v": pa.array(["b", "a", None], pa.string_view())})) == {"v": words}
    assert told(pl.DataFrame({"c": pl.Series(["b", "a", None], dtype=pl.Categorical)})) == {
        "c": words
    }
    assert told(pa.table({"s": [{"a": 1}, None], "n": pa.nulls(2)})) == {
        "s": {"nulls": 1},
        "n": {"nulls": 2, "distinct": 0},
    }


def test_an_array_is_told_of_as_a_whole():
    assert told(np.arange(12.0).reshape(3, 4)) == {
        "nulls": 0, "min": 0.0, "max": 11.0, "distinct": 12,
    }  # fmt: skip
    assert told(np.array([2, 1], ">i4")) == {"nulls": 0, "min": 1, "max": 2, "distinct": 2}
    assert told(np.array(5)) == {"nulls": 0, "min": 5, "max": 5, "distinct": 1}
    assert told(np.array([[1.0, NAN]])) == {
        "nulls": 0, "nans": 1, "min": 1.0, "max": 1.0, "distinct": 1,
    }  # fmt: skip
    assert told(np.zeros((0, 3))) == {"nulls": 0, "distinct": 0}
    assert told(np.array([1j])) == {"nulls": 0}


@pytest.mark.parametrize("copies", [1, 2, 300])
def test_many_numbers_are_estimated_within_the_error_that_is_told(copies):
    rng = np.random.default_rng(copies)
    there = rng.random(3 * EXACT // copies)
    frame = pd.DataFrame({"n": rng.permutation(np.repeat(there, copies)), "few": 1})
    facts = told(frame)
    assert facts["few"]["distinct"] == 1
    assert "distinct_error" not in facts["few"]
    found = facts["n"]
    if "distinct_error" in found:
        assert found["distinct_error"] == ERROR
        assert abs(found["distinct"] - len(there)) < 5 * ERROR * len(there)
    else:
        assert found["distinct"] == len(there)
    times = pd.DataFrame({"t": pd.date_range("2026-01-01", periods=2 * EXACT, freq="s")})
    assert abs(told(times)["t"]["distinct"] / (2 * EXACT) - 1) < 5 * ERROR


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_many_whole_numbers_that_lie_close_together_are_counted(dtype):
    kind = np.iinfo(dtype)
    ends = np.array([kind.min, kind.max] if kind.bits == 8 else [7, 1007], dtype)
    items = np.resize(ends, 2 * EXACT)
    items[1000] = 9
    assert told(items) == {"nulls": 0, "min": ends[0], "max": ends[1], "distinct": 3}
    table = pa.table({"n": pa.chunked_array([items, items, pa.array([None], dtype)])})
    assert told(table)["n"]["distinct"] == 3


def test_floats_among_which_one_is_missing_are_told_of_as_all_are():
    items = np.resize([2.0, -1.0, 5.5], 2 * EXACT)
    assert told(items) == {"nulls": 0, "min": -1.0, "max": 5.5, "distinct": 3}
    table = pa.table({"n": pa.array([*items, None])})
    assert told(table)["n"] == {"nulls": 1, "min": -1.0, "max": 5.5, "distinct": 3}
    items[5] = float("nan")
    assert told(items) == {"nulls": 0, "nans": 1, "min": -1.0, "max": 5.5, "distinct": 3}


def test_statistics_are_kept_with_what_is_stored_and_take_no_part_in_its_digest(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    identity = identify(frame)
    assert "nulls" not in identity.profile["columns"][0]
    artifact = StoreFolder.open(tmp_path / "store").values().save(frame, identity)
    assert artifact.digest == value_digest(frame) == identity.digest
    assert [c["nulls"] for c in artifact.profile["columns"]] == [0, 1]
    assert [c["digest"] for c in artifact.profile["columns"]] == [
        c["digest"] for c in identity.profile["columns"]
    ]


class Grudging(pd.Series):
    """A series that gives nothing away."""

    @property
    def dtype(self):
        raise RuntimeError("no")


def test_a_value_that_can_not_be_told_of_is_kept_without():
    profile = {"rows": 1, "columns": [{"name": "a", "type": "int64", "digest": "xxh3:0"}]}
    assert with_statistics(Grudging([1]), profile) == profile
    assert with_statistics(object(), profile) == profile
    assert with_statistics(3, {}) == {}


def test_bounds_are_items_of_the_data_and_are_told_only_where_all_may_be(tmp_path):
    frame = pd.DataFrame({"name": ["Ann", "Zoe"], "age": [30, 40]})
    blood = np.array([1.5, 2.5])

    def facts(extent, value):
        values = StoreFolder.open(tmp_path / "store").values(profiles=extent)
        return values.save(value, identify(value)).profile

    assert facts("full", frame)["columns"][0]["max"] == "Zoe"
    counted = facts("counts", frame)["columns"]
    assert [(c["nulls"], c["distinct"]) for c in counted] == [(0, 2), (0, 2)]
    assert not any({"min", "max"} & set(column) for column in counted)
    assert facts("schema", frame) == identify(frame).profile
    assert facts("counts", blood) == {"shape": [2], "dtype": "float64", "nulls": 0, "distinct": 2}
    assert facts("schema", blood) == {"shape": [2], "dtype": "float64"}


def test_tables_lie_in_their_records_only_where_all_may_be_told(tmp_path):
    frame = pd.DataFrame({"name": ["Ann", "Zoe"]})
    for extent in ("full", "counts", "schema"):
        values = StoreFolder.open(tmp_path / "store").values(profiles=extent)
        kept = values.save(frame, identify(frame))
        assert (kept.stored.inline is not None) is (extent == "full")
        assert values.load(kept).equals(frame)
        assert values.over(values.blobs).profiles == extent
        # What is joined by where it was had from has to be told by its bytes.
        assert values.save(2, identify(2)).stored.inline is not None
