import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lineal.digests.canonical import identify
from lineal.errors import UserError
from lineal.pipeline import Metrics
from lineal.store import LocalBlobs, ValueStore

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
READERS = {
    ".parquet": pd.read_parquet,
    ".csv": pd.read_csv,
    ".json": pd.read_json,
    ".feather": pd.read_feather,
}


@pytest.fixture
def export(tmp_path):
    values = ValueStore(LocalBlobs(tmp_path / "store"), tmp_path / "files")
    return lambda value, target: values.export(values.save(value, identify(value)), target)


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize(
    "frame",
    [FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME)],
    ids=["pandas", "polars", "arrow"],
)
def test_a_frame_is_written_in_the_format_of_the_ending(export, tmp_path, suffix, frame):
    target = export(frame, tmp_path / f"out{suffix}")
    pd.testing.assert_frame_equal(READERS[suffix](target), FRAME, check_dtype=False)


def test_an_index_with_something_to_say_is_written_to_csv(export, tmp_path):
    target = export(FRAME.set_index("b"), tmp_path / "out.csv")
    assert target.read_text().splitlines() == ["b,a", "x,1", "y,2"]


def test_a_frame_that_a_format_can_not_hold_says_so(export, tmp_path):
    with pytest.raises(UserError, match=r"\.parquet .*another ending for out\.parquet"):
        export(pd.DataFrame({"a": [1j]}), tmp_path / "out.parquet")


def test_what_can_not_be_written_leaves_what_was_there(export, tmp_path):
    target = tmp_path / "out.parquet"
    target.write_bytes(b"from before")
    target.chmod(0o640)
    with pytest.raises(UserError):
        export(pd.DataFrame({"a": [1j]}), target)
    assert target.read_bytes() == b"from before"
    export(FRAME, target)
    assert target.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".lineal-")] == []


def test_a_link_is_written_through(export, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real.json")
    export({"k": 1}, link)
    assert link.is_symlink()
    assert json.loads((tmp_path / "real.json").read_text()) == {"k": 1}


def test_other_values_are_written_in_the_format_of_the_ending(export, tmp_path):
    out = tmp_path
    assert np.load(export(np.arange(3), out / "a.npy")).tolist() == [0, 1, 2]
    assert json.loads(export(np.arange(3), out / "a.json").read_text()) == [0, 1, 2]
    assert json.loads(export({"k": [1]}, out / "b.json").read_text()) == {"k": [1]}
    assert export("text", out / "c.txt").read_text() == "text"
    assert export(1.5, out / "d.txt").read_text() == "1.5\n"
    assert export(b"bytes", out / "e").read_bytes() == b"bytes"
    metrics = Metrics({"auc": 0.5}, {"site": {"x": {"auc": 1}}})
    assert json.loads(export(metrics, out / "m.json").read_text()) == {
        "values": {"auc": 0.5},
        "slices": {"site": {"x": {"auc": 1.0}}},
    }


def test_a_figure_is_written_as_its_picture(export, tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = plt.figure()
    assert export(figure, tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    plt.close(figure)


def test_without_an_ending_the_stored_bytes_are_written(export, tmp_path):
    assert export([1, 2], tmp_path / "out").read_bytes() == b"[1,2]"


@pytest.mark.parametrize("value", [1 + 2j, {1: 2j}, object])
def test_a_value_that_is_no_json_says_so(export, tmp_path, value):
    with pytest.raises(UserError, match="another ending"):
        export(value, tmp_path / "out.json")


def test_an_ending_that_does_not_fit_says_so(export, tmp_path):
    with pytest.raises(UserError, match=r"dict can't be written as \.parquet"):
        export({}, tmp_path / "out.parquet")


def test_files_and_trees_are_copied_out_to_be_written_to(export, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_text("a")
    (tree / "run").write_text("#!")
    (tree / "run").chmod(0o755)
    out = tmp_path / "out"
    assert export(tree, out) == out
    (out / "a").write_text("changed")
    assert (out / "run").stat().st_mode & 0o100
    assert export(tree / "a", out) == out / "a", "into a folder that is there, under its name"
    assert (out / "a").read_text() == "a"


def test_a_place_that_can_not_be_written_is_named(export, tmp_path):
    for value in ("text", FRAME, tmp_path / "out.json"):
        (tmp_path / "out.json").write_text("")
        with pytest.raises(UserError, match="absent"):
            export(value, tmp_path / "absent" / "out.csv")
