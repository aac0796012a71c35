"""The key soundness suite for values: what must differ, and what must agree.

Each row is a name and two values; a value that needs making is a function without arguments.
"""

from __future__ import annotations

import copy
import datetime as dt
import enum
import math
import pickle
import struct
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import pytest
import scipy.sparse as sp
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from lineal.digests.canonical import identify, value_digest

Point = namedtuple("Point", "x y")  # noqa: PYI024 - the untyped kind is in use too
Pair = namedtuple("Pair", "x y")  # noqa: PYI024


@dataclass
class Node:
    value: Any
    children: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slotted:
    a: int = 1
    b: int = 2


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


@attrs.define
class Attrs:
    a: int


class Model(pydantic.BaseModel):
    a: int


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Hue(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


class Names(set):
    pass


def deep(leaf: Any) -> Node:
    node = Node(leaf)
    for level in range(20):
        node = Node(level, [node, {"here": (1, [2])}])
    return node


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def late(change: float) -> np.ndarray:
    values = np.zeros(20_000)
    values[15_000] = change
    return values


def forest(depth: int) -> RandomForestClassifier:
    x = np.arange(40.0).reshape(20, 2)
    return RandomForestClassifier(3, max_depth=depth, random_state=0).fit(x, np.arange(20) % 3)


def strings(*items: Any, kind: Any = None) -> pa.Array:
    return pa.array(items, kind or pa.string())


def hidden(under: bytes) -> pa.Array:
    """["a", null, "b"], with bytes under the null."""
    data = b"a" + under + b"b"
    ends = np.array([0, 1, 1 + len(under), 2 + len(under)], "<i4")
    valid = pa.py_buffer(bytes([0b101]))
    return pa.Array.from_buffers(
        pa.string(), 3, [valid, pa.py_buffer(ends.tobytes()), pa.py_buffer(data)]
    )


def hidden_ints(under: int) -> pa.Array:
    data = np.array([1, under, 3], "<i8").tobytes()
    return pa.Array.from_buffers(pa.int64(), 3, [pa.py_buffer(bytes([0b101])), pa.py_buffer(data)])


def masked(under: int) -> pd.Series:
    array = pd.arrays.IntegerArray(np.array([1, under, 3]), np.array([False, True, False]))
    return pd.Series(array)


def padded(filling: int) -> np.ndarray:
    kind = np.dtype([("a", "u1"), ("b", "<f8")], align=True)
    array = np.frombuffer(bytearray([filling]) * (kind.itemsize * 3), kind).copy()
    array["a"], array["b"] = [1, 2, 3], [1.0, 2.0, 3.0]
    return array


def spaced(second: int, size: int = 12) -> np.dtype[Any]:
    return np.dtype(
        {"names": ["a", "b"], "formats": ["<i4", "<i4"], "offsets": [0, second], "itemsize": size}
    )


def itself() -> list[Any]:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    return cycle


def generator(seed: int, draws: int = 0) -> np.random.Generator:
    rng = np.random.default_rng(seed)
    rng.random(draws)
    return rng


UTC = dt.UTC
NOON = dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001
DAYS = pd.date_range("2024-01-01", periods=3)
WORDS = pd.Series(["a", "b", None])

MUST_DIFFER: list[tuple[str, Any, Any]] = [
    ("int and text", 1, "1"),
    ("bool and int", True, 1),
    ("int and float", 1, 1.0),
    ("bool and float", True, 1.0),
    ("text and bytes", "1", b"1"),
    ("bytes and bytearray", b"1", bytearray(b"1")),
    ("bytes and memoryview", b"1", memoryview(b"1")),
    ("none and its name", None, "None"),
    ("none and false", None, False),
    ("empty containers", [], ()),
    ("empty dict and set", {}, set()),
    ("set and frozenset", {1}, frozenset({1})),
    ("list and tuple", [1, 2], (1, 2)),
    ("tuple and namedtuple", (1, 2), Point(1, 2)),
    ("namedtuples of other names", Point(1, 2), Pair(1, 2)),
    ("dict keys by type", {1: "a"}, {"1": "a"}),
    ("dict order", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ("dict and its items", {"a": 1}, [("a", 1)]),
    ("dict and ordered dict", {"a": 1}, OrderedDict(a=1)),
    ("minus one and minus two", -1, -2),
    ("minus one and minus two in a tuple", (-1,), (-2,)),
    ("negative zero", 0.0, -0.0),
    ("nan and none", math.nan, None),
    ("infinities", math.inf, -math.inf),
    ("adjacent floats", 0.1, math.nextafter(0.1, 1)),
    ("large ints", 2**64, 2**64 + 1),
    ("large int and its negative", 2**200, -(2**200)),
    ("int beyond a float's precision", 2**53, 2**53 + 1),
    ("complex signs", complex(0.0, 0.0), complex(0.0, -0.0)),
    ("texts that run together", ["ab", "c"], ["a", "bc"]),
    ("nesting", [[1], [2]], [[1, 2]]),
    ("nesting by brackets", [[], [[]]], [[[]], []]),
    ("long packed lists by type", [1] * 50, [1.0] * 50),
    ("long lists with one other item", [1] * 50, [1] * 49 + [True]),
    ("long and short", ["a"] * 16, ["a"] * 17),
    ("unicode forms", "\u00e9", "e\u0301"),
    ("decimal digits", Decimal("1.0"), Decimal("1.00")),
    ("decimal and float", Decimal(1), 1.0),
    ("fraction and float", Fraction(1, 2), 0.5),
    ("naive and aware", NOON, NOON.replace(tzinfo=UTC)),
    ("same instant in other zones", NOON.replace(tzinfo=UTC),
     NOON.replace(tzinfo=zoneinfo.ZoneInfo("Europe/London"))),
    ("folds", NOON, NOON.replace(fold=1)),
    ("date and datetime", dt.date(2024, 1, 1), dt.datetime(2024, 1, 1)),  # noqa: DTZ001
    ("timedeltas", dt.timedelta(1), dt.timedelta(seconds=1)),
    ("uuid and its text", uuid.UUID(int=1), str(uuid.UUID(int=1))),
    ("members", Color.RED, Color.BLUE),
    ("enums of other names", Color.RED, Hue.RED),
    ("int enum and int", Number.ONE, 1),
    ("ranges", range(3), range(0, 3, 2)),
    ("range and list", range(3), [0, 1, 2]),
    ("slices", slice(1), slice(1, None)),
    ("types", int, float),
    ("type and its name", int, "int"),
    ("builtins", len, max),
    ("text and a subclass", "a", Text("a")),
    ("set and a subclass", {1}, Names({1})),
    ("deque lengths", deque([1], 2), deque([1], 3)),
    ("default dicts", defaultdict(list), defaultdict(set)),
    ("counter and dict", Counter("a"), {"a": 1}),
    ("dataclass and its fields", Node(1), {"value": 1, "children": []}),
    ("dataclass fields", Slotted(a=1, b=2), Slotted(a=2, b=1)),
    ("attrs fields", Attrs(1), Attrs(2)),
    ("pydantic fields", Model(a=1), Model(a=2)),
    ("attribute names", Plain(a=1), Plain(b=1)),
    ("only deep inside", deep(1), deep(True)),
    ("cycle and what it says once", itself, [1, [1, None]]),
    ("shapes", np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2)),
    ("shape (0,2) and (2,0)", np.zeros((0, 2)), np.zeros((2, 0))),
    ("array of one and scalar", np.array(1.0), np.float64(1)),
    ("widths", np.zeros(4, "f8"), np.zeros(4, "f4")),
    ("sign of ints", np.zeros(4, "i8"), np.zeros(4, "u8")),
    ("byte order", np.ones(4, "<i4"), np.ones(4, ">i4")),
    ("array and list", np.array([1, 2]), [1, 2]),
    ("array transposed", np.arange(4).reshape(2, 2), np.arange(4).reshape(2, 2).T),
    ("numpy float and float", np.float64(1), 1.0),
    ("numpy bool and bool", np.True_, True),
    ("numpy text and text", np.str_("a"), "a"),
    ("datetime units", np.array([0], "M8[s]"), np.array([0], "M8[ms]")),
    ("text widths", np.array(["a"], "U1"), np.array(["a"], "U2")),
    ("object items by type", np.array([1, "1"], object), np.array([1, 1], object)),
    ("object array and its like", np.array(["a"], object), np.array(["a"])),
    ("beyond row 10,000", late(0.0), late(1.0)),
    ("the space between fields", np.zeros(2, spaced(4)), np.zeros(2, spaced(8))),
    ("the space after fields", np.zeros(2, spaced(4, size=16)), np.zeros(2, spaced(4))),
    ("structured names", np.zeros(2, [("a", "i4")]), np.zeros(2, [("b", "i4")])),
    ("matrix and array", np.zeros((2, 2)), lambda: np.ma.array(np.zeros((2, 2)))),
    ("masks", np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    ("generator states", generator(0), generator(0, 1)),
    ("generator seeds", generator(0), generator(1)),
    ("sparse formats", sp.csr_matrix(np.eye(3)), sp.csc_matrix(np.eye(3))),
    ("sparse values", sp.csr_matrix(np.eye(3)), sp.csr_matrix(2 * np.eye(3))),
    ("sparse shapes", sp.csr_matrix((3, 4)), sp.csr_matrix((3, 5))),
    ("estimator parameters", LogisticRegression(C=1.0), LogisticRegression(C=2.0)),
    ("fitted and not", forest(2), RandomForestClassifier(3, max_depth=2, random_state=0)),
    ("trees", forest(1), forest(4)),
    ("column names", frame(a=[1]), frame(b=[1])),
    ("column order", frame(a=[1], b=[1]), frame(b=[1], a=[1])),
    ("column values swapped", frame(a=[1], b=[2]), frame(a=[2], b=[1])),
    ("column widths", frame(a=[1.0]), frame(a=np.array([1], "f4"))),
    ("beyond row 10,000 of a frame", lambda: frame(a=late(0.0)), lambda: frame(a=late(1.0))),
    ("bool columns", frame(a=[True, False]), frame(a=[False, True])),
    ("bool and int columns", frame(a=[True, False]), frame(a=[1, 0])),
    ("datetime columns", frame(a=DAYS), frame(a=DAYS + pd.Timedelta(1, "ns"))),
    ("datetime units of columns", pd.Series(DAYS.as_unit("s")), pd.Series(DAYS.as_unit("ms"))),
    ("zones of columns", DAYS.tz_localize("UTC"), DAYS.tz_localize("Europe/Paris")),
    ("nullable and plain", pd.Series([1, 2]), pd.Series([1, 2], dtype="Int64")),
    ("nullable nulls", pd.Series([1, None], dtype="Int64"), pd.Series([1, 0], dtype="Int64")),
    ("nullable bools", pd.Series([True, None], dtype="boolean"),
     pd.Series([True, False], dtype="boolean")),
    ("null and empty text", pd.Series(["a", None]), pd.Series(["a", ""])),
    ("text and object columns", pd.Series(["a"]), pd.Series(["a"], dtype=object)),
    ("object nulls", pd.Series([None], dtype=object), pd.Series([math.nan], dtype=object)),
    ("object items", pd.Series([1, "1"], dtype=object), pd.Series(["1", 1], dtype=object)),
    ("category order", pd.Series(pd.Categorical(["a"], ["a", "b"])),
     pd.Series(pd.Categorical(["a"], ["b", "a"]))),
    ("unused category", pd.Series(pd.Categorical(["a"], ["a", "b"])),
     pd.Series(pd.Categorical(["a"], ["a"]))),
    ("ordered category", pd.Series(pd.Categorical(["a"], ["a", "b"])),
     pd.Series(pd.Categorical(["a"], ["a", "b"], ordered=True))),
    ("category and text", pd.Series(["a"], dtype="category"), pd.Series(["a"])),
    ("periods", pd.Series(pd.period_range("2024-01", periods=2, freq="M")),
     pd.Series(pd.period_range("2024-01-01", periods=2, freq="D"))),
    ("intervals", pd.Series(pd.interval_range(0, 2)),
     pd.Series(pd.interval_range(0, 2, closed="left"))),
    ("sparse columns", pd.Series(pd.arrays.SparseArray([0, 1])),
     pd.Series(pd.arrays.SparseArray([1, 0]))),
    ("range index and the same ints", pd.RangeIndex(3), pd.Index([0, 1, 2])),
    ("indexes", frame(a=[1, 2]), pd.DataFrame({"a": [1, 2]}, index=[1, 2])),
    ("index names", pd.Index([1], name="a"), pd.Index([1], name="b")),
    ("index name and none", pd.Index([1], name="None"), pd.Index([1])),
    ("multi-index order", pd.MultiIndex.from_tuples([(1, 2)]), pd.MultiIndex.from_tuples([(2, 1)])),
    ("series names", pd.Series([1], name="a"), pd.Series([1], name="b")),
    ("series and frame", pd.Series([1], name="a"), frame(a=[1])),
    ("empty frames by columns", pd.DataFrame(columns=["a"]), pd.DataFrame(columns=["b"])),
    ("empty frames by rows", pd.DataFrame(index=[0]), pd.DataFrame(index=[1])),
    ("empty frames by type", frame(a=np.zeros(0)), frame(a=np.zeros(0, "i8"))),
    ("duplicate columns", pd.DataFrame([[1, 2]], columns=["a", "a"]),
     pd.DataFrame([[2, 1]], columns=["a", "a"])),
    ("attributes of a frame", frame(a=[1]), lambda: _with_attrs(frame(a=[1]))),
    ("timestamp zones", pd.Timestamp("2024"), pd.Timestamp("2024", tz="UTC")),
    ("nulls of pandas", pd.NA, pd.NaT),
    ("arrow string widths", strings("a"), strings("a", kind=pa.large_string())),
    ("arrow text and bytes", strings("a"), strings(b"a", kind=pa.binary())),
    ("arrow cut of texts", strings("ab", "c"), strings("a", "bc")),
    ("arrow null and empty", strings("a", None), strings("a", "")),
    ("arrow null and zero", pa.array([1, None]), pa.array([1, 0])),
    ("arrow column names", pa.table({"a": [1]}), pa.table({"b": [1]})),
    ("arrow metadata", pa.table({"a": [1]}),
     pa.table({"a": [1]}).replace_schema_metadata({"k": "v"})),
    ("arrow nullability", pa.table({"a": [1]}),
     pa.table({"a": [1]}, schema=pa.schema([pa.field("a", pa.int64(), False)]))),
    ("arrow dictionary order",
     pa.DictionaryArray.from_arrays(pa.array([0, 1]), strings("a", "b")),
     pa.DictionaryArray.from_arrays(pa.array([1, 0]), strings("b", "a"))),
    ("arrow lists", pa.array([[1], [2]]), pa.array([[1, 2], []])),
    ("arrow null and empty list", pa.array([[1], None]), pa.array([[1], []])),
    ("arrow structs", pa.array([{"x": None}]), pa.array([None], pa.struct([("x", pa.null())]))),
    ("arrow zones", pa.array([0], pa.timestamp("s")), pa.array([0], pa.timestamp("s", "UTC"))),
    ("polars and pandas", pl.DataFrame({"a": [1]}), frame(a=[1])),
    ("polars columns", pl.DataFrame({"a": ["x"]}), pl.DataFrame({"a": ["y"]})),
    ("polars types", pl.DataFrame({"a": ["x"]}), pl.DataFrame({"a": ["x"]}, {"a": pl.Categorical})),
    ("polars enums", pl.Series(["a"], dtype=pl.Enum(["a", "b"])),
     pl.Series(["a"], dtype=pl.Enum(["b", "a"]))),
]  # fmt: skip


def _with_attrs(value: pd.DataFrame) -> pd.DataFrame:
    value.attrs["source"] = "survey"
    return value


SHARED = [1, 2]
WIDE = np.arange(24.0).reshape(4, 6)
BASE = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.0, 3.0], "c": ["x", None, "z"]})
TABLE = pa.table({"n": [1, None, 3, 4], "s": ["x", None, "zz", ""], "b": [True, None, False, True]})
WORD_DICTIONARY = pa.array(["a", "b", "a", "c"]).dictionary_encode()


def rechunked(table: pa.Table, *sizes: int) -> pa.Table:
    starts = np.cumsum([0, *sizes])
    return pa.concat_tables(
        [pa.table(table.slice(start, size)) for start, size in zip(starts, sizes, strict=False)]
    )


def sliced(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(1), table, table.slice(2)]).combine_chunks().slice(3, 4)


MUST_AGREE: list[tuple[str, Any, Any]] = [
    ("set order", set("abcdefgh"), set("hgfedcba")),
    ("every nan", math.nan, struct.unpack("<d", b"\x01\0\0\0\0\0\xf8\xff")[0]),
    ("every nan in a list", [math.nan] * 20, [-math.nan] * 20),
    ("one object or two equal ones", [SHARED, SHARED], [[1, 2], [1, 2]]),
    ("one array or two equal ones", [WIDE, WIDE], [WIDE, WIDE.copy()]),
    ("one object or two, in an object", Node(SHARED, [SHARED]), Node([1, 2], [[1, 2]])),
    ("interned or not", ["ab", "ab"], ["ab", "".join(["a", "b"])]),
    ("the same cycle", itself, itself),
    ("cycles beside each other", lambda: [itself(), itself()], lambda: [itself()] * 2),
    ("order of attributes", Plain(a=1, b=2), Plain(b=2, a=1)),
    ("deep copy", deep(1), copy.deepcopy(deep(1))),
    ("pickled and back", lambda: forest(3), lambda: pickle.loads(pickle.dumps(forest(3)))),
    ("fitted twice", lambda: forest(3), lambda: forest(3)),
    ("fortran order", WIDE, np.asfortranarray(WIDE)),
    ("strided", np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
    ("reversed", np.arange(5)[::-1], np.array([4, 3, 2, 1, 0])),
    ("broadcast", np.broadcast_to(1.0, (3, 2)), np.ones((3, 2))),
    ("padding of structures", lambda: padded(0), lambda: padded(255)),
    ("object array layout", np.array([["a", 1]], object), np.array([["a"], [1]], object).T),
    ("long doubles", np.ones(3, "g"), np.ones(6, "g")[::2]),
    ("consolidated or not", BASE,
     lambda: pd.concat([BASE[["a"]], BASE[["b"]], BASE[["c"]]], axis=1)),
    ("sliced frame", BASE, lambda: pd.concat([BASE, BASE]).iloc[:3].set_axis(pd.RangeIndex(3))),
    ("frame copied", BASE, BASE.copy()),
    ("frame pickled", BASE, pickle.loads(pickle.dumps(BASE))),
    ("frame of columns or rows", pd.DataFrame(WIDE), pd.DataFrame(np.asfortranarray(WIDE))),
    ("under a nullable's null", lambda: masked(7), lambda: masked(9)),
    ("frequency of an index", DAYS, pd.DatetimeIndex(list(DAYS)).as_unit(DAYS.unit)),
    ("multi-index made in two ways", pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
     pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a"), (2, "b")])),
    ("arrow chunks", TABLE, lambda: rechunked(TABLE, 1, 2, 1)),
    ("arrow empty chunks", TABLE, lambda: rechunked(TABLE, 0, 4, 0)),
    ("arrow slices", TABLE, lambda: sliced(TABLE)),
    ("arrow under null texts", hidden(b""), hidden(b"zzz")),
    ("arrow under null numbers", hidden_ints(0), hidden_ints(77)),
    ("arrow validity not needed", pa.array([1, 2]),
     pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\xff"), pa.array([1, 2]).buffers()[1]])),
    ("arrow dictionaries by chunk", pa.chunked_array([WORD_DICTIONARY]),
     pa.chunked_array([pa.array(["a", "b"]).dictionary_encode(),
                       pa.array(["a", "c"]).dictionary_encode()])),
    ("arrow lists sliced", pa.array([[1], None, [2, 3]]),
     pa.array([[9], [1], None, [2, 3]]).slice(1)),
    ("arrow structs sliced", pa.array([{"x": 1}, None]),
     pa.array([{"x": 9}, {"x": 1}, None]).slice(1)),
    ("polars chunks", pl.DataFrame({"a": [1, 2], "s": ["x", None]}),
     lambda: pl.concat([pl.DataFrame({"a": [1], "s": ["x"]}),
                        pl.DataFrame({"a": [2], "s": [None]}, {"a": pl.Int64, "s": pl.String})],
                       rechunk=False)),
]  # fmt: skip


def made(value: Any) -> Any:
    is_maker = callable(value) and getattr(value, "__module__", None) == __name__
    return value() if is_maker and not isinstance(value, type) else value


def rows(table: list[tuple[str, Any, Any]]) -> Callable[..., Any]:
    names = [name for name, _, _ in table]
    assert len(set(names)) == len(names)
    return pytest.mark.parametrize(("one", "other"), [row[1:] for row in table], ids=names)


@rows(MUST_DIFFER)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    assert value_digest(made(one)) != value_digest(made(other))


@rows(MUST_DIFFER)
def test_different_values_differ_inside_a_container(one: Any, other: Any) -> None:
    assert value_digest({"at": [made(one)]}) != value_digest({"at": [made(other)]})


@rows(MUST_AGREE)
def test_equal_values_have_equal_digests(one: Any, other: Any) -> None:
    assert value_digest(made(one)) == value_digest(made(other))


@rows(MUST_AGREE)
def test_identify_gives_the_same_digest_as_value_digest(one: Any, other: Any) -> None:
    assert identify(made(one)).digest == value_digest(made(other))


def test_no_two_different_values_of_the_table_meet() -> None:
    """Rows aside, every value of the first table that is unlike another stays apart."""
    scalars = [None, True, False, 0, 1, -1, 0.0, 1.0, "", "1", b"", b"1", (), [], {}, set(), ...]
    assert len({value_digest(value) for value in scalars}) == len(scalars)
