"""Prefect: a flow of tasks with the cache policy INPUTS, on its temporary server."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from tools.base import add, first_of


def quiet_prefect(home: Path) -> None:
    """Let Prefect, when it is imported, keep all it has in a folder, and log errors only."""
    os.environ |= {
        "PREFECT_HOME": str(home),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


class Prefect:
    """Runs flows; results are kept in a folder."""

    name: ClassVar = "Prefect"
    does: ClassVar = (
        "not durable (results without fsync); records flow and task runs with their states in its "
        "server's SQLite; policy INPUTS: the code does not count, and of a file only its path "
        "does; its log is kept to errors"
    )
    needs: ClassVar = ("prefect",)
    most_steps: ClassVar = 20

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._value: Any = None

    @cached_property
    def _flows(self) -> dict[str, Any]:
        quiet_prefect(self._folder)
        from prefect import flow, task, unmapped
        from prefect.cache_policies import INPUTS

        plus = task(name="plus", cache_policy=INPUTS, persist_result=True)(add)

        @task(cache_policy=INPUTS, persist_result=True)
        def head(value: Any, start: int) -> float:
            return first_of(value) + start

        @flow
        def deep(steps: int, start: int) -> int:
            x = start
            for i in range(steps):
                x = plus(x, i)
            return x

        @flow
        def wide(steps: int, start: int) -> list[int]:
            return plus.map(unmapped(start), range(steps)).result()

        @flow
        def given(start: int) -> float:
            return head(self._value, start)  # a flow's parameters go to the server

        return {"deep": deep, "wide": wide, "given": given}

    def deep(self, steps: int, start: int) -> int:
        return int(self._flows["deep"](steps, start))

    def wide(self, steps: int, start: int) -> list[int]:
        return list(self._flows["wide"](steps, start))

    def given(self, value: Any, start: int) -> float:
        self._value = value
        return float(self._flows["given"](start))
