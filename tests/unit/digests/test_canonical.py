from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from lineal.digests.canonical import identify, register, set_code_encoder, value_digest
from lineal.digests.digest import Digest
from lineal.digests.files import file_digest, tree_digest
from lineal.errors import MissingFileError, UnhashableError
from lineal.pipeline.metrics import Metrics


@pytest.fixture(autouse=True)
def no_code_is_known() -> Iterator[None]:
    before = set_code_encoder(None)
    yield
    set_code_encoder(before)


@dataclass
class Holder:
    callbacks: list[Any]


class Opaque:
    def __init__(self, handle: Any) -> None:
        self.handle = handle


class Remote:
    def __init__(self, address: str) -> None:
        self.address = address
        self.lock = threading.Lock()


def plain_function() -> None: ...


def refused() -> list[Any]:
    a_socket = socket.socket()
    a_socket.close()
    return [
        (item for item in ()),
        threading.Lock(),
        a_socket,
        object(),
        types,
        lambda: None,
        plain_function,
        Opaque(threading.RLock()),
        np.frompyfunc(lambda a: a, 1, 1),
        pl.DataFrame({"a": [1]}).lazy(),
        {}.keys(),
    ]


@pytest.mark.parametrize("value", refused(), ids=lambda value: type(value).__name__)
def test_what_has_no_content_to_go_by_is_refused(value: Any) -> None:
    with pytest.raises(UnhashableError):
        value_digest(value)


def test_an_open_file_is_refused_and_one_in_memory_is_its_content(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w") as file, pytest.raises(UnhashableError):
        value_digest(file)
    assert value_digest(io.BytesIO(b"a")) != value_digest(io.BytesIO(b"b"))


def test_a_refusal_names_the_place_the_reason_and_a_remedy() -> None:
    with pytest.raises(UnhashableError) as caught:
        value_digest({"model": Holder([1, 2, (item for item in ())])})
    assert caught.value.where == "['model'].callbacks[2]"
    assert "once" in caught.value.reason
    assert caught.value.remedy == "Pass a list of its items."


def test_a_refusal_names_the_column_of_a_frame() -> None:
    with pytest.raises(UnhashableError) as caught:
        value_digest(pd.DataFrame({"a": [1], "hooks": [plain_function]}))
    assert caught.value.where == "['hooks'][0]"


def test_a_value_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UnhashableError, match="too deeply"):
        value_digest(value)


def test_a_tangle_of_cycles_is_refused_rather_than_walked_forever() -> None:
    knot: list[list[Any]] = [[] for _ in range(40)]
    for node in knot:
        node.extend(knot)
    with pytest.raises(UnhashableError, match="too many cycles"):
        value_digest(knot)


def test_long_chains_of_shared_objects_are_walked_once() -> None:
    value: Any = []
    for _ in range(100):
        value = [value, value]
    assert value_digest(value) == value_digest(value)


def test_functions_and_classes_go_by_what_the_code_encoder_gives() -> None:
    known = {plain_function: Digest("xxh3:1"), Holder: Digest("xxh3:2")}
    before = set_code_encoder(known.get)
    try:
        first = value_digest(plain_function), value_digest(Holder([]))
        known[plain_function] = known[Holder] = Digest("xxh3:3")
        second = value_digest(plain_function), value_digest(Holder([]))
        importable = value_digest(os.path.join)
    finally:
        set_code_encoder(before)
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert importable.algorithm == "xxh3"


def test_functions_that_a_library_made_go_by_what_they_captured() -> None:
    before = set_code_encoder(lambda thing: None)
    try:
        pipes = [value_digest(attrs.setters.pipe(*hooks)) for hooks in ((len,), (max,), (len,))]
    finally:
        set_code_encoder(before)
    assert pipes[0] == pipes[2] != pipes[1]


def test_a_registered_encoder_says_what_counts() -> None:
    with pytest.raises(UnhashableError):
        value_digest(Remote("a"))
    register(f"{__name__}.Remote", lambda remote: remote.address)
    assert value_digest(Remote("a")) == value_digest(Remote("a"))
    assert value_digest(Remote("a")) != value_digest(Remote("b"))
    assert value_digest(Remote("a")) != value_digest("a")


def test_numpy_functions_go_by_their_names() -> None:
    one, other = FunctionTransformer(np.log1p), FunctionTransformer(np.sqrt)
    assert value_digest(one) != value_digest(other)


def test_a_path_stands_for_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    assert value_digest(tmp_path / "a") == value_digest(tmp_path / "b")
    assert value_digest([tmp_path / "a"]) == value_digest([tmp_path / "b"])
    assert value_digest(tmp_path / "a") == file_digest(tmp_path / "a")
    assert value_digest(tmp_path) == tree_digest(tmp_path)
    before = value_digest({"p": tmp_path})
    (tmp_path / "b").write_text("y")
    assert value_digest({"p": tmp_path}) != before
    with pytest.raises(MissingFileError):
        value_digest([tmp_path / "missing"])


def test_identify_tells_kinds_and_types(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("abc")
    kinds = {
        "frame": [pd.DataFrame(), pd.Series([1]), pa.table({"a": [1]}), pl.DataFrame({"a": [1]})],
        "array": [np.zeros(2)],
        "model": [LogisticRegression()],
        "metrics": [Metrics(auc=1.0)],
        "figure": [Figure()],
        "file": [tmp_path / "f"],
        "tree": [tmp_path],
        "text": ["abc"],
        "value": [1, [1], {}, None],
    }
    for kind, values in kinds.items():
        assert {identify(value).kind for value in values} == {kind}
    assert (
        identify(LogisticRegression()).type == "sklearn.linear_model._logistic.LogisticRegression"
    )


def test_the_profile_of_a_frame_tells_rows_and_columns() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    profile = identify(frame).profile
    assert profile["rows"] == 2
    assert [(c["name"], c["type"]) for c in profile["columns"]] == [("a", "int64"), ("b", "str")]
    changed = identify(frame.assign(b=["x", "z"])).profile
    assert changed["columns"][0] == profile["columns"][0]
    assert changed["columns"][1] != profile["columns"][1]


def test_a_string_column_has_one_digest_however_it_is_held() -> None:
    items = ["a", "é", "", None, "z" * 300]
    held = [
        pd.Series(items),
        pd.Series(items, dtype=object),
        pd.Series(items, dtype="string[python]"),
        pl.Series("s", items),
    ]
    found = {identify(value).profile["columns"][0]["digest"] for value in held}
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        found.add(identify(pa.table({"s": pa.array(items, kind)})).profile["columns"][0]["digest"])
    assert len(found) == 1


def test_profiles_of_arrays_models_and_files(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("abc")
    assert identify(np.zeros((2, 3), "f4")).profile == {"shape": [2, 3], "dtype": "float32"}
    assert identify(tmp_path / "f").profile == {"size": 3}
    assert identify(tmp_path).profile == {"files": 1, "size": 3}
    table = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    model = identify(LogisticRegression(C=0.5).fit(table, ["n", "n", "y", "y"])).profile
    assert model["params"]["C"] == 0.5
    assert model["n_features_in"] == 1
    assert model["feature_names"] == ["x"]
    assert model["classes"] == ["n", "y"]


def test_the_profile_of_a_pipeline_or_a_search_has_what_the_estimators_in_it_learnt() -> None:
    table = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
    both = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(both, {"logisticregression__C": [0.5, 1.0]}, cv=2)
    assert "feature_names" not in identify(both).profile
    for model in (both, search, make_pipeline(StandardScaler(), search)):
        profile = identify(model.fit(table, ["n", "y", "n", "y"])).profile
        assert profile["n_features_in"] == 2
        assert profile["feature_names"] == ["x", "y"]
        assert profile["classes"] == ["n", "y"]
    unnamed = identify(both.fit(table.to_numpy(), ["n", "y", "n", "y"])).profile
    assert unnamed["n_features_in"] == 2
    assert "feature_names" not in unnamed


class Costly(BaseEstimator):
    def fit(self, x: object, y: object = None) -> Costly:
        return self

    @property
    def feature_names_in_(self) -> list[str]:
        raise AssertionError


def test_a_property_of_somebodys_estimator_is_not_computed_for_its_profile() -> None:
    assert "feature_names" not in identify(Costly().fit(None)).profile


def test_a_figure_is_what_it_looks_like() -> None:
    def drawn(color: str) -> Figure:
        figure = Figure(layout="constrained")
        figure.subplots().plot([1, 2], color=color)
        return figure

    figure = drawn("red")
    canvas = figure.canvas
    assert value_digest(figure) == value_digest(figure) == value_digest(drawn("red"))
    assert value_digest(figure) != value_digest(drawn("blue"))
    assert figure.canvas is canvas


def test_wide_and_large_frames_hash_alike_in_one_thread_or_two() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.random(600_000), "b": rng.random(600_000), "c": "x"})
    apart = [identify(frame[[name]]).profile["columns"][0] for name in frame]
    assert identify(frame).profile["columns"] == apart


STABLE = """
import datetime as dt, decimal, uuid, collections
VALUES = {
    "scalars": [None, True, 1, 2**70, 1.5, float("nan"), 2j, "é", b"b", ...],
    "containers": {"l": [1, (2,)], "s": {"a", "b", "c"}, "f": frozenset("xyz")},
    "long": [list(range(40)), ["a"] * 40, [0.5] * 40, "t" * 1000],
    "times": [dt.datetime(2024, 1, 2, tzinfo=dt.UTC), dt.date(2024, 1, 2), dt.timedelta(3)],
    "library": [decimal.Decimal("1.0"), uuid.UUID(int=7), range(3), collections.Counter("aab")],
}
"""
PINNED: dict[str, str] = {
    "scalars": "xxh3:b011acb2a5c8c3eea562ca82b8f6008d",
    "containers": "xxh3:d0843e15d6b32e6fcacf7d1969ebb459",
    "long": "xxh3:3475fac2d91b999d3bc581742860547f",
    "times": "xxh3:196ab53c8dcbc21d97711403448554f4",
    "library": "xxh3:592d9adda5f5b013b7cdcc3267d14594",
    "array": "xxh3:c05dc2723a9c5153b7c94ebe8ea2e78b",
    "frame": "xxh3:45ddc3cb271b57fe4c95a7d2f6252aef",
    "arrow": "xxh3:a4017af675b9a840f2e23835d9508b51",
}


def stable() -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(STABLE, space)
    return space["VALUES"]


def test_digests_are_those_that_stores_hold_already() -> None:
    """A change here makes every recorded key stale: raise the scheme version with it."""
    found = {name: str(value_digest(value)) for name, value in stable().items()}
    found["array"] = str(value_digest(np.arange(6, dtype="<i8").reshape(2, 3)))
    found["frame"] = str(value_digest(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})))
    found["arrow"] = str(value_digest(pa.table({"a": [1, None], "s": ["x", None]})))
    assert found == PINNED


@pytest.mark.parametrize("seed", ["1", "2"])
def test_digests_are_the_same_in_every_process(seed: str) -> None:
    script = STABLE + (
        "import sys\n"
        "from lineal.digests.canonical import value_digest\n"
        "assert not {'numpy', 'pandas', 'pyarrow'} & set(sys.modules), 'heavy'\n"
        "print(value_digest(VALUES))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == value_digest(stable())
