"""Comparing values says which cells differ, by how much, and whether that is tolerated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lineal import Metrics
from lineal.replay.job import Tolerance
from lineal.replay.values import compare_values

EXACT = Tolerance()


def test_a_frame_names_the_column_the_cells_and_the_first() -> None:
    old = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]})
    new = pd.DataFrame({"a": [1.0, 2.5, 3.25], "b": ["x", "y", "z"]})
    found = compare_values(old, new, EXACT)
    (column,) = found.columns
    assert (column.name, column.cells, column.largest) == ("a", 2, 0.5)
    assert column.first == "[1] 2.0 -> 2.5"
    assert not found.within


@pytest.mark.parametrize(
    ("tolerance", "within"),
    [
        (Tolerance(rtol=1e-9), True),
        (Tolerance(rtol=1e-11), False),
        (Tolerance(atol=1e-7), True),
        (Tolerance(atol=1e-9), False),
    ],
)
def test_a_tolerance_is_relative_or_absolute(tolerance: Tolerance, within: bool) -> None:
    old, new = np.array([100.0, 1.0]), np.array([100.0 + 1e-8, 1.0])
    assert compare_values(old, new, tolerance).within is within


def test_not_a_number_equals_itself_and_nothing_else() -> None:
    old = pd.DataFrame({"a": [np.nan, 1.0]})
    assert compare_values(old, old.copy(), EXACT).within
    found = compare_values(old, pd.DataFrame({"a": [np.nan, np.nan]}), Tolerance(rtol=1, atol=9))
    assert not found.within
    assert found.columns[0].cells == 1


def test_infinities_of_one_sign_are_the_same() -> None:
    infinite = np.array([np.inf, -np.inf])
    assert compare_values(infinite, infinite.copy(), EXACT).within
    assert not compare_values(infinite, -infinite, Tolerance(rtol=1.0)).within


def test_text_is_never_within_a_tolerance() -> None:
    old, new = pd.DataFrame({"a": ["x"]}), pd.DataFrame({"a": ["y"]})
    assert not compare_values(old, new, Tolerance(rtol=1, atol=1)).within


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), "columns gone: a"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1, 2]}), "there were 1 rows and are 2"),
        (np.zeros(2), np.zeros(3), "float64(2,)"),
        (1, 1.0, "it was a int and is a float"),
        ({"a": 1}, {"b": 1}, "['a'], ['b']"),
    ],
)
def test_another_shape_is_said(old: object, new: object, told: str) -> None:
    found = compare_values(old, new, Tolerance(rtol=1, atol=1))
    assert told in found.summary
    assert not found.within


def test_a_changed_dtype_is_a_difference_of_the_whole_column() -> None:
    found = compare_values(pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]}), EXACT)
    assert "was int64, is float64" in found.columns[0].first


def test_metrics_and_nested_values_are_compared_leaf_by_leaf() -> None:
    old = Metrics({"auc": 0.5}, slices={"site": {"east": {"auc": 0.25}}})
    new = Metrics({"auc": 0.5}, slices={"site": {"east": {"auc": 0.5}}})
    assert [c.name for c in compare_values(old, new, EXACT).columns] == ["auc[site=east]"]
    found = compare_values({"a": [1, 2.0]}, {"a": [1, 2.5]}, Tolerance(atol=0.5))
    assert [c.name for c in found.columns] == ["['a'][1]"]
    assert found.within


def test_trees_of_files_name_the_file_and_the_line(tmp_path: Path) -> None:
    for name, text in (("old", "a\nb\n"), ("new", "a\nc\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f.txt").write_text(text)
    found = compare_values(tmp_path / "old", tmp_path / "new", EXACT)
    assert found.summary == "f.txt: line 2: b'b' -> b'c'"
