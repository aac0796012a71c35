"""The two decorators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar, overload

from .naming import DatasetName
from .options import TaskOptions, as_options
from .pipelines import Pipeline
from .task import Task

P = ParamSpec("P")
R = TypeVar("R")


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    *,
    name: str | None = None,
    outputs: Sequence[str] | Mapping[str, DatasetName | None] = (),
    retries: int = 0,
    retry_delay: float | timedelta = 0.0,
    timeout: float | timedelta | None = None,
    cache: bool = True,
    ttl: float | timedelta | None = None,
    ignore: Sequence[str] = (),
    mutates: Sequence[str] = (),
    version: str | None = None,
    persist: bool = True,
    tags: Sequence[str] = (),
    resources: Mapping[str, float] = ...,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Declare a function as a task.

    Args:
        fn: The function, when the decorator is used without parentheses.
        options: See `TaskOptions`; durations are seconds or timedeltas.

    Raises:
        DeclarationError: the function or an option can't work; says what would.
    """
    declared = TaskOptions(**as_options(options))
    return Task(fn, declared) if fn is not None else lambda f: Task(f, declared)


@overload
def pipeline(fn: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(
    *, name: str | None = None, experiment: str | None = None
) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...
def pipeline(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    experiment: str | None = None,
) -> Any:
    """Declare a function as a pipeline.

    Args:
        fn: The function, when the decorator is used without parentheses.
        name: Its name in records; the function's own by default.
        experiment: The group its runs belong to; its name by default.
    """

    def declare(function: Callable[..., Any]) -> Pipeline[..., Any]:
        return Pipeline(function, name=name, experiment=experiment)

    return declare(fn) if fn is not None else declare
