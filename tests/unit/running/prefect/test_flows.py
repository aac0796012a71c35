"""A pipeline as an ordinary Prefect flow."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lineal
from lineal import Workspace, pipeline, task
from lineal.cli.loading import load_pipeline
from lineal.errors import ParameterError, StepFailed, UserError
from lineal.records import RunStatus
from lineal.running.prefect.flows import DEPLOYMENT
from lineal.running.prefect.runner import FLOW_RUN

pytestmark = [pytest.mark.slow, pytest.mark.prefect]


@task
def read(path: Path) -> str:
    return path.read_text()


@task
def measured(text: str, times: int) -> int:
    return plain(len(text)) * times


@task
def plain(n: int) -> int:
    return n


@task
def broken(n: int) -> int:
    raise ValueError(f"no good: {n}")


@pipeline
def study(path: Path, times: int = 2) -> Any:
    return measured(read(path), times)


@pipeline
def failing() -> Any:
    return broken(3)


@pytest.fixture
def flow(prefect_server: str) -> Callable[..., Any]:
    def made(asked: Any, **settings: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Prefect's own, of its modules' first import
            return asked.to_prefect(**settings)

    return made


def test_a_flow_gives_the_pipelines_value_and_its_runs_are_runs(
    flow: Callable[..., Any],
    store: Path,
    tmp_path: Path,
    api: Any,
    task_runs: Callable[[str, int], dict[str, Any]],
) -> None:
    file = tmp_path / "text"
    file.write_text("abc")
    made = flow(study, description="Measures.")
    assert (made.name, made.description) == ("study", "Measures.")
    # As a deployment's parameters come: texts, which Prefect converts.
    assert [made(path=str(file), times="3"), made(str(file), 3)] == [9, 9]
    with Workspace.open(store) as workspace:
        again, first = (workspace.get_run(str(number)) for number in (2, 1))
    assert {e.status.value for e in first.executions} == {"executed"}
    assert {e.status.value for e in again.executions} == {"reused"}
    assert first.tags[FLOW_RUN] != again.tags[FLOW_RUN]
    states = {name: run["state_name"] for name, run in task_runs(again.tags[FLOW_RUN], 2).items()}
    assert states == {"read": "Cached", "measured": "Cached"}
    found = api(f"flow_runs/{first.tags[FLOW_RUN]}")
    assert found["state_type"] == "COMPLETED"


def test_a_flow_can_be_a_subflow_and_fails_with_what_its_step_raised(
    flow: Callable[..., Any], store: Path, tmp_path: Path
) -> None:
    from prefect import flow as prefect_flow

    (tmp_path / "text").write_text("abc")
    measures, fails = flow(study), flow(failing)

    @prefect_flow
    def outer() -> int:
        value: int = measures(tmp_path / "text")
        with pytest.raises(StepFailed, match="ValueError: no good: 3"):
            fails()
        return value + 1

    assert outer() == 7
    with Workspace.open(store) as workspace:
        states = {run.name: run.status for run in workspace.list_runs()}
    assert states == {"study": RunStatus.FINISHED, "failing": RunStatus.FAILED}


ELSEWHERE = """
from lineal import pipeline, task

@task
def more(n: int) -> int:
    return n + 1

@pipeline
def elsewhere(n: int):
    return more(n)
"""


def test_the_workers_of_a_flow_need_not_have_its_project(
    flow: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.task_runners import ProcessPoolTaskRunner

    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        elsewhere = load_pipeline(str(tmp_path / "elsewhere.py"))
    assert str(tmp_path) not in sys.path
    assert flow(elsewhere, task_runner=ProcessPoolTaskRunner(max_workers=1))(3) == 4


DEPLOYED = """
from elsewhere import elsewhere

flow = elsewhere.to_prefect()
"""


def test_a_flow_can_be_deployed_to_a_work_pool(
    flow: Callable[..., Any], store: Path, tmp_path: Path, api: Any
) -> None:
    from prefect import Flow

    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    (tmp_path / "deployed.py").write_text(DEPLOYED)
    api("work_pools/", {"name": "flows", "type": "process"})
    loaded: Any = Flow.from_source(source=str(tmp_path), entrypoint="deployed.py:flow")
    deployed = loaded.deploy(
        name="deployed", work_pool_name="flows", build=False, print_next_steps=False
    )
    asked = {"state": {"type": "SCHEDULED"}, "parameters": {"n": 3}}
    flow_run = api(f"deployments/{deployed}/create_flow_run", asked)
    subprocess.run(
        [sys.executable, "-m", "prefect", "flow-run", "execute", flow_run["id"]],
        cwd=tmp_path,
        check=True,
        timeout=180,
        capture_output=True,
    )
    with Workspace.open(store) as workspace:
        run = workspace.get_run("latest")
    assert (run.status, run.params) == (RunStatus.FINISHED, {"n": "3"})
    assert run.tags[DEPLOYMENT] == str(deployed)
    assert run.tags[FLOW_RUN] == flow_run["id"]


def test_options_can_be_given_in_python(prefect_server: str, store: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("abc")
    run = lineal.run(
        study, {"path": tmp_path / "text"}, runner="prefect", workers=1, tags={"team": "a"}
    )
    assert run.result == 6
    assert run.tags["team"] == "a"
    assert FLOW_RUN in run.tags
    with pytest.raises(UserError, match="There is no option"):
        lineal.run(study, {"path": tmp_path / "text"}, runer="prefect")
    with pytest.raises(ParameterError, match="no parameter 'tims'"):
        lineal.run(study, {"path": tmp_path / "text", "tims": 3})
