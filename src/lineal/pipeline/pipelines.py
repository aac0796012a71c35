"""Pipelines: functions that call tasks; calling one makes a run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from lineal.errors import DeclarationError, ParameterError

from .parameters import check_given, hints_of
from .task import _refuse_what_cannot_work, qualified_name
from .tracing import current_trace

P = ParamSpec("P")
R = TypeVar("R")


class Launcher(Protocol):
    """What runs pipelines; the package installs one, so that this room needs to know none."""

    def run(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Any:
        """Run it in the current workspace; returns the Run, whatever its status."""

    def call(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Any:
        """Run it; returns its value, or raises what its steps raised."""

    def plan(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Any:
        """Decide every step without running any; returns the Plan."""

    def to_prefect(self, pipeline: Pipeline[..., Any], task_runner: Any, **settings: Any) -> Any:
        """Make a flow of it."""


launcher: Launcher | None = None


def _launcher() -> Launcher:
    if launcher is None:
        raise RuntimeError("no launcher is installed; import lineal first")
    return launcher


def _is_required(parameter: inspect.Parameter) -> bool:
    takes_many = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not takes_many


class Pipeline(Generic[P, R]):
    """A function declared with ``@pipeline``.

    Calling it runs it and returns its value; `run` returns the record of the run, `plan`
    says what would run. Called inside another pipeline it becomes part of that one.
    """

    def __init__(self, fn: Callable[P, R], *, name: str | None, experiment: str | None) -> None:
        _refuse_what_cannot_work(fn, "pipeline")
        if inspect.iscoroutinefunction(fn):
            raise DeclarationError(
                f"The pipeline {fn.__name__!r} is async; its body only declares steps, so write it"
                " with a plain def (its tasks may be async)."
            )
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.name = name or fn.__name__
        self.experiment = experiment or self.name
        self.signature = inspect.signature(fn)

    @property
    def qualified_name(self) -> str:
        """``module:qualname`` of the function."""
        return qualified_name(self.fn)

    @functools.cached_property
    def hints(self) -> dict[str, Any]:
        """The annotations of its parameters as what they name, as far as that is known."""
        return hints_of(self.fn)

    def bind(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The parameters of a run by name, defaults filled in.

        Raises:
            ParameterError: an unknown or missing parameter, or one that is given what its
                annotation plainly excludes.
        """
        known = self.signature.parameters
        takes_any = any(p.kind is p.VAR_KEYWORD for p in known.values())
        unknown = [] if takes_any else [name for name in kwargs if name not in known]
        if unknown:
            raise ParameterError(
                f"The pipeline {self.name!r} has no parameter {', '.join(map(repr, unknown))};"
                f" it takes {', '.join(known) or 'none'}."
            )
        try:
            bound = self.signature.bind_partial(*args, **kwargs)
        except TypeError as error:
            raise ParameterError(
                f"The pipeline {self.name}{self.signature} can't be run like this: {error}."
            ) from None
        missing = [n for n, p in known.items() if _is_required(p) and n not in bound.arguments]
        if missing:
            raise ParameterError(
                f"The pipeline {self.name!r} needs a value for {', '.join(missing)}: give"
                f" {missing[0]}=…, on the command line -p {missing[0]}=…."
            )
        check_given(self.name, known, self.hints, bound.arguments)
        bound.apply_defaults()
        return dict(bound.arguments)

    def invoke(self, arguments: dict[str, Any]) -> Any:
        """Call the function itself with arguments by name."""
        bound = inspect.BoundArguments(self.signature, arguments)
        return self.fn(*bound.args, **bound.kwargs)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # noqa: D102 - see the class
        trace = current_trace.get()
        if trace is not None:
            with trace.scope(self.name):
                return self.fn(*args, **kwargs)
        return _launcher().call(self, self.bind(*args, **kwargs))  # type: ignore[no-any-return]

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run it; returns the `Run`, whose status says how it went."""
        return _launcher().run(self, self.bind(*args, **kwargs))

    def plan(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """What a run would do, step by step, and why; runs nothing."""
        return _launcher().plan(self, self.bind(*args, **kwargs))

    def to_prefect(self, task_runner: Any = None, **settings: Any) -> Any:
        """An ordinary Prefect flow whose runs are runs of this pipeline.

        Call it, serve or deploy it, call it from other flows.

        Args:
            task_runner: What executes the stale steps, one of Prefect's task runners;
                threads by default.
            settings: Whatever else ``prefect.flow`` takes: ``description``, ``on_failure``…
        """
        return _launcher().to_prefect(self, task_runner, **settings)

    def __repr__(self) -> str:
        return f"<pipeline {self.qualified_name}>"
