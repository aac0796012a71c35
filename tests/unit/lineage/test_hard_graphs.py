"""Lineage where it is hard: shared content, reuse, moved files, diamonds, many versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineal import pipeline, task
from lineal.errors import UserError
from lineal.records import ExecutionStatus, NodeKind, Relation

from .conftest import digest


@pytest.fixture(params=["sqlite", "postgresql"], autouse=True)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The walks are written in SQL that both databases must take alike."""
    if request.param == "postgresql":
        monkeypatch.setenv("LINEAL_CATALOG", request.getfixturevalue("new_postgresql")())
    return str(request.param)


_RUN = NodeKind.RUN


def executions(graph) -> list[str]:
    return sorted(n.id for n in graph.of_kind(NodeKind.EXECUTION))


def makers(graph, artifact: str) -> dict[str, bool]:
    return {
        e.target: e.actual
        for e in graph.causes[f"artifact:{digest(artifact)}"]
        if e.relation is Relation.GENERATED_BY
    }


def test_content_of_two_runs_has_both_histories_and_says_which_one_a_model_used(story, workspace):
    first, second = story.run(), story.run()
    for run in (first, second):
        story.step(run, "load", reads=f"{run}.csv", content=f"file {run}", gives=["data"])
    fitted = story.step(second, "fit", takes=[("load", "data")], gives=["model"])
    story.model(1, 1, "model", fitted)
    graph = workspace.lineage("fraud@v1")
    assert makers(graph, "data") == {"execution:1.1": False, "execution:2.1": True}
    assert {n.label for n in graph.of_kind(NodeKind.ARTIFACT) if "paths" in n.facts} == {
        "1.csv",
        "2.csv",
    }


def test_a_version_says_which_of_two_executions_it_was_taken_from(story, workspace):
    for run in (story.run(), story.run()):
        fitted = story.step(run, "fit", gives=["model"], settings={"depth": str(run)})
    story.model(1, 1, "model", fitted)
    assert makers(workspace.lineage("fraud@v1"), "model") == {
        "execution:1.1": False,
        "execution:2.1": True,
    }
    assert makers(workspace.lineage("1:fit"), "model") == {
        "execution:1.1": True,
        "execution:2.1": False,
    }


def test_the_step_that_was_used_is_the_one_it_reused(story, workspace):
    first, other, last = story.run(), story.run(), story.run()
    made = story.step(first, "load", gives=["data"])
    story.step(other, "load", gives=["data"], settings={"x": "2"})
    story.step(last, "load", gives=["data"], reuses=made)
    story.step(last, "fit", takes=[("load", "data")], gives=["model"])
    graph = workspace.lineage("3:fit")
    assert executions(graph) == ["execution:1.1", "execution:2.1", "execution:3.2"]
    assert makers(graph, "data") == {"execution:1.1": True, "execution:2.1": False}


def test_a_run_that_reused_all_shows_the_executions_that_made_it(story, workspace):
    first, second = story.run(), story.run()
    made = story.step(first, "load", gives=["data"])
    fitted = story.step(first, "fit", takes=[("load", "data")], gives=["model"])
    story.step(second, "load", gives=["data"], reuses=made)
    story.step(second, "fit", takes=[("load", "data")], gives=["model"], reuses=fitted)
    graph = workspace.lineage("2")
    assert graph.roots == ("run:2", "execution:1.2")
    assert executions(graph) == ["execution:1.1", "execution:1.2"]


def test_where_nothing_tells_which_it_was_all_are_taken_for_true(story, workspace):
    for run in (story.run(), story.run()):
        story.step(run, "write", gives=["file"], settings={"run": str(run)})
    reader = story.run()
    story.step(reader, "read", takes=[(None, "file")], gives=["data"])
    assert set(makers(workspace.lineage("3:read"), "file").values()) == {True}


def test_equal_numbers_do_not_join_what_has_nothing_to_do_with_each_other(story, workspace):
    one, other = story.run(), story.run()
    story.step(one, "count", gives=["setting 3"])
    story.step(other, "fit", gives=["model"], settings={"depth": "3"})
    assert executions(workspace.lineage("2:fit")) == ["execution:2.1"]
    assert executions(workspace.lineage("1:count", "down")) == []
    assert workspace.lineage("2:fit").nodes["execution:2.1"].facts["params"] == {"depth": "3"}


def test_a_diamond_is_counted_once(story, workspace):
    run = story.run()
    story.step(run, "load", gives=["data"])
    for side in ("left", "right"):
        story.step(run, side, takes=[("load", "data")], gives=[side])
    story.step(run, "join", takes=[("left", "left"), ("right", "right")], gives=["both"])
    graph = workspace.lineage("1:join")
    assert len(graph.of_kind(NodeKind.ARTIFACT)) == 4
    assert len(executions(graph)) == 4
    used = [e for e in graph.edges if e.relation is Relation.USED]
    assert len(used) == 4


def test_a_step_that_returns_what_it_was_given_comes_to_an_end(story, workspace):
    run = story.run()
    story.step(run, "load", gives=["data"])
    story.step(run, "check", takes=[("load", "data")], gives=["data"])
    story.step(run, "fit", takes=[("check", "data")], gives=["model"])
    graph = workspace.lineage("1:fit")
    assert executions(graph) == ["execution:1.1", "execution:1.2", "execution:1.3"]
    assert len(workspace.lineage("1:fit", depth=50).nodes) == len(graph.nodes)
    assert len(workspace.lineage("1:load", "down").of_kind(NodeKind.ARTIFACT)) == 2


def test_a_hundred_versions_of_a_model_hang_together(story, workspace):
    run = story.run()
    story.step(run, "load", reads="x.csv", content="file", gives=["data"])
    for version in range(1, 101):
        fitted = story.step(run, f"fit-{version}", takes=[("load", "data")], gives=[f"m{version}"])
        story.model(version, version, f"m{version}", fitted)
        story.deploy(version, version)
    below = workspace.lineage(digest("file"), "down")
    assert len(below.models()) == len(below.deployments()) == 100
    revisions = [e for e in below.edges if e.relation is Relation.REVISION_OF]
    assert len(revisions) == 99 + 99
    assert [n.id for n in below.deployments() if n.facts["current"]] == ["deployment:100"]
    above = workspace.lineage("fraud@v7")
    assert [n.label for n in above.models()] == ["fraud@v7"]
    assert above.deployments() == []


def test_a_deployment_leads_to_its_version_and_all_that_made_it(story, workspace):
    run = story.run()
    loaded = story.step(run, "load", reads="x.csv", content="file", gives=["data"])
    fitted = story.step(run, "fit", takes=[("load", "data")], gives=["model"])
    story.dataset("data", 1, loaded)
    story.model(1, 1, "model", fitted)
    story.deploy(1, 1)
    graph = workspace.lineage("fraud@production")
    assert graph.roots == ("deployment:1",)
    way = [n.label for n in graph.path("deployment:1", f"artifact:{digest('file')}")]
    assert way[:2] == ["production: fraud@v1", "fraud@v1"]
    assert way[3:] == ["fit", "in0: frame", "load", "x.csv"]
    assert [n.label for n in graph.datasets()] == ["transactions@v1"]
    assert workspace.path("transactions@v1", "fraud@production")[-1].label == "in0: frame"
    assert workspace.path("fraud@production", "fraud@production")[0].kind is NodeKind.DEPLOYMENT


def test_a_failed_step_is_seen_to_have_used_data_and_leads_no_further(story, workspace):
    run = story.run()
    story.step(run, "load", gives=["data"])
    failed = ExecutionStatus.FAILED
    story.step(run, "fit", takes=[("load", "data")], status=failed)
    graph = workspace.lineage("1:load", "down")
    assert {n.facts["status"] for n in graph.of_kind(NodeKind.EXECUTION)} == {"failed"}


def test_limits_are_kept_and_told(story, workspace):
    run = story.run()
    story.step(run, "s0", gives=["a0"])
    for place in range(1, 30):
        story.step(
            run, f"s{place}", takes=[(f"s{place - 1}", f"a{place - 1}")], gives=[f"a{place}"]
        )
    cut = workspace.lineage("1:s29", limit=10)
    assert cut.truncated
    assert {n.facts["digest"] for n in cut.of_kind(NodeKind.ARTIFACT)} == {
        digest(f"a{place}") for place in range(20, 30)
    }
    assert not workspace.lineage("1:s29", limit=30).truncated
    near = workspace.lineage("1:s29", depth=2)
    assert not near.truncated
    assert executions(near) == ["execution:1.29", "execution:1.30"]
    assert len(workspace.lineage("1:s29", depth=0).of_kind(NodeKind.ARTIFACT)) == 1
    assert len(workspace.lineage("1:s10", "both", depth=1).of_kind(NodeKind.ARTIFACT)) == 3
    with pytest.raises(UserError, match="sideways"):
        workspace.lineage("1:s29", "sideways")


def test_impact_comes_in_pages_and_holds_what_lineage_down_holds(story, workspace):
    run = story.run()
    story.step(run, "load", reads="x.csv", content="file", gives=["data"])
    for place in range(25):
        fitted = story.step(run, f"fit-{place}", takes=[("load", "data")], gives=[f"m{place}"])
    story.model(1, 1, "m24", fitted)
    story.deploy(1, 1)
    pages = list(workspace.impact(digest("file"), page=10))
    assert len(pages) >= 3
    found = {id_ for page in pages for id_ in page.nodes}
    assert found == set(workspace.lineage(digest("file"), "down").nodes)
    assert "deployment:1" in found
    assert not any(page.truncated for page in pages)
    cut = list(workspace.impact(digest("file"), page=10, limit=12))
    assert cut[-1].truncated
    assert sum(len(page.of_kind(NodeKind.MODEL)) for page in cut) <= 1


def test_impact_names_the_runs_that_only_reused_what_used_a_thing(story, workspace):
    first, again, mixed, apart = story.run(), story.run(), story.run(), story.run()
    read = story.step(first, "load", reads="x.csv", content="file", gives=["data"])
    story.step(again, "load", gives=["data"], reuses=read)
    story.step(mixed, "load", gives=["data"], reuses=read)
    story.step(mixed, "fit", takes=[("load", "data")], gives=["model"])
    story.step(apart, "other", gives=["else"])

    def named(reference, **options):
        pages = list(workspace.impact(reference, **options))
        runs = {n.label: n.facts.get("reused") for p in pages for n in p.of_kind(NodeKind.RUN)}
        assert all(page.roots or page is pages[-1] for page in pages)
        return runs, any(page.truncated for page in pages)

    three = {"run #1 run-1": None, "run #2 run-2": True, "run #3 run-3": None}
    assert named(digest("file")) == (three, False)
    assert named(digest("file"), page=1) == (three, False)
    assert named(digest("model")) == ({}, False)
    assert "run #2 run-2" in named("1")[0]
    # Of a run that was asked about, what it reused was not made of it.
    assert named("2")[0] == {"run #1 run-1": None, "run #2 run-2": None, "run #3 run-3": None}
    for _ in range(3):
        story.step(story.run(), "load", gives=["data"], reuses=read)
    runs, cut = named(digest("file"), limit=3)
    assert cut
    assert sum(how is True for how in runs.values()) == 3


def test_a_run_that_came_to_an_equal_value_by_itself_did_not_reuse_what_went_into_the_other(
    story, workspace
):
    one, equal, same = story.run(), story.run(), story.run()
    count = story.step(one, "count", reads="a.csv", content="a", gives=["2"], small=True)
    double = story.step(one, "double", takes=[("count", "2")], gives=["4"], small=True)
    story.step(equal, "choose", reads="b.csv", content="b", gives=["2"], small=True)
    story.step(equal, "double", takes=[("choose", "2")], gives=["4"], small=True, reuses=double)
    story.step(same, "count", reads="a.csv", content="a", gives=["2"], small=True, reuses=count)
    story.step(same, "double", takes=[("count", "2")], gives=["4"], small=True, reuses=double)

    def runs(reference):
        pages = list(workspace.impact(reference))
        return {n.facts["number"]: "reused" in n.facts for p in pages for n in p.of_kind(_RUN)}

    assert runs(digest("a")) == {one: False, same: True}
    assert runs("1:count") == {one: False, same: True}
    # What it reused was executed in the first run.
    assert runs(digest("b")) == {one: False, equal: False}
    assert runs(digest("2")) == {one: False, equal: True, same: True}


def test_a_run_that_reused_with_equal_data_had_the_data(story, workspace):
    one, equal = story.run(), story.run()
    story.step(one, "load", reads="a.csv", content="a", gives=["data"])
    story.step(one, "count", takes=[("load", "data")], gives=["2"], small=True)
    fit = story.step(one, "fit", takes=[("load", "data"), ("count", "2")], gives=["model"])
    story.step(equal, "fetch", gives=["data"])
    story.step(equal, "choose", gives=["2"], small=True)
    story.step(
        equal, "fit", takes=[("fetch", "data"), ("choose", "2")], gives=["model"], reuses=fit
    )
    pages = list(workspace.impact(digest("data")))
    assert {n.facts["number"] for p in pages for n in p.of_kind(_RUN)} == {one, equal}


def test_a_run_whose_last_step_gave_back_what_it_was_given_has_that_step_for_its_end(
    story, workspace
):
    run = story.run()
    story.step(run, "load", gives=["data"])
    story.step(run, "check", takes=[("load", "data")], gives=["data"])
    graph = workspace.lineage("1")
    assert graph.roots == ("run:1", "execution:1.2")
    assert executions(graph) == ["execution:1.1", "execution:1.2"]


def test_a_run_that_came_back_to_what_it_had_read_has_its_last_step_for_its_end(story, workspace):
    run = story.run()
    story.step(run, "double", takes=[(None, "data")], gives=["more"])
    story.step(run, "halve", takes=[("double", "more")], gives=["data"])
    assert workspace.lineage("1").roots == ("run:1", "execution:1.2")


@task
def read(csv: Path) -> str:
    return csv.read_text()


@task
def shout(text: str) -> str:
    return text.upper()


@task
def chunks(text: str) -> list[str]:
    return [text * n for n in range(1, 1001)]


@task
def size(text: str) -> list[int]:
    return [len(text)]


@task
def total(sizes: list[list[int]]) -> int:
    return sum(n for size in sizes for n in size)


@pipeline
def inner(csv: Path) -> str:
    return shout(read(csv))


@pipeline
def outer(csv: Path) -> str:
    return shout(inner(csv))


@pipeline
def many(csv: Path) -> int:
    return total(size.map(chunks(read(csv))))


def test_a_file_that_was_moved_and_read_again_is_the_same(workspace, tmp_path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("hello")
    inner.run(csv=one)
    one.replace(other)
    inner.run(csv=other)
    graph = workspace.lineage(str(other), "down")
    (file,) = [n for n in graph.of_kind(NodeKind.ARTIFACT) if n.facts["kind"] == "file"]
    assert file.facts["paths"] == [one.as_posix(), other.as_posix()]
    assert len(executions(graph)) == 2
    assert workspace.lineage(str(one), "down").roots == graph.roots
    assert len(workspace.lineage("2:shout").of_kind(NodeKind.EXECUTION)) == 2


def test_steps_of_pipelines_inside_pipelines_hang_together(workspace, tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    outer.run(csv=tmp_path / "x.txt")
    graph = workspace.lineage("1:shout")
    assert {"inner/read", "inner/shout"} <= {n.label for n in graph.of_kind(NodeKind.EXECUTION)}
    assert workspace.path("1:shout", str(tmp_path / "x.txt"))[-1].facts["kind"] == "file"
    assert workspace.lineage("1:inner/read").roots


def test_a_map_of_a_thousand_leads_back_to_the_file(workspace, tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    many.run(csv=tmp_path / "x.txt")
    graph = workspace.lineage("1:total")
    assert len(graph.of_kind(NodeKind.EXECUTION)) == 1003
    parts = [e for e in graph.edges if e.relation is Relation.DERIVED_FROM]
    assert len(parts) == 1000
    assert workspace.path("1:total", str(tmp_path / "x.txt"))


@task
def counted(rows: int) -> int:
    return rows // 10


@task
def chosen(depth: int) -> int:
    return depth


@task
def grown(trees: int) -> list[int]:
    return [trees] * 3 + list(range(100))


@pipeline
def counting(rows: int = 20) -> list[int]:
    return grown(counted(rows))


@pipeline
def choosing(depth: int = 2) -> list[int]:
    return grown(chosen(depth))


def labels(graph) -> set[tuple[int, str]]:
    return {(n.facts["run"], n.label) for n in graph.of_kind(NodeKind.EXECUTION)}


def test_equal_small_outputs_do_not_join_histories(story, workspace):
    one, other = story.run(), story.run()
    for run, name in ((one, "count"), (other, "choose")):
        story.step(run, name, gives=["2"], small=True)
        story.step(run, "fit", takes=[(name, "2")], gives=[f"model {run}"])
    assert labels(workspace.lineage("1:fit")) == {(1, "count"), (1, "fit")}
    assert labels(workspace.lineage("1:count", "down")) == {(1, "fit")}
    assert labels(workspace.lineage("2:choose", "down")) == {(2, "fit")}
    pages = list(workspace.impact("2:choose"))
    assert {pair for page in pages for pair in labels(page)} == {(2, "fit")}
    # Asked about as such, a value is all of its kind, each in its own place.
    graph = workspace.lineage(digest("2"), "both")
    assert len(graph.roots) == 2
    for root in graph.roots:
        reached = labels(graph.upstream(root)) | labels(graph.downstream(root))
        assert len({run for run, _ in reached}) == 1


def test_a_step_that_was_reused_because_its_input_was_equal_is_downstream_of_both(workspace):
    """Early cutoff: what an upstream step made anew equals what was used before."""
    counting.run(rows=20)
    counting.run(rows=29)  # counted is executed and gives 2 again, so grown is reused
    again = workspace.get_run("2")
    assert again.execution("grown").status is ExecutionStatus.REUSED
    assert labels(workspace.lineage("2:counted", "down")) == {(1, "grown")}
    graph = workspace.lineage("1:grown")
    assert labels(graph) == {(1, "counted"), (2, "counted"), (1, "grown")}
    used = {
        graph.nodes[e.target].id.partition("@")[2]: e.actual
        for e in graph.edges
        if e.relation is Relation.USED
    }
    assert used == {"1.1": True, "2.1": False}
    # Another pipeline's equal number, that grown was reused with, is a history of its own too.
    choosing.run(depth=2)
    assert labels(workspace.lineage("3:chosen", "down")) == {(1, "grown")}


def test_a_small_value_that_was_given_a_name_is_data(story, workspace):
    one, other = story.run(), story.run()
    first = story.step(one, "count", gives=["2"], small=True)
    story.step(other, "choose", gives=["2"], small=True)
    workspace.services.catalog.names.name_dataset("threshold", digest("2"), first)
    story.step(other, "fit", takes=[("choose", "2")], gives=["model"])
    assert labels(workspace.lineage("2:fit")) == {(1, "count"), (2, "choose"), (2, "fit")}
    assert makers(workspace.lineage("2:fit"), "2") == {
        "execution:1.1": False,
        "execution:2.1": True,
    }
    third = story.run()
    story.step(third, "count", gives=["2"], small=True)
    assert (3, "count") in labels(workspace.lineage("2:fit"))
