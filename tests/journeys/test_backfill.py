"""Past runs sent as OpenLineage events, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PIPELINE = """
from lineal import pipeline, task

@task
def double(n: int) -> list[int]:
    return [n, n]

@task
def total(numbers: list[int]) -> int:
    return sum(numbers)

@pipeline
def study(n: int = 1):
    return total(double(n))
"""


@pytest.fixture
def lineal(command, tmp_path, monkeypatch):
    """Runs a command in a folder with three runs; gives what it printed, or its complaint."""
    monkeypatch.chdir(tmp_path)
    Path("study.py").write_text(PIPELINE)

    for n in (1, 2, 2):
        command("run", "study.py", "-p", f"n={n}")
    return command


def states(events):
    return [(e["job"]["name"].rpartition(".")[2], e["eventType"]) for e in events]


def test_runs_go_into_a_file_once_and_later_ones_are_added(lineal):
    assert "sent 3 runs as 18 events" in lineal("backfill", "--openlineage", "out.ndjson")
    text = Path("out.ndjson").read_text()
    assert "3 were sent before" in lineal("backfill", "--openlineage", "out.ndjson")
    assert Path("out.ndjson").read_text() == text
    lineal("run", "study.py", "-p", "n=3")
    done = json.loads(lineal("backfill", "--openlineage", "out.ndjson", "--json"))
    assert done == {"to": "out.ndjson", "runs": 1, "events": 6, "passed_over": 3}
    events = [json.loads(line) for line in Path("out.ndjson").read_text().splitlines()]
    assert Path("out.ndjson").read_text().startswith(text)
    assert len({(e["run"]["runId"], e["eventType"]) for e in events}) == len(events) == 24


def test_runs_go_to_an_endpoint_once_oldest_first(lineal, endpoint):
    lineal("backfill", "--openlineage", endpoint.url)
    assert len(endpoint.events) == 18
    assert states(endpoint.events[:6]) == [
        ("study:study", "START"), ("double", "START"), ("double", "COMPLETE"), ("total", "START"),
        ("total", "COMPLETE"), ("study:study", "COMPLETE"),
    ]  # fmt: skip
    begun = [e["eventTime"] for e in endpoint.events if e["job"]["name"] == "study:study"]
    assert begun == sorted(begun)
    assert "sent 0 runs as 0 events" in lineal("backfill", "--openlineage", endpoint.url)
    assert "sent 3 runs" in lineal("backfill", "--openlineage", endpoint.url, "--again")
    # What is sent again is the same, to the letter.
    assert endpoint.events[:18] == endpoint.events[18:]


def test_what_was_interrupted_goes_on_where_it_stopped(lineal, endpoint):
    endpoint.answer = lambda event: 201 if len(endpoint.events) < 8 else 422
    complaint = lineal("backfill", "--openlineage", endpoint.url, exits=1)
    assert complaint.startswith("Run #2 was not taken: ")
    assert "answered 422" in complaint
    assert "1 of 3 runs were sent; the same command goes on" in complaint
    endpoint.answer = lambda _event: 201
    assert "sent 2 runs as 12 events" in lineal("backfill", "--openlineage", endpoint.url)
    assert len({(e["run"]["runId"], e["eventType"]) for e in endpoint.events}) == 18


def test_only_some_runs_are_sent(lineal):
    def sent(file: str, *options: str) -> int:
        done = json.loads(lineal("backfill", "--openlineage", file, *options, "--json"))
        return done["runs"]

    assert sent("a", "--where", "params.n = '2'") == 2
    assert sent("b", "--since", "2999-01-01") == 0
    assert sent("c", "--since", "2000-01-01T00:00+02:00", "--where", "params.n = '1'") == 1
    assert sent("d", "--where", "params.n = '1' or params.n = '2'", "--since", "2999-01-01") == 0
    assert [sent("e", "--limit", "2") for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "yesterday"), "'yesterday' is no time"),
        (("--where", "n"), "filter can't be understood"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_sent(lineal, words, said):
    assert said in lineal("backfill", "--openlineage", "out.ndjson", *words, exits=2)
    assert not Path("out.ndjson").exists()


def test_lineage_tells_openlineage_of_whole_runs(lineal):
    events = json.loads(lineal("lineage", "3", "--format", "openlineage"))
    # Run 3 reused all of it from run 2, which is in its lineage.
    assert len(events) == 12
    reused = [e for e in events if "tags" in e["run"]["facets"]]
    assert states(reused) == [
        ("double", "START"), ("total", "START"), ("total", "COMPLETE"), ("double", "COMPLETE")
    ]  # fmt: skip
