"""Values, settings, packages, metrics and shape: what differs, and nothing else."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from lineal.digests.canonical import identify
from lineal.digests.digest import Digest
from lineal.errors import UserError
from lineal.lineage.diff import (
    Difference,
    Flow,
    Side,
    Status,
    compare,
    data_change,
    environment_change,
    metric_changes,
    shape_change,
    value_changes,
)
from lineal.records import (
    Artifact,
    Cause,
    Environment,
    Execution,
    ExecutionStatus,
    Input,
    Output,
    Reason,
    Source,
)
from lineal.running import to_json
from lineal.store.statistics import with_statistics

VALUES: dict[str, Any] = {}


def kept(value: Any) -> Artifact:
    found = identify(value)
    VALUES[found.digest] = value
    return Artifact(digest=found.digest, kind=found.kind, type=found.type, profile=found.profile)


def frames(before: Artifact, after: Artifact) -> Any:
    loaded = VALUES[before.digest], VALUES[after.digest]
    return loaded if all(isinstance(v, pd.DataFrame) for v in loaded) else ""


def step(name: str, position: int, inputs: tuple[Input, ...], output: Artifact) -> Execution:
    return Execution(
        id=position, run_id="r", position=position, step=name, task=f"m:{name}",
        status=ExecutionStatus.EXECUTED, key=None, reason=Reason(cause=Cause.FIRST, text=""),
        inputs=inputs, outputs=(Output(name="result", digest=output.digest),),
    )  # fmt: skip


def side(name: str, value: Any, **given: Any) -> Side:
    return Side(reference=name, kind="artifact", artifact=kept(value), **given)


def test_profiles_name_the_changed_columns_without_loading():
    before = kept(pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0, 0]}))
    after = kept(pd.DataFrame({"a": [1, 3], "b": ["x", "y"], "d": [0.5, 0.5]}))
    found = data_change(before, after)
    assert [(c.name, c.status) for c in found.columns] == [
        ("a", Status.CHANGED), ("c", Status.REMOVED), ("d", Status.ADDED),
    ]  # fmt: skip
    assert (found.rows_before, found.rows_after, found.rows) == (2, 2, None)


def test_a_column_of_another_type_with_equal_items_is_retyped():
    one, other = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1.0, 2.0]})
    found = data_change(kept(one), kept(other), frames=(one, other), key=("a",))
    (column,) = found.columns
    assert column.retyped
    assert (column.type_before, column.type_after) == ("int64", "float64")
    assert column.rows_changed == 0
    assert found.rows is not None
    assert found.rows.unchanged == 2


def test_missing_items_and_bounds_are_told():
    one = pd.DataFrame({"t": pd.to_datetime(["2026-01-02", None], utc=True), "n": [None, None]})
    other = pd.DataFrame({"t": pd.to_datetime(["2026-01-01"] * 2, utc=True), "n": [1, None]})
    found = data_change(kept(one), kept(other), frames=(one, other))
    columns = {c.name: c for c in found.columns}
    assert (columns["t"].nulls_before, columns["t"].nulls_after) == (1, 0)
    assert columns["t"].min_after == "2026-01-01 00:00:00+00:00"
    assert (columns["n"].min_before, columns["n"].max_after) == (None, "1.0")


def test_words_without_an_order_have_no_bounds():
    one = pd.DataFrame({"c": pd.Categorical(["a", "b"])})
    other = pd.DataFrame({"c": pd.Categorical(["a", "a"])})
    (column,) = data_change(kept(one), kept(other), frames=(one, other)).columns
    assert (column.min_before, column.nulls_before) == (None, 0)


def test_two_values_that_were_asked_about_are_refused_where_the_key_is_not_theirs():
    one, other = side("a", pd.DataFrame({"x": [1]})), side("b", pd.DataFrame({"x": [2]}))
    with pytest.raises(UserError, match="no column 'id'"):
        compare(one, other, frames, ["id"])


def test_a_key_is_refused_where_two_versions_of_a_dataset_are_not_both_tables():
    one, other = side("a", {"x": 1}), side("b", pd.DataFrame({"x": [1]}))
    versions = [replace(thing, kind="dataset version") for thing in (one, other)]
    with pytest.raises(UserError, match="a and b are not both tables"):
        compare(*versions, frames, ["x"])
    # Of what else there is, it tells apart the rows of the tables that it was made from.
    assert compare(one, other, frames, ["x"]).data[0].rows is None


def test_values_on_the_way_are_compared_as_wholes_where_the_key_is_not_theirs():
    def made(table: pd.DataFrame) -> Side:
        artifact = kept(table)
        return Side(
            reference="r", kind="run", executions=(step("load", 1, (), artifact),),
            artifacts={artifact.digest: artifact},
        )  # fmt: skip

    found = compare(made(pd.DataFrame({"x": [1]})), made(pd.DataFrame({"x": [2]})), frames, ["id"])
    (change,) = found.data
    assert (change.name, change.role) == ("load.result", "output")
    assert change.rows is not None
    assert change.rows.key == ()


def test_a_value_under_two_names_is_told_of_once():
    def made(number: int) -> Side:
        artifact = kept(number)
        steps = (step("a", 1, (), artifact), step("b", 2, (), artifact))
        return Side(
            reference="r", kind="run", executions=steps, artifacts={artifact.digest: artifact}
        )

    assert [change.name for change in compare(made(1), made(2), frames).data] == ["a.result"]


def test_things_that_are_alike_are_the_same():
    one = side("a", [1, 2])
    found = compare(one, side("b", [1, 2]), frames)
    assert found.same
    assert not compare(one, side("b", [1, 3]), frames).same


def test_what_is_not_recorded_is_said():
    notes = compare(side("a", 1), side("b", 2), frames).notes
    assert notes == (
        "Which steps made a is not recorded.",
        "Which steps made b is not recorded.",
    )


def test_metrics_move_absolutely_and_relatively():
    found = {
        c.name: c
        for c in metric_changes(
            {"auc": 0.8, "zero": 0.0, "nan": math.nan, "gone": 1.0, "inf": 1.0, "loss": -2.0},
            {"auc": 0.9, "zero": 1.0, "nan": math.nan, "new": 1.0, "inf": math.inf, "loss": -1.0},
        )
    }
    assert set(found) == {"auc", "zero", "gone", "new", "inf", "loss"}
    assert found["auc"].relative == pytest.approx(0.125)
    assert (found["zero"].absolute, found["zero"].relative) == (1.0, None)
    assert (found["gone"].status, found["new"].status) == (Status.REMOVED, Status.ADDED)
    assert found["inf"].absolute is None
    assert found["loss"].relative == pytest.approx(0.5)


def test_settings_differ_by_name():
    found = value_changes({"a": "1", "b": "2"}, {"b": "3", "c": "4"})
    assert [(c.name, c.status, c.before, c.after) for c in found] == [
        ("a", Status.REMOVED, "1", None),
        ("b", Status.CHANGED, "2", "3"),
        ("c", Status.ADDED, None, "4"),
    ]


def test_packages_that_the_code_uses_come_first():
    def place(python: str, **distributions: str) -> Environment:
        return Environment(
            digest=Digest("xxh3:1"), python=python, platform="p", cpu="c", cpu_count=2,
            distributions=distributions,
        )  # fmt: skip

    one, other = place("3.11", a="1", pandas="2", same="1"), place("3.12", pandas="3", same="1")
    found = environment_change(one, other, {"pandas"})
    assert [(p.name, p.status, p.reached) for p in found.packages] == [
        ("pandas", Status.CHANGED, True),
        ("a", Status.REMOVED, False),
    ]
    assert [(f.name, f.before, f.after) for f in found.facts] == [("python", "3.11", "3.12")]
    assert environment_change(None, other).packages == ()


def test_steps_and_flows_come_and_go():
    value = kept(1)

    def flow(name: str, source: str) -> Input:
        return Input(name=name, digest=value.digest, source=Source(step=source, output="result"))

    before = [step("load", 1, (), value), step("fit", 2, (flow("x", "load"),), value)]
    after = [
        step("load", 1, (), value), step("clean", 2, (flow("x", "load"),), value),
        step("fit", 3, (flow("x", "clean"),), value),
    ]  # fmt: skip
    found = shape_change(before, after)
    assert found.steps_added == ("clean",)
    assert found.steps_removed == ()
    assert found.flows_added == (
        Flow(source="load.result", target="clean.x"),
        Flow(source="clean.result", target="fit.x"),
    )
    assert found.flows_removed == (Flow(source="load.result", target="fit.x"),)


def test_a_difference_is_json():
    one, other = side("a", pd.DataFrame({"x<b>": [1]})), side("b", pd.DataFrame({"x<b>": [2]}))
    found: Difference = compare(one, other, frames, ["x<b>"])
    text = json.loads(json.dumps(to_json(found)))
    assert text["data"][0]["columns"][0]["name"] == "x<b>"
    assert text["data"][0]["rows"]["added"] == 1


def test_columns_are_told_from_what_was_recorded_where_tables_are_not_at_hand():
    def told(items: list[float | None]) -> Artifact:
        frame = pd.DataFrame({"a": items, "b": 1})
        found = identify(frame)
        profile = with_statistics(frame, found.profile)
        return Artifact(digest=found.digest, kind="frame", type=found.type, profile=profile)

    change = data_change(told([1.0, 2.0]), told([1.0, None]), note="its bytes are gone")
    (column,) = change.columns
    assert (column.nulls_before, column.nulls_after) == (0, 1)
    assert (column.max_before, column.max_after) == ("2.0", "1.0")
    # Records of before have none.
    (column,) = data_change(kept(pd.DataFrame({"a": [1]})), kept(pd.DataFrame({"a": [2]}))).columns
    assert (column.nulls_before, column.max_after) == (None, None)
