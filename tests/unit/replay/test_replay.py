"""Replays come out identical, or say where, by how much and why they do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lineal.errors import UserError
from lineal.records import RunRecord
from lineal.replay import Asked, Report, Tolerance, Verdict, facts_of, write_report
from lineal.workspace import Workspace

from .conftest import Project

pytestmark = pytest.mark.slow


def verdicts(report: Report) -> dict[str, str]:
    return {step.step: step.verdict.value for step in report.steps}


def first(report: Report) -> tuple[str, str]:
    assert report.first is not None
    return report.first.step, " ".join(report.first.causes)


def test_a_run_replays_identical_without_its_working_tree(
    project: Project, workspace: Workspace, elsewhere: Callable[[], Path]
) -> None:
    record = project.run(workspace)
    elsewhere()
    report = workspace.replay(record.id)
    assert verdicts(report) == dict.fromkeys(("load", "grow", "count"), "identical")
    assert report.accepted
    again = workspace.get_run(f"#{report.replays[0]}")
    assert again.tags["lineal.replay_of"] == record.id
    assert [e.status.value for e in again.executions] == ["executed"] * 4


def test_the_report_is_an_artifact_that_lineage_leads_from(
    project: Project, workspace: Workspace
) -> None:
    record = project.run(workspace)
    report = workspace.replay(record.id)
    kept = json.loads(workspace.get(f"{report.replays[0]}:replay-report"))
    assert kept["run"] == record.id
    graph = workspace.lineage(f"{report.replays[0]}:replay-report")
    made = {f"artifact:{o.digest}" for e in record.executions for o in e.outputs}
    assert made <= graph.nodes.keys()


def test_a_file_swapped_under_the_same_name_does_not_leak_in(
    project: Project, workspace: Workspace
) -> None:
    record = project.run(workspace)
    project.csv.write_text("x,y\n9.0,a\n9.0,b\n")
    assert workspace.replay(record.id).accepted
    report = workspace.replay(record.id, Asked(data="current"))
    step, cause = first(report)
    assert step == "load"
    assert cause == "data: what lies at data/x.csv has changed (csv)"
    assert verdicts(report)["count"] == "different"


def test_a_path_that_the_body_names_itself_comes_from_the_store(
    project: Project, workspace: Workspace, elsewhere: Callable[[], Path]
) -> None:
    text = project.main.read_text().replace("load(csv)", 'load(Path("data/x.csv"))')
    project.main.write_text(text)
    record = project.run(workspace)
    elsewhere()
    assert verdicts(workspace.replay(record.id))["load"] == "identical"


def test_a_changed_parameter_shows_the_first_step_that_differs_and_its_cells(
    project: Project, workspace: Workspace
) -> None:
    record = project.run(workspace)
    report = workspace.replay(record.id, Asked(params=("factor=3",)))
    assert verdicts(report) == {"load": "identical", "grow": "different", "count": "different"}
    step, cause = first(report)
    assert step == "grow"
    assert cause == "parameter: factor was 2.0 and is 3.0"
    (column,) = report.first.outputs["result"]["columns"]  # type: ignore[union-attr]
    assert (column["name"], column["cells"], column["largest"]) == ("x", 2, 2.0)
    assert column["first"] == "[0] 2.0 -> 3.0"
    below = next(s for s in report.steps if s.step == "count")
    assert below.causes == ("upstream: grow gave it something else",)


def test_an_edited_helper_shows_with_the_current_code_alone(
    project: Project, workspace: Workspace
) -> None:
    record = project.run(workspace)
    project.helpers.write_text("def scale(column, factor):\n    return column * factor + 1e-12\n")
    assert workspace.replay(record.id).accepted
    report = workspace.replay(record.id, Asked(code="current"))
    step, cause = first(report)
    assert step == "grow"
    assert cause == f"code: {project.helpers.stem}:scale has changed"


def test_what_lies_within_the_tolerance_is_equivalent_and_accepted(
    project: Project, workspace: Workspace
) -> None:
    record = project.run(workspace)
    asked = Asked(params=("factor=2.0000000001",), tolerance=Tolerance(rtol=1e-9))
    report = workspace.replay(record.id, asked)
    assert verdicts(report)["grow"] == "equivalent"
    assert report.accepted
    assert report.first is None


def test_part_of_a_run_is_replayed_from_recorded_inputs(
    project: Project, workspace: Workspace
) -> None:
    record = project.run(workspace)
    report = workspace.replay(record.id, Asked(steps=("count",)))
    assert verdicts(report) == {"count": "identical"}
    states = {e.step: e.status.value for e in workspace.get_run(str(report.replays[0])).executions}
    assert states["grow"] == "reused"
    assert states["count"] == "executed"
    with pytest.raises(UserError, match="no step 'nope'; it has load, grow, count"):
        workspace.replay(record.id, Asked(steps=("nope",)))


def test_bytes_that_are_gone_are_said_to_be(project: Project, workspace: Workspace) -> None:
    project.csv.write_text("x,y\n" + "1.5,a\n" * 2000)
    record = project.run(workspace)
    digest = next(i.digest for i in record.executions[0].inputs)
    artifact = workspace.services.catalog.artifacts([digest])[digest]
    manifest = workspace.services.values.load(artifact)
    blobs = workspace.services.values.blobs
    blobs.delete(blobs.put_file(manifest))
    for copy in (workspace.root / "files").rglob("x.csv"):
        copy.parent.chmod(0o755)
        copy.unlink()
    report = workspace.replay(record.id)
    assert set(verdicts(report).values()) == {"not run"}
    assert not report.accepted
    assert "blake3" in report.steps[0].why or "not in the store" in report.steps[0].why


FAULTY = """
import datetime, random, time
import numpy as np
from lineal import pipeline, task

@task
def fine():
    return 1

@task
def faulty(x: int):
    {body}

@pipeline
def p():
    return faulty(fine())
"""


SHUFFLED = """rows = np.arange(1000)
    np.random.default_rng().shuffle(rows)
    return rows"""


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("return time.time_ns()", "nondeterminism"),
        ("return random.Random().random()", "nondeterminism"),
        (SHUFFLED, "nondeterminism"),
        ("return datetime.datetime.now().isoformat()", "nondeterminism"),
        (
            "return list({f'name-{i}' for i in range(100)})",
            "unordered iteration: its result depends on PYTHONHASHSEED",
        ),
    ],
)
def test_a_step_that_moves_by_itself_is_named_with_its_cause(
    project: Project, workspace: Workspace, body: str, cause: str
) -> None:
    project.main.write_text(FAULTY.format(body=body))
    report = workspace.replay(project.run(workspace).id)
    assert verdicts(report) == {"fine": "identical", "faulty": "different"}
    assert cause in first(report)[1]


def test_no_later_run_goes_on_from_a_replay_or_its_probes(
    project: Project, workspace: Workspace
) -> None:
    project.main.write_text(FAULTY.format(body="return time.time_ns()"))
    before = project.run(workspace)
    workspace.replay(before.id)
    after = project.run(workspace)
    assert [e.status.value for e in after.executions if e.position] == ["reused", "reused"]
    assert {e.reused_from for e in after.executions if e.position} == {
        e.id for e in before.executions if e.position
    }


def test_what_only_a_replay_has_executed_is_executed_again(
    project: Project, workspace: Workspace
) -> None:
    workspace.replay(project.run(workspace).id, Asked(params=("factor=3",)))
    after = project.run(workspace, factor=3.0)
    assert statuses(after) == {"load": "reused", "grow": "executed", "count": "executed"}
    assert statuses(project.run(workspace, factor=3.0)) == dict.fromkeys(statuses(after), "reused")


def statuses(run: RunRecord) -> dict[str, str]:
    return {e.step: e.status.value for e in run.executions if e.position}


def test_a_seeded_draw_replays_identical_as_often_as_one_likes(
    project: Project, workspace: Workspace
) -> None:
    project.main.write_text(FAULTY.format(body="return random.random()"))
    report = workspace.replay(project.run(workspace).id, Asked(times=2))
    assert len(report.replays) == 2
    assert report.verdict is Verdict.IDENTICAL


def test_what_was_not_recorded_as_a_pipeline_is_refused(workspace: Workspace) -> None:
    with workspace.start_run("block") as run:
        pass
    with pytest.raises(UserError, match="not a pipeline"):
        workspace.replay(run.id)


def test_code_that_can_no_longer_be_loaded_is_a_verdict_not_a_crash(
    project: Project, workspace: Workspace
) -> None:
    record = project.run(workspace)
    project.helpers.write_text("raise OSError('broken helper')")
    report = workspace.replay(record.id, Asked(code="current"))
    assert set(verdicts(report).values()) == {"not run"}
    assert "broken helper" in report.steps[0].why


def test_a_report_is_written_in_three_formats(
    project: Project, workspace: Workspace, tmp_path: Path
) -> None:
    report = workspace.replay(project.run(workspace).id, Asked(params=("factor=3",)))
    page = write_report(report, tmp_path / "r.html").read_text()
    assert "<!doctype html>" in page
    assert "http" not in page  # it loads nothing
    assert "2.0 -&gt; 3.0" in page
    text = write_report(report, tmp_path / "r.md").read_text()
    assert "| grow **(first)** | different |" in text
    facts = json.loads(write_report(report, tmp_path / "r.json").read_text())
    assert facts == json.loads(json.dumps(facts_of(report)))
    assert facts["first"] == "grow"
    with pytest.raises(UserError, match=r"\.html, \.md or \.json"):
        write_report(report, tmp_path / "r.docx")
