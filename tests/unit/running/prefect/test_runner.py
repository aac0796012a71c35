"""What Prefect is told of a run, and what it may do to one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lineal import Metrics, Workspace, pipeline, task
from lineal.cli.main import app
from lineal.errors import UserError
from lineal.records import RunStatus
from lineal.running import Run
from lineal.running.base import Silent
from lineal.running.prefect.clusters import see
from lineal.running.prefect.runner import FLOW_RUN, TASK_RUN


@task
def load(n: int) -> list[int]:
    return list(range(n))


@task(retries=2, tags=("network", "slow"), cache=False)
def fetch(xs: list[int]) -> int:
    sys.fetched = getattr(sys, "fetched", 0) + 1  # type: ignore[attr-defined]
    if sys.fetched % 2:  # type: ignore[attr-defined]
        raise ConnectionError("not yet")
    return sum(xs)


@task
def judge(total: int) -> Metrics:
    return Metrics(total=total)


@task
def fail(total: int) -> None:
    raise ValueError(f"no good: {total}")


@task
def wait(seconds: float) -> float:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    return seconds


@pipeline
def begin(n: int = 4) -> Any:
    return load(n)


@pipeline
def study(n: int = 4) -> Any:
    total = fetch(load(n))
    return judge(total), fail(total)


@pipeline
def waiting(seconds: float = 60.0) -> Any:
    return wait(seconds)


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


@pytest.fixture
def run(workspace: Workspace, prefect_server: str) -> Callable[..., Run]:
    def running(asked: Any, **given: Any) -> Run:
        options = workspace.options(runner="prefect", workers=2, echo=False, **given)
        return workspace.run(asked, options=options)

    return running


@pytest.mark.slow
@pytest.mark.prefect
def test_prefect_is_told_all_of_a_run(
    run: Callable[..., Run],
    workspace: Workspace,
    api: Any,
    task_runs: Callable[[str, int], dict[str, Any]],
) -> None:
    workspace.run(begin)
    # Not part of what the next run executes: it is shown as cached.
    done = run(study, name="evening")
    assert done.status is RunStatus.FAILED
    flow_run_id = done.tags[FLOW_RUN]
    states = {e.step: e for e in done.executions}
    assert states["load"].status.value == "reused"
    assert states["fetch"].attempts == 2

    flow_run = api(f"flow_runs/{flow_run_id}", None)
    assert flow_run["name"] == f"evening #{done.number}"
    assert flow_run["parameters"] == {"parameters": {"n": "4"}}
    assert flow_run["state_type"] == "FAILED"
    assert flow_run["state"]["message"] == "ValueError: no good: 6"

    shown = task_runs(flow_run_id, 4)
    assert {name: r["state_name"] for name, r in shown.items()} == {
        "load": "Cached",
        "fetch": "Completed",
        "judge": "Completed",
        "fail": "Failed",
    }
    assert shown["fail"]["state"]["message"] == "The step 'fail' raised ValueError: no good: 6"
    assert shown["fetch"]["run_count"] == 2
    assert set(shown["fetch"]["tags"]) == {"network", "slow"}
    assert shown["fetch"]["empirical_policy"]["retries"] == 2

    def depends_on(name: str) -> set[str]:
        inputs = [i for given in shown[name]["task_inputs"].values() for i in given]
        return {i["id"] for i in inputs if i["input_type"] == "task_run"}

    assert depends_on("fetch") == {shown["load"]["id"]}
    assert depends_on("judge") == depends_on("fail") == {shown["fetch"]["id"]}

    recorded = workspace.get_run(done.id)
    for step in ("fetch", "judge", "fail"):
        tags = recorded.execution(step).tags
        assert tags[FLOW_RUN] == flow_run_id
        assert tags[TASK_RUN] == shown[step]["id"]
    assert recorded.tags[FLOW_RUN] == flow_run_id

    (artifact,) = api("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [flow_run_id]}}})
    markdown = str(artifact["data"])
    assert done.id in markdown
    assert "| n | 4 |" in markdown
    assert "| total | 6 |" in markdown
    assert "flowchart LR" in markdown
    assert "ValueError: no good: 6" in markdown


class Cancels(Silent):
    """Cancels the flow run in Prefect while a step is being executed."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.began = 0.0

    def started(self, step: str, *rest: Any) -> None:
        self.began = time.monotonic()
        threading.Thread(target=self.cancel, daemon=True).start()

    def cancel(self) -> None:
        (found,) = self.api(
            "flow_runs/filter",
            {"flow_runs": {"name": {"like_": "cancel me"}}},
            lambda runs: bool(runs) and runs[0]["state_type"] == "RUNNING",
        )
        self.api(
            f"flow_runs/{found['id']}/set_state",
            {"state": {"type": "CANCELLING", "name": "Cancelling"}, "force": True},
        )


@pytest.mark.slow
@pytest.mark.prefect
def test_cancelling_in_prefect_cancels_the_run(run: Callable[..., Run], api: Any) -> None:
    observer = Cancels(api)
    done = run(waiting, name="cancel me", observer=observer)
    assert done.status is RunStatus.CANCELLED
    assert time.monotonic() - observer.began < 40
    assert done.execution("wait").status.value == "skipped"
    assert done.execution("wait").reason.text == "The run was cancelled."
    flow_run = api(
        f"flow_runs/{done.tags[FLOW_RUN]}", None, lambda run: run["state_type"] == "CANCELLED"
    )
    assert flow_run["state_type"] == "CANCELLED"


NEVER = """
import sys
from lineal import Workspace, pipeline, task

@task
def one():
    return 1

@pipeline
def study():
    return one()

with Workspace.open() as workspace:
    workspace.run(study)
    again = workspace.run(study, options=workspace.options(runner="prefect"))
assert [e.status.value for e in again.executions] == ["reused"], again.executions
print(sorted(name for name in sys.modules if name.partition(".")[0] == "prefect"))
"""


def test_a_run_that_reuses_everything_never_imports_prefect(tmp_path: Path) -> None:
    file = tmp_path / "study.py"
    file.write_text(NEVER)
    done = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"task_runner": "threds"}, "There is no task runner 'threds'; choose threads,"),
        ({"address": "tcp://127.0.0.1:1"}, "takes no address"),
        ({"task_runner": "nowhere", "address": "x"}, "There is no task runner"),
    ],
)
def test_a_task_runner_that_can_not_be_had_is_said_before_anything_is_recorded(
    workspace: Workspace, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        workspace.run(begin, options=workspace.options(runner="prefect", **given))
    assert workspace.list_runs() == []


@pytest.mark.parametrize("word", ["dask", "ray"])
def test_a_missing_extra_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr("lineal.running.prefect.task_runners.find_spec", lambda name: None)
    with pytest.raises(UserError, match=rf"pip install 'lineal\[{word}\]'"):
        workspace.run(begin, options=workspace.options(runner="prefect", task_runner=word))


@pytest.mark.parametrize(
    ("word", "address"),
    [("dask", "tcp://127.0.0.1:1"), ("dask", "127.0.0.1"), ("ray", "ray://127.0.0.1:1")],
)
def test_a_cluster_that_does_not_answer_is_named_with_how_to_start_one(
    word: str, address: str
) -> None:
    with pytest.raises(UserError, match=f"No {word.title()} cluster answers at '{address}'"):
        see(word, address)


def test_a_cluster_is_found_where_something_listens_or_by_a_word_of_rays() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        see("dask", f"tcp://127.0.0.1:{server.getsockname()[1]}")
        see("ray", f"127.0.0.1:{server.getsockname()[1]}")
    see("ray", "auto")


QUIET = """
import os
from lineal.running.prefect import quiet
quiet.bring_in(lambda environment: "http://127.0.0.1:1/api")
from prefect.settings import get_current_settings
import random, threading, prefect.utilities.math
settings = get_current_settings()
found = {}
def look():
    found["api"] = get_current_settings().api.url
thread = threading.Thread(target=look)
thread.start()
thread.join()
print(settings.logging.level, settings.logging.to_api.enabled, found["api"],
      os.environ["DO_NOT_TRACK"], prefect.utilities.math.random is random)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "variables", "expected"),
    [
        ("", {}, "CRITICAL False http://127.0.0.1:1/api 1 False"),
        ("", {"PREFECT_LOGGING_LEVEL": "DEBUG"}, "DEBUG False http://127.0.0.1:1/api 1 False"),
        (
            'active = "team"\n[profiles.team]\nPREFECT_API_URL = "http://team/api"\n',
            {"PREFECT_LOGGING_TO_API_ENABLED": "true", "DO_NOT_TRACK": "0"},
            "CRITICAL True http://team/api 0 False",
        ),
    ],
)
def test_prefect_is_quiet_where_the_user_has_not_said_otherwise(
    tmp_path: Path, profile: str, variables: dict[str, str], expected: str
) -> None:
    (tmp_path / "profiles.toml").write_text(profile)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PREFECT_") and name != "DO_NOT_TRACK"
    }
    done = subprocess.run(
        [sys.executable, "-c", QUIET],
        env={**environment, "PREFECT_HOME": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == expected + "\n"
    assert [line for line in done.stderr.splitlines() if "DEBUG" not in line] == []


def test_where_prefect_executes_steps_is_asked_of_prefect_alone(
    tmp_path: Path, workspace: Workspace
) -> None:
    (tmp_path / "study.py").write_text(NEVER.partition("with Workspace")[0])
    answer = CliRunner().invoke(app, ["run", str(tmp_path / "study.py"), "--on", "processes"])
    assert answer.exit_code == 2
    assert "add --runner prefect" in " ".join(answer.output.split())
    assert workspace.list_runs() == []
