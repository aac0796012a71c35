"""A schedule from the command line to its run: due by the clock, run by `serve` or a worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from lineal import Workspace
from lineal.records import RunStatus
from lineal.running.prefect.flows import DEPLOYMENT, TRIGGER

pytestmark = [pytest.mark.slow, pytest.mark.prefect]

LINEAL = (sys.executable, "-m", "lineal.cli.main")
PREFECT = (sys.executable, "-m", "prefect")
PATIENCE = 180.0
"""Seconds that a server, or a run that is due, may take."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a project whose Prefect is its own, on a port that is free."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    mine = {n: v for n, v in os.environ.items() if not n.startswith("PREFECT_")}
    return mine | {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }


class Api:
    """The project's Prefect server, asked directly."""

    def __init__(self, url: str) -> None:
        self.url = url

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health").is_success
        except httpx.TransportError:
            return False

    def soon(self, deployment: str) -> None:
        """Have it due every fifteen seconds, as cron knows nothing shorter than a minute."""
        schedules = [{"schedule": {"interval": 15}, "active": True}]
        answer = httpx.patch(f"{self.url}/deployments/{deployment}", json={"schedules": schedules})
        assert answer.is_success, answer.text


@contextmanager
def going_on(log: Path, *words: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A command that does not end by itself."""
    with log.open("w") as file:
        process = subprocess.Popen(
            words, stdout=file, stderr=subprocess.STDOUT, text=True, start_new_session=True, **how
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def wait_for(what: Callable[[], bool], why: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, why()
        time.sleep(0.3)


def test_what_is_due_is_run_by_serve_and_by_the_workers_of_a_pool(
    nightly: Path, store: Path, environment: dict[str, str], stack: ExitStack
) -> None:
    def command(*words: str) -> str:
        done = subprocess.run(
            words, cwd=nightly, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def begin(name: str, *words: str, cwd: Path = nightly) -> subprocess.Popen[str]:
        log = nightly / f"{name}.log"
        return stack.enter_context(going_on(log, *words, cwd=cwd, env=environment))

    api = Api(environment["PREFECT_API_URL"])
    port = api.url.rpartition(":")[2].removesuffix("/api")
    begin("server", *PREFECT, "server", "start", "--host", "127.0.0.1", "--port", port)
    wait_for(api.answers, (nightly / "server.log").read_text)
    command(*PREFECT, "work-pool", "create", "default", "--type", "process")

    made: dict[str, str] = {}
    for name, *more in (("served",), ("pooled", "--pool", "default")):
        told = command(
            *LINEAL, "schedule", "add", "study.py", "--name", name, "--cron", "0 2 * * *",
            "-p", f"n={3 + len(more)}", "--json", *more,
        )  # fmt: skip
        made[name] = json.loads(told)["id"]
        api.soon(made[name])
    serve = begin("serve", *LINEAL, "schedule", "serve", "--limit", "1")
    elsewhere = nightly / "elsewhere"
    elsewhere.mkdir()
    begin("worker", *PREFECT, "worker", "start", "--pool", "default", "--limit", "1", cwd=elsewhere)

    def logs() -> str:
        return "\n".join(log.read_text() for log in nightly.glob("*.log"))

    with Workspace.open(store) as workspace:

        def came() -> dict[str, str]:
            ended = [r for r in workspace.list_runs() if r.status is RunStatus.FINISHED]
            assert all(r.tags[TRIGGER] == "schedule" for r in ended)
            return {r.tags[DEPLOYMENT]: r.id for r in ended}

        wait_for(lambda: set(came()) == set(made.values()), logs)
        runs = came()
        assert workspace.get_run(runs[made["served"]]).result == "ababab"
        assert workspace.get_run(runs[made["pooled"]]).result == "ab" * 5

    serve.send_signal(signal.SIGINT)
    serve.wait(30)
    said = (nightly / "serve.log").read_text()
    assert "Traceback" not in said
    assert "Warning" not in said
    assert set(command(*LINEAL, "schedule", "list").split()) >= {"served", "pooled", "default"}
