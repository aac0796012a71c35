"""Schedules: put with Prefect, read back, paused, served, and their runs are runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lineal import Workspace
from lineal.cli.main import app
from lineal.errors import ReferenceNotFound, UserError
from lineal.records import RunStatus
from lineal.running.prefect import schedules
from lineal.running.prefect.flows import DEPLOYMENT, TRIGGER
from lineal.running.prefect.runner import FLOW_RUN

pytestmark = [pytest.mark.slow, pytest.mark.prefect]


@pytest.fixture
def project(nightly: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: str) -> Path:
    monkeypatch.chdir(nightly)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return nightly


def command(*words: str) -> str:
    answer = CliRunner().invoke(app, ["schedule", *words])
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer.output


def test_a_schedule_is_made_listed_paused_resumed_and_removed(project: Path, store: Path) -> None:
    told = command(
        "add", "study.py", "--cron", "0 2 * * *", "-p", "n=3", "--timezone", "Asia/Tokyo"
    )
    assert "nightly runs at 0 2 * * * (Asia/Tokyo)" in told
    (made,) = schedules.listed()
    assert (made.name, made.cron, made.timezone) == ("nightly", "0 2 * * *", "Asia/Tokyo")
    assert made.pipeline == f"{project / 'study.py'}:nightly"
    assert made.parameters == ("n=3",)
    assert (made.folder, made.store) == (str(project), str(store))
    assert not made.paused
    command("add", "study.py", "--cron", "0 3 * * *")
    (changed,) = schedules.listed()
    assert (changed.id, changed.cron, changed.parameters) == (made.id, "0 3 * * *", ())
    command("pause", "nightly")
    assert schedules.listed()[0].paused
    assert "paused" in command("list")
    command("resume", "nightly")
    assert not schedules.listed()[0].paused
    command("remove", "nightly")
    assert schedules.listed() == []
    with pytest.raises(UserError, match="no schedule to serve"):
        schedules.serve()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add", "study.py", "--cron", "never"], "can't be --cron 'never'"),
        (["add", "study.py", "--cron", "* * * * *", "--timezone", "Mars"], "--timezone 'Mars'"),
        (["add", "study.py", "--cron", "* * * * *", "-p", "m=3"], "no parameter 'm'"),
        (["add", "needs.py", "--cron", "* * * * *"], "needs a value for text"),
        (["add", "study.py", "--cron", "* * * * *", "--pool", "deep"], "no work pool 'deep'"),
        (["add", "nowhere.py", "--cron", "* * * * *"], "no pipeline file"),
    ],
)
def test_a_mistake_is_said_at_once_and_leaves_no_schedule(
    project: Path, words: list[str], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        command(*words)
    assert schedules.listed() == []


def test_what_is_not_there_is_named_with_what_is(project: Path) -> None:
    with pytest.raises(ReferenceNotFound, match="no schedule 'daily'; there is none"):
        command("pause", "daily")


def test_a_run_that_prefect_begins_is_a_run_with_its_trigger(
    project: Path, store: Path, api: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    command("add", "study.py", "--cron", "0 2 1 1 *", "-p", "n=3", "--name", "yearly")
    (made,) = schedules.listed()
    flow_run = api(f"deployments/{made.id}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = {name: v for name, v in os.environ.items() if not name.startswith("LINEAL_")}
    subprocess.run(
        [sys.executable, "-m", "prefect", "flow-run", "execute", flow_run["id"]],
        cwd=elsewhere,
        env=environment,
        check=True,
        timeout=180,
        capture_output=True,
    )
    with Workspace.open(store) as workspace:
        run = workspace.get_run("latest")
        assert run.status is RunStatus.FINISHED
        assert run.result == "ababab"
    assert run.tags[FLOW_RUN] == flow_run["id"]
    assert run.tags[DEPLOYMENT] == made.id
    assert run.tags[TRIGGER] == "deployment"
    state = api(f"flow_runs/{flow_run['id']}", None, lambda found: found["state_type"] != "RUNNING")
    assert state["state_type"] == "COMPLETED"
    command("remove", "yearly")
