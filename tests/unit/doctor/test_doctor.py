"""Steps are judged from their recorded inputs, and the store is left as it was."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.doctor import Diagnosis, facts_of, write_report
from lineal.errors import UserError

pytestmark = pytest.mark.slow

CHAIN = """
import os
from lineal import pipeline, task

@task
def first(n: int):
    return os.urandom(n).hex()

@task
def second(text: str):
    return list({f"{text}-{i}" for i in range(50)})

@task
def third(texts: list):
    return len(texts)

@task
def broken():
    raise ValueError("as recorded")

@task
def given(value: str):
    return value

@pipeline
def chain(n: int = 8):
    return third(second(first(n)))

@pipeline
def with_a_body():
    return given(os.urandom(4).hex())

@pipeline
def failing():
    return broken()
"""


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open() as opened:
        yield opened


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> Any:
    """Runs one of the pipelines; gives its id."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    (folder / "doctored.py").write_text(CHAIN)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def running(name: str) -> str:
        sys.modules.pop("doctored", None)
        return workspace.run(load_pipeline(f"doctored.py:{name}")).id

    return running


def verdicts(diagnosis: Diagnosis) -> dict[str, tuple[str, str | None]]:
    return {s.step: (s.verdict.value, s.kind.value if s.kind else None) for s in diagnosis.steps}


def snapshot(workspace: Workspace) -> tuple[Any, ...]:
    """All runs but for a doctor's, with their executions; and the keys that answer."""
    catalog = workspace.services.catalog
    records = [catalog.run(r.id) for r in catalog.runs() if "lineal.doctor_of" not in r.tags]
    keys = sorted({e.key for r in records for e in r.executions if e.key})
    return records, catalog.lookup(keys)


def test_each_step_of_a_chain_is_judged_by_itself_and_nothing_is_added(
    run: Any, workspace: Workspace, tmp_path: Path
) -> None:
    record = run("chain")
    before = snapshot(workspace)
    told: list[str] = []

    class Telling:
        def playing(self, condition: str, steps: int) -> None:
            told.append(f"{steps} {condition}")

    diagnosis = workspace.doctor(record, progress=Telling())
    assert verdicts(diagnosis) == {
        "first": ("differs", "unseeded randomness"),
        "second": ("differs", "unordered iteration"),
        "third": ("deterministic", None),
    }
    assert not diagnosis.deterministic
    assert told[:2] == ["3 as recorded", "3 as recorded"]

    assert snapshot(workspace) == before
    (doctors,) = [r for r in workspace.services.catalog.runs() if "lineal.doctor_of" in r.tags]
    assert diagnosis.report == f"{doctors.number}:doctor-report"
    assert json.loads(workspace.get(diagnosis.report))["run"] == record
    graph = workspace.lineage(diagnosis.report)
    made = {f"artifact:{o.digest}" for e in before[0][0].executions for o in e.outputs}
    assert made <= graph.nodes.keys()

    page = write_report(diagnosis, tmp_path / "r.html").read_text()
    assert "unordered iteration" in page
    assert "http" not in page  # it loads nothing
    text = write_report(diagnosis, tmp_path / "r.md").read_text()
    assert "| second | differs | unordered iteration |" in text
    facts = json.loads(write_report(diagnosis, tmp_path / "r.json").read_text())
    assert facts == json.loads(json.dumps(facts_of(diagnosis)))
    assert facts["counts"] == {"deterministic": 1, "differs": 2, "not run": 0}


def test_one_step_is_run_from_what_it_was_given(run: Any, workspace: Workspace) -> None:
    diagnosis = workspace.doctor(run("chain"), ["third"])
    assert verdicts(diagnosis) == {"third": ("deterministic", None)}
    assert diagnosis.deterministic


def test_what_the_body_gives_anew_each_time_is_said_to_be_its_doing(
    run: Any, workspace: Workspace
) -> None:
    (step,) = workspace.doctor(run("with_a_body")).steps
    assert step.verdict.value == "not run"
    assert "given another value each time" in step.why


def test_mistakes_are_said(run: Any, workspace: Workspace) -> None:
    with pytest.raises(UserError, match="No step of run #1 has succeeded"):
        workspace.doctor(run("failing"))
    record = run("chain")
    with pytest.raises(UserError, match="no step 'nope'; it has first, second, third"):
        workspace.doctor(record, ["nope"])
    with pytest.raises(UserError, match="--times 1 can't be"):
        workspace.doctor(record, times=1)
    with workspace.start_run("block") as block:
        pass
    with pytest.raises(UserError, match="not a pipeline"):
        workspace.doctor(block.id)
