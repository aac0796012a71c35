"""Runs side by side, as tables, frames and a page."""

from __future__ import annotations

import math
import re
import sys

import pandas as pd
import pytest

from lineal.comparing.frames import runs_frame
from lineal.comparing.plots import page
from lineal.comparing.runs import compare_runs
from lineal.comparing.series import Curve
from lineal.errors import UserError
from lineal.records import RunStatus

HOSTILE = "</script><script>alert(1)</script> <b>\"'é\u202e`|"


def test_what_differs_comes_first(record):
    found = compare_runs(
        [record(1, params={"a": "1", "b": "2"}), record(2, params={"a": "1", "c": "3"})]
    )
    assert [(p.name, p.values, p.differs) for p in found.params] == [
        ("b", ("2", None), True),
        ("c", (None, "3"), True),
        ("a", ("1", "1"), False),
    ]


def test_the_best_is_marked_by_what_the_name_says(record):
    one = record(1, {"auc": 0.9, "val_loss": 0.3, "rmse": 1.0, "same": 1.0, "closeness": 1.0})
    other = record(2, {"auc": 0.8, "val_loss": 0.2, "rmse": 2.0, "same": 1.0, "closeness": 2.0})
    best = {m.name: (m.best, m.lower_is_better) for m in compare_runs([one, other]).metrics}
    assert best == {
        "auc": ((0,), False),
        "val_loss": ((1,), True),
        "rmse": ((0,), True),
        "same": ((), False),
        "closeness": ((1,), False),
    }
    (closer,) = compare_runs([one, other], ["closeness"], lower=["closeness"]).metrics
    assert closer.best == (0,)


def test_what_is_no_number_is_never_the_best(record):
    runs = [record(1, {"auc": math.nan}), record(2, {"auc": 0.1}), record(3, {"auc": 0.2})]
    (auc,) = compare_runs([*runs, record(4)]).metrics
    assert auc.best == (2,)
    assert auc.values[3] is None


def test_slices_stand_apart_and_are_asked_for_by_name(record):
    run = record(1, {"auc": 0.9, ("auc", (("sex", "f"),)): 0.8, "f1": 0.5})
    found = compare_runs([run], ["auc"])
    assert [m.name for m in found.metrics] == ["auc"]
    assert [m.name for m in found.slices] == ["auc[sex=f]"]
    assert compare_runs([run], ["auc[sex=f]"]).metrics == ()
    with pytest.raises(UserError, match="None of the runs has a metric 'acu'; they have auc"):
        compare_runs([run], ["acu"])


def test_a_run_that_is_named_twice_stands_once_and_none_is_refused(record):
    assert len(compare_runs([record(1), record(1), record(2)]).runs) == 2
    with pytest.raises(UserError, match="at least one run"):
        compare_runs([])


def test_runs_are_a_frame_with_columns_by_name(record):
    frame = runs_frame(
        [
            record(2, {"auc": 0.9, ("auc", (("site", "a"),)): 0.8}, params={"depth": "3"}),
            record(1, tags={"team": "x"}, status=RunStatus.RUNNING, finished_at=None),
        ]
    )
    assert list(frame.columns) == [
        "run_id", "number", "name", "experiment", "status", "start_time", "end_time",
        "params.depth", "metrics.auc", "metrics.auc[site=a]", "tags.team",
    ]  # fmt: skip
    assert frame["metrics.auc"].tolist()[0] == 0.9
    assert frame["metrics.auc"].dtype == "float64"
    assert frame["status"].tolist() == ["finished", "running"]
    assert isinstance(frame["start_time"].dtype, pd.DatetimeTZDtype)
    assert frame["end_time"].isna().tolist() == [False, True]
    assert frame["params.depth"].tolist() == ["3", None]


def test_no_runs_are_an_empty_frame_of_the_same_types():
    frame = runs_frame([])
    assert len(frame) == 0
    assert isinstance(frame["start_time"].dtype, pd.DatetimeTZDtype)


def test_the_page_holds_all_plots_and_asks_no_network(record):
    pytest.importorskip("plotly")
    runs = [
        record(n, {"auc": n / 10, ("auc", (("sex", "f"),)): n / 20}, params={"kind": f"k{n}"})
        for n in (1, 2)
    ]
    curve = Curve(run=1, metric="loss", steps=[0, 1], values=[1.0, math.nan])
    text = page(compare_runs(runs), [curve])
    for kind in ("parcoords", "scatter", "bar"):
        assert re.search(rf'"type":\s*"{kind}"', text), kind
    assert not re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=", text)
    assert text.count("* plotly.js v") == 1


def test_no_name_gets_out_of_the_page(record):
    pytest.importorskip("plotly")
    runs = [
        record(
            n, {HOSTILE: float(n), (HOSTILE, ((HOSTILE, HOSTILE),)): 1.0},
            params={HOSTILE: f"{HOSTILE}{n}"}, name=HOSTILE,
        )
        for n in (1, 2)
    ]  # fmt: skip
    text = page(compare_runs(runs), [Curve(run=1, metric=HOSTILE, steps=[0, 1], values=[0.0, 1.0])])
    assert "<script>alert(1)" not in text
    assert "\\u003cb\\u003e" not in text  # nor as markup that plotly would follow


def test_a_missing_plotly_is_named_with_the_remedy(record, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(UserError, match=r"pip install 'lineal\[plots\]'"):
        page(compare_runs([record(1)]), [])
