"""Asking Prefect's server what it was told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import httpx
import pytest


class Api(Protocol):
    """Asks a path of Prefect's API, until the answer holds: it takes things in by and by."""

    def __call__(
        self, path: str, body: dict[str, Any] | None = None, until: Callable[[Any], bool] = bool
    ) -> Any: ...


@pytest.fixture
def api(prefect_server: str) -> Api:
    def ask(
        path: str, body: dict[str, Any] | None = None, until: Callable[[Any], bool] = bool
    ) -> Any:
        url = f"{prefect_server}/{path}"
        end = time.monotonic() + 60
        while True:
            response = (
                httpx.get(url, timeout=60)
                if body is None
                else httpx.post(url, json=body, timeout=60)
            )
            response.raise_for_status()
            answer = response.json() if response.content else None
            if until(answer) or time.monotonic() > end:
                return answer
            time.sleep(0.2)

    return ask


@pytest.fixture
def task_runs(api: Api) -> Callable[[str, int], dict[str, Any]]:
    """The task runs of a flow run by name, when there are so many and all have ended."""

    def ask(flow_run: str, count: int) -> dict[str, Any]:
        found = api(
            "task_runs/filter",
            {"flow_runs": {"id": {"any_": [flow_run]}}},
            lambda runs: (
                len(runs) >= count
                and all(r["state_type"] in ("COMPLETED", "FAILED", "CANCELLED") for r in runs)
            ),
        )
        return {r["name"]: r for r in found}

    return ask
