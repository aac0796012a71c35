"""redun: lazy tasks on a scheduler, with its SQLite backend and its default executor."""

from __future__ import annotations

import logging
import sys
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from tools.base import add, first_of

DEEP = 100_000
"""redun walks nested expressions by recursion, and Python's default limit stops it at 150 steps."""


class Redun:
    """Runs tasks on one scheduler."""

    name: ClassVar = "redun"
    does: ClassVar = (
        "durable (SQLite on a disk, its defaults); records the call graph, arguments, results and "
        "the hash of every task's own source; a file is a redun.File: known by path, size and "
        "time, its content is not looked at; a chain needs a higher limit of recursion, which "
        "is given"
    )
    needs: ClassVar = ("redun",)
    most_steps: ClassVar = 100

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _scheduler(self) -> Any:
        from redun import Scheduler
        from redun.config import Config

        sys.setrecursionlimit(DEEP)
        self._folder.mkdir()
        uri = f"sqlite:///{self._folder}/redun.db"
        scheduler = Scheduler(config=Config({"backend": {"db_uri": uri}}))
        logging.getLogger("redun").setLevel(logging.ERROR)
        scheduler.load()
        return scheduler

    @cached_property
    def _tasks(self) -> dict[str, Any]:
        from redun import File, task

        plus = task(name="plus", namespace="steps")(add)

        @task(namespace="steps")
        def deep(steps: int, start: int) -> int:
            x = start
            for i in range(steps):
                x = plus(x, i)
            return x

        @task(namespace="steps")
        def wide(steps: int, start: int) -> list[int]:
            return [plus(start, i) for i in range(steps)]

        @task(namespace="steps")
        def given(value: Any, start: int) -> float:
            return first_of(value.path if isinstance(value, File) else value) + start

        return {"deep": deep, "wide": wide, "given": given}

    def deep(self, steps: int, start: int) -> int:
        return int(self._run("deep", steps, start))

    def wide(self, steps: int, start: int) -> list[int]:
        return list(self._run("wide", steps, start))

    def given(self, value: Any, start: int) -> float:
        from redun import File

        given = File(str(value)) if isinstance(value, Path) else value
        return float(self._run("given", given, start))

    def _run(self, name: str, *arguments: Any) -> Any:
        return self._scheduler.run(self._tasks[name](*arguments))
