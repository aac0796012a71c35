"""Tracing: running the body of a pipeline to learn its steps.

A call of a task adds a step and returns a handle at once. Looking at a handle's value
asks the engine for it, which runs what it needs. A trace knows no store and no catalog;
what identifies values and what runs steps is behind `Engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lineal.digests.digest import Digest
from lineal.errors import UnhashableError

from .graph import Argument, Literal, Nest, Reference, StepNode
from .handles import Handle, Handles
from .naming import Naming

if TYPE_CHECKING:
    from lineal.records import Source

    from .task import Task

current_trace: ContextVar[Trace | None] = ContextVar("current_trace", default=None)

plain_call: ContextVar[bool] = ContextVar("plain_call", default=False)
"""Whether a task is being called as the plain function it is, outside any run."""

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_NUMBERS = frozenset({type(None), bool, int, float})


class Engine(Protocol):
    """What a trace asks of whoever runs its steps. Called from the tracing thread only."""

    def digest(self, value: Any) -> Digest:
        """Identity of a value; raises UnhashableError."""

    def seed(self, step: str, argument: str) -> int:
        """The seed that a step is given as an argument."""

    def declared(self, step: StepNode) -> None:
        """A step has been added."""

    def demand(self, step: StepNode, output: str) -> Any:
        """The value of a step's output, running what it needs; raises what the step raised."""

    def identity(self, step: StepNode, output: str) -> Digest:
        """Identity of a step's output that was demanded before."""


class Trace:
    """The steps that the body of one pipeline has declared so far.

    Args:
        engine: What identifies values and runs steps.
        outside: Says where the content of a path lies that the body gives to a step;
            there by default.
    """

    def __init__(self, engine: Engine, *, outside: Callable[[Path], Path] | None = None) -> None:
        self.engine = engine
        self._outside = outside
        self.names: list[Naming] = []
        """What the body named, in order."""
        self.steps: list[StepNode] = []
        self._scope = ""
        self._used: dict[str, int] = {}
        """How many steps of a name there are."""
        self._whole: dict[int, tuple[Any, Digest]] | None = None
        """What a map has given to its calls so far: the body can't change it in between."""
        # Objects that came out of steps, kept alive so that their ids stay theirs.
        self._origins: dict[int, tuple[Any, Source]] = {}

    def call(self, task: Task[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """Add a step; returns its handle, or one per output."""
        return self._add(task, self._fresh_name(task.name), args, kwargs)

    def map(self, task: Task[..., Any], args: Any, kwargs: dict[str, Any]) -> list[Any]:
        """Add a step per element; returns the list of their handles."""
        from .task import spread

        base = self._fresh_name(task.name)
        calls = spread(task.name, args, kwargs, self._as_list)
        self._whole = {}
        try:
            return [self._add(task, f"{base}[{i}]", a, k) for i, (a, k) in enumerate(calls)]
        finally:
            self._whole = None

    def warnings(self) -> tuple[str, ...]:
        """One line for each task that declares a parameter which it never reads."""
        tasks = dict.fromkeys(step.task for step in self.steps)
        return tuple(dict.fromkeys(line for task in tasks if (line := task.warning)))

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Steps declared inside are named ``name/step``."""
        outer = self._scope
        self._scope = self._fresh_name(name) + "/"
        try:
            yield
        finally:
            self._scope = outer

    def value(self, step: StepNode, output: str) -> Any:
        """The value of a handle; remembers where it came from."""
        value = self.engine.demand(step, output)
        if not isinstance(value, _ATOMS):
            self._note_origin(value, self._source(step, output))
        return value

    def _source(self, step: StepNode, output: str) -> Source:
        return _source(step=step.name, output=output, digest=self.engine.identity(step, output))

    def _note_origin(self, value: Any, source: Source) -> None:
        self._origins[id(value)] = (value, source)
        if type(value) in (list, tuple, dict):
            for item in value.values() if type(value) is dict else value:
                if not isinstance(item, _ATOMS):
                    self._origins[id(item)] = (item, source)

    def _fresh_name(self, name: str) -> str:
        base = self._scope + name
        count = self._used[base] = self._used.get(base, 0) + 1
        return base if count == 1 else f"{base}-{count}"

    def _as_list(self, what: str, value: Any) -> list[Any]:
        from .task import items

        if isinstance(value, Handle):
            found = items(what, value._value())
            source = self._source(value._step, value._output)
            return [_Known(item, source) for item in found]
        return items(what, value)

    def _add(self, task: Task[..., Any], name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        bound = task.bind(args, kwargs, lambda argument: self.engine.seed(name, argument))
        arguments = {n: self._argument(task, n, value) for n, value in bound.items()}
        step = StepNode(position=len(self.steps) + 1, name=name, task=task, arguments=arguments)
        self.steps.append(step)
        self.engine.declared(step)
        if len(task.outputs) == 1:
            return Handle(self, step, task.outputs[0])
        handles = [Handle(self, step, output) for output in task.outputs]
        if task.returns_mapping:
            return dict(zip(task.outputs, handles, strict=True))
        return Handles(task.outputs, handles)

    def _argument(self, task: Task[..., Any], name: str, value: Any) -> Argument:
        kind = type(value)
        if kind is Handle:
            return Reference(value._step, value._output)
        if kind in _NUMBERS:  # most of what steps are given; they come from nowhere
            return Literal(value, self.engine.digest(value))
        if isinstance(value, (list, tuple, dict)) and _holds_handles(value):
            return self._nest(task, name, value)
        if kind is str and name in task.path_parameters:
            value = Path(value)
        return self._literal(task, name, value)

    def _nest(self, task: Task[..., Any], name: str, value: Any) -> Nest:
        if isinstance(value, dict):
            keys = list(value)
            return Nest(
                build=lambda items: dict(zip(keys, items, strict=True)),
                shape=f"dict{keys!r}",
                names=[repr(key) for key in keys],
                items=[self._argument(task, name, item) for item in value.values()],
            )
        kind = list if isinstance(value, list) else tuple
        return Nest(
            build=kind,
            shape=f"{kind.__name__}({len(value)})",
            names=[str(index) for index in range(len(value))],
            items=[self._argument(task, name, item) for item in value],
        )

    def _literal(self, task: Task[..., Any], name: str, value: Any) -> Literal:
        source = None
        if isinstance(value, _Known):
            value, source = value.value, value.source
        elif id(value) in self._origins:
            source = self._origins[id(value)][1]
        elif self._outside is not None and isinstance(value, Path):
            value = self._outside(value)
        try:
            digest = self._digest(value)
            return Literal(value, digest, source=_of_part(source, digest))
        except UnhashableError as error:
            if name in task.options.ignore:
                return Literal(value, None, source=source)
            return Literal(
                value, None, problem=f"argument {name}{error.where}: {error.reason}. {error.remedy}"
            )

    def _digest(self, value: Any) -> Digest:
        """A value's digest, found once for all calls of a map that are given it whole."""
        if self._whole is None or isinstance(value, _ATOMS):
            return self.engine.digest(value)
        known = self._whole.get(id(value))
        if known is None:
            known = self._whole[id(value)] = value, self.engine.digest(value)
        return known[1]


def _of_part(source: Source | None, digest: Digest) -> Source | None:
    """Where a value came from; only a part of an output names the whole."""
    if source is not None and source.digest == digest:
        return _source(step=source.step, output=source.output)
    return source


def _source(step: str, output: str, digest: Digest | None = None) -> Source:
    # Declaring needs no records, and importing them all would be a quarter of `import lineal`.
    from lineal.records import Source

    return Source(step=step, output=output, digest=digest)


class _Known:
    """An element of a step's output that a map hands to one of its calls."""

    __slots__ = ("source", "value")

    def __init__(self, value: Any, source: Source) -> None:
        self.value = value
        self.source = source


def _holds_handles(value: Any) -> bool:
    items = value.values() if isinstance(value, Mapping) else value
    return any(
        type(item) in (Handle, _Known)
        or (isinstance(item, (list, tuple, dict)) and _holds_handles(item))
        for item in items
    )
