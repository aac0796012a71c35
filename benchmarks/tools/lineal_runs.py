"""lineal: a pipeline of tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from lineal import Pipeline, Workspace, pipeline, task, unmapped
from tools.base import add, first_of

add = task(add)


@task
def head(value: Any, start: int) -> float:
    return first_of(value) + start


@task
def head_of_file(value: Path, start: int) -> float:
    return first_of(value) + start


@pipeline
def deep(steps: int, start: int) -> Any:
    x: Any = start
    for i in range(steps):
        x = add(x, i)
    return x


@pipeline
def wide(steps: int, start: int) -> Any:
    return add.map(unmapped(start), range(steps))


@pipeline
def given(value: Any, start: int) -> Any:
    return head(value, start)


@pipeline
def given_file(value: Path, start: int) -> Any:
    return head_of_file(value, start)


class Lineal:
    """Runs pipelines in one workspace, on local threads."""

    name: ClassVar = "lineal"
    does: ClassVar = (
        "durable when it returns (fsync of bytes and catalog); records the run, every step with "
        "all that decides its key, inputs, outputs, what it read unasked; hashes inputs by their "
        "whole content, and again after the step"
    )
    needs: ClassVar = ()
    most_steps: ClassVar = 10_000

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._workspace = Workspace.open(folder)

    def deep(self, steps: int, start: int) -> int:
        return int(self._run(deep, steps=steps, start=start))

    def wide(self, steps: int, start: int) -> list[int]:
        return list(self._run(wide, steps=steps, start=start))

    def given(self, value: Any, start: int) -> float:
        of = given_file if isinstance(value, Path) else given
        return float(self._run(of, value=value, start=start))

    def _run(self, of: Pipeline[..., Any], **arguments: Any) -> Any:
        run = self._workspace.run(of, arguments, self._workspace.options(echo=False))
        if run.exception is not None:
            raise run.exception
        return run.result
