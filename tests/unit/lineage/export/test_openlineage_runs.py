"""OpenLineage events of whole runs: the pipeline's own, and one pair for every step."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pandas as pd
import pytest

from lineal import Metrics, Workspace, dataset, pipeline, task
from lineal.backfill.backfilling import events_of
from lineal.lineage.export import write

from .openlineage_schema import by_run, check


@task(outputs={"rows": dataset("sales")})
def load(csv: Path) -> pd.DataFrame:
    return pd.read_csv(csv)


@task
def scale(rows: pd.DataFrame, factor: int, words: str = "a “b” <c>") -> pd.DataFrame:
    if factor == 0:
        raise ValueError("no factor")
    return rows * factor


@task
def total(rows: pd.DataFrame) -> Metrics:
    return Metrics(total=float(rows["a"].sum()))


@pipeline
def sales(csv: Path, factor: int = 2) -> Metrics:
    return total(scale(load(csv), factor))


@pytest.fixture
def workspace(store, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n")
    with Workspace.open() as opened:
        yield opened


def told(workspace, run, **by_job):
    """The events of a run by the last part of their job's name."""
    id_, events = events_of(workspace.services.catalog, run.number)
    runs = by_run(check(events))
    assert events[0]["run"]["runId"] == id_
    return {pair[0]["job"]["name"].rpartition(".")[2]: pair for pair in runs.values()}


def run(workspace, tmp_path, **arguments):
    return workspace.run(sales, {"csv": tmp_path / "x.csv", **arguments})


def names(datasets):
    return [d["name"] for d in datasets]


def test_a_run_starts_and_completes_around_its_steps(workspace, tmp_path):
    done = run(workspace, tmp_path)
    found = told(workspace, done)
    whole = next(pair for name, pair in found.items() if name.endswith("sales"))
    assert [event["eventType"] for event in whole] == ["START", "COMPLETE"]
    assert whole[0]["run"]["runId"] == str(UUID(done.id))
    assert whole[0]["job"]["facets"]["jobType"]["jobType"] == "DAG"
    assert whole[0]["run"]["facets"]["processing_engine"]["name"] == "lineal"
    given = whole[0]["run"]["facets"]["executionParameters"]["parameters"]
    assert {"key": "factor", "value": "2"} in given
    start, end = (datetime.fromisoformat(event["eventTime"]) for event in whole)
    for step in ("load", "scale", "total"):
        for event in found[step]:
            assert start <= datetime.fromisoformat(event["eventTime"]) <= end
            parent = event["run"]["facets"]["parent"]
            assert parent["run"]["runId"] == whole[0]["run"]["runId"]
            assert parent["job"]["name"] == whole[0]["job"]["name"]
            assert event["job"]["name"] == f"{whole[0]['job']['name']}.{step}"


def test_steps_tell_what_they_took_and_gave_with_schema_and_version(workspace, tmp_path):
    found = told(workspace, run(workspace, tmp_path))
    (csv,) = found["load"][1]["inputs"]
    assert csv["facets"]["version"]["datasetVersion"] == csv["name"]
    (rows,) = found["load"][1]["outputs"]
    assert rows["name"] == "sales"
    assert rows["facets"]["version"]["datasetVersion"] == "1"
    assert [f["name"] for f in rows["facets"]["schema"]["fields"]] == ["a", "b"]
    assert rows["outputFacets"]["outputStatistics"]["rowCount"] == 2
    start, end = found["scale"]
    assert names(start["inputs"]) == names(end["inputs"]) == ["sales"]
    assert start["outputs"] == []
    assert names(found["scale"][1]["outputs"]) == names(found["total"][0]["inputs"])
    settings = start["run"]["facets"]["executionParameters"]["parameters"]
    assert settings == [
        {"key": "factor", "value": "2"}, {"key": "words", "value": "a “b” <c>"}
    ]  # fmt: skip


def test_a_reused_step_says_so_and_whose_outputs_it_has(workspace, tmp_path):
    first = told(workspace, run(workspace, tmp_path))
    second = told(workspace, run(workspace, tmp_path, factor=3))
    start, end = second["load"]
    tags = {tag["key"]: tag["value"] for tag in start["run"]["facets"]["tags"]["tags"]}
    assert tags == {
        "lineal.reused": "true",
        "lineal.reused_from": first["load"][0]["run"]["runId"],
    }
    assert start["run"]["runId"] != first["load"][0]["run"]["runId"]
    assert (names(end["inputs"]), names(end["outputs"])) == (
        names(first["load"][1]["inputs"]), ["sales"]
    )  # fmt: skip
    assert "tags" not in second["scale"][0]["run"]["facets"]


def test_a_failure_is_told_with_its_error_and_what_never_began_is_not(workspace, tmp_path):
    found = told(workspace, run(workspace, tmp_path, factor=0))
    assert set(found) == {"load", "scale", next(n for n in found if n.endswith("sales"))}
    assert [event["eventType"] for event in found["scale"]] == ["START", "FAIL"]
    assert found["scale"][1]["run"]["facets"]["errorMessage"]["message"] == "ValueError: no factor"
    whole = next(pair for name, pair in found.items() if name.endswith("sales"))
    assert [event["eventType"] for event in whole] == ["START", "FAIL"]


def test_the_events_of_a_run_are_the_same_each_time(workspace, tmp_path):
    done = run(workspace, tmp_path)
    catalog = workspace.services.catalog
    assert events_of(catalog, done.number) == events_of(catalog, done.number)


def test_a_graph_tells_of_an_execution_under_the_same_id(workspace, tmp_path):
    done = run(workspace, tmp_path)
    graph = workspace.lineage(done.id)
    in_graph = by_run(check(json.loads(write(graph, "openlineage"))))
    whole = by_run(workspace.openlineage(graph))
    assert in_graph.keys() < whole.keys()
    assert len(whole) == 4
