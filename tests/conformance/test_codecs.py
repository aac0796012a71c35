"""What every codec promises, and which one keeps what."""

import datetime as dt
import subprocess
import sys
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lineal.digests.canonical import identify, value_digest
from lineal.pipeline import Metrics
from lineal.store import LocalBlobs, ValueStore
from lineal.store.codecs import OWN, Check, codec_named, codecs_for

HOURS = dt.timezone(dt.timedelta(hours=2))
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
FRAME = pd.DataFrame(
    {
        "a": [1.5, np.nan, 3],
        "b": [1, 2, 3],
        "c": ["x", None, "z"],
        "d": pd.to_datetime(["2020-01-01", None, "2021-03-04"]),
    }
)


class Point(NamedTuple):
    x: int
    y: int


def with_attrs(value, **attrs):
    value = value.copy()
    value.attrs = attrs
    return value


def frame(*columns, **options):
    return pd.DataFrame([[1, 2], [3, 4]], columns=list(columns) or None, **options)


CASES = {
    "text/1": ["", "text", "\ud800 lone", "x" * 10_000],
    "bytes/1": [b"", b"bytes", bytes(10_000)],
    "plain/1": [
        None, True, 0, -1, 2**53, -(2**80), 10**5000, 0.1, -0.0, 1e308, 5e-324,
        float("nan"), float("inf"), -float("inf"), 1j, complex(float("nan"), -0.0),
        [], [1, (2, [3]), {4}], (), (1,), {}, {"b": 1, "a": 2}, {1: "i", "1": "s", None: 0},
        {"$t": [1]}, {"a": {"$b": "x"}}, {"$a": 1, "b": 2}, {(1, 2): frozenset([b"x"])},
        {1, "a", None}, frozenset(), bytearray(b"y"), [True, 1, 1.0, "1", b"1"],
        dt.datetime.fromisoformat("2020-01-01T02:03:04.000005"),
        dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2020, 1, 1, tzinfo=HOURS),
        dt.datetime(2020, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), dt.date(2020, 2, 29),
        dt.time(1, 2, 3, 4), dt.time(1, tzinfo=HOURS, fold=1), dt.timedelta(-1, 2, 3),
        Decimal("1.10"), Decimal("NaN"), uuid.UUID(int=5), range(0, 2**70, 3),
    ],
    "metrics/1": [Metrics(), Metrics({"auc": 0.9}, {"site": {"x": {"auc": float("nan")}}})],
    "npy/1": [
        np.array(3.0), np.empty((0, 3)), np.arange(6).reshape(2, 3), np.arange(6, dtype=">i4"),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(["a", "bb"]), np.array([b"x"]),
        np.array(["2020-01-01", "NaT"], "M8[D]"), np.array([True]), np.array([1j]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), np.arange(10_000.0)[::2],
    ],
    "numpy-scalar/1": [
        np.float64(0.1), np.float32("nan"), np.int8(-3), np.bool_(True), np.str_("é"),
        np.datetime64("2020-01-01"), np.complex64(1j),
    ],
    "arrow-pandas/1": [
        FRAME, FRAME.iloc[:0], FRAME.iloc[::2], FRAME[["b"]], FRAME.set_index("b"),
        FRAME.set_index(["b", "c"]), with_attrs(FRAME, source="a", years=[1, 2]),
        FRAME.rename_axis(columns="facts"), frame(), frame("a", "a"),
        frame(1.5, None), frame(index=["p", "q"]), frame(index=pd.RangeIndex(3, 7, 2, name="r")),
        frame(index=pd.date_range("2020", periods=2, tz="Europe/Berlin", name="t")),
        frame(("a", "b"), ("a", "c")).pipe(
            lambda f: f.set_axis(pd.MultiIndex.from_tuples(f.columns), axis=1)
        ),
        pd.DataFrame(), pd.DataFrame(index=["a", "b"]),
        pd.DataFrame({"a": pd.Categorical(["u", "v"], ["w", "v", "u"], ordered=True)}),
        pd.DataFrame({"a": pd.date_range("2020", periods=3, tz="Europe/Berlin")}),
        pd.DataFrame({"a": pd.date_range("2020", periods=3, tz="UTC"), "b": [1, 2, 3]}),
        frame(index=pd.date_range("2020", periods=2, tz="UTC")),
        frame(index=pd.MultiIndex.from_arrays([pd.to_datetime(["2020"] * 2, utc=True), [1, 2]])),
        pd.Series(pd.date_range("2020", periods=3, tz="UTC")),
        pd.date_range("2020", periods=3, tz="UTC"),
        pd.DataFrame({"a": pd.date_range("2020", periods=3, tz=zoneinfo.ZoneInfo("UTC"))}),
        pd.DataFrame({"a": pd.to_timedelta(["1s", None])}),
        pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="M")}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({"a": pd.array([True, None], dtype="boolean")}),
        pd.DataFrame({"a": pd.array([1.5, None], dtype="Float32")}),
        pd.DataFrame({"a": pd.array(["q", None], dtype="string")}),
        pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")}),
        pd.DataFrame({"a": np.array([1, 2], "f2"), "b": np.array([1, 2], "u1")}),
        pd.Series([1.0, 2.0], name="s"), pd.Series([1, 2]), with_attrs(pd.Series([1]), unit="m"),
        pd.Series(["a", "b"], name=("x", 1), index=["i", "j"]), pd.Index([1, 2], name="i"),
        pd.Index(["a", None]), pd.RangeIndex(4), pd.date_range("2020", periods=3),
        pd.MultiIndex.from_product([[1, 2], ["a", "b"]], names=["x", None]),
    ],
    "arrow-polars/1": [
        pl.DataFrame(), pl.DataFrame({"a": [1, None], "b": ["x", None], "c": [[1], [2, 3]]}),
        pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"]))}),
    ],
    "arrow-polars-series/1": [pl.Series("n", [1, 2]), pl.Series([dt.date(2020, 1, 1)])],
    "arrow-table/1": [
        pa.table({"a": [1, None], "b": pa.array(["x", "y"]).dictionary_encode(), "l": [[1], None]}),
        pa.concat_tables([pa.table({"a": [1, 2]}), pa.table({"a": [3]})]).slice(1),
        pa.table({"a": [1]}).replace_schema_metadata({"k": "v"}),
    ],
    "arrow-batch/1": [
        pa.record_batch({"a": [1, None]}), pa.record_batch({"a": [1, 2, 3]}).slice(1),
        pa.record_batch({"a": pa.array([], pa.int64())}).replace_schema_metadata({"k": "v"}),
    ],
    "arrow-column/1": [
        pa.array([1, None]), pa.array(["x", "y", "z"]).slice(1), pa.array([], pa.string()),
        pa.array([{"a": 1}, None]), pa.array(["x", "x"]).dictionary_encode(), pa.nulls(3),
        pa.chunked_array([[1], [2, None]]), pa.chunked_array([], pa.int8()),
    ],
    "pickle/1": [
        Fraction(1, 3), [Fraction(1)], Point(1, 2), np.array([1, "a"], object),
        np.ma.array([1, 2], mask=[0, 1]), pd.DataFrame({"a": pd.Series(["x", 1], dtype=object)}),
        pd.DataFrame({"a": pd.Series(["x", None], dtype=object)}), pd.DataFrame({"a": [1j]}),
        frame("a", 1), Fraction, len,
    ],
}  # fmt: skip
PAIRS = [
    pytest.param(name, value, id=f"{name}-{place}")
    for name, values in CASES.items()
    for place, value in enumerate(values)
]


@pytest.fixture
def blobs(tmp_path):
    return LocalBlobs(tmp_path / "store")


@pytest.mark.parametrize(("name", "value"), PAIRS)
def test_a_value_comes_back_with_its_digest_by_the_codec_for_it(name, value, blobs, tmp_path):
    identity = identify(value)
    artifact = ValueStore(blobs, tmp_path / "files").save(value, identity)
    assert artifact.stored.codec == name
    assert artifact.stored.pickled == codec_named(name).pickled
    back = ValueStore(LocalBlobs(blobs.root), tmp_path / "files").load(artifact)
    assert type(back) is type(value)
    assert value_digest(back) == identity.digest


@pytest.mark.parametrize(("name", "value"), PAIRS)
def test_the_same_value_is_encoded_alike(name, value, blobs):
    codec = codec_named(name)
    assert codec.encode(value, blobs) == codec.encode(value, blobs)


def test_names_are_unique_and_carry_a_version():
    names = [codec.name for codec in OWN]
    assert len(names) == len(set(names))
    assert all(name.rpartition("/")[2].isdigit() for name in names)
    assert all(codec_named(codec.name) is codec for codec in OWN)


def test_only_pickles_run_code_and_only_figures_go_unchecked():
    assert {codec.name for codec in OWN if codec.pickled} == {"pickle/1", "sklearn-pickle/1"}
    assert {codec.name for codec in OWN if codec.check is Check.NONE} == {"figure-png/1"}


def test_pickle_is_asked_last():
    assert [codec.name for codec in codecs_for([1])] == ["plain/1", "pickle/1"]


def test_arrays_frames_and_series_that_come_back_may_be_written_to(blobs, tmp_path):
    values = ValueStore(blobs, tmp_path / "files")

    def again(value):
        return values.load(values.save(value, identify(value)))

    array = again(np.arange(3.0))
    array[0] = 7.0
    one = again(pd.DataFrame({"a": [1.0, 2.0]}))
    one.iloc[0, 0] = 7.0
    series = again(pd.Series([1.0, 2.0]))
    series.iloc[0] = 7.0
    assert array[0] == one.iloc[0, 0] == series.iloc[0] == 7.0


def test_keeping_plain_values_imports_no_heavy_package():
    heavy = "{'pandas', 'numpy', 'pyarrow', 'polars', 'sklearn', 'matplotlib', 'cloudpickle'}"
    code = (
        "import sys, pathlib, tempfile\n"
        "from lineal.digests.canonical import identify\n"
        "from lineal.store import StoreFolder\n"
        "values = StoreFolder.open(pathlib.Path(tempfile.mkdtemp()) / 's').values()\n"
        "for value in (1, 'a', b'b', [1.5, {'x': (None,)}]):\n"
        "    values.load(values.save(value, identify(value)))\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
