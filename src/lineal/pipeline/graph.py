"""The graph of a pipeline's steps: what each is given, and which steps that comes from.

It is only a graph: nothing here decides, runs or records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lineal.digests.digest import Digest

if TYPE_CHECKING:
    from lineal.records import Source

    from .task import Task


@dataclass(slots=True)
class Literal:
    """A value that the body of the pipeline gave to a step."""

    value: Any
    digest: Digest | None
    """None when the value can't be identified; `problem` says why."""
    problem: str | None = None
    source: Source | None = None
    """Set when the value came out of a step and was looked at on its way."""


@dataclass(slots=True)
class Reference:
    """The output of another step."""

    step: StepNode
    output: str


@dataclass(slots=True)
class Nest:
    """A list, tuple or dictionary that holds references somewhere inside."""

    build: Callable[[list[Any]], Any]
    shape: str
    """The container's kind, length and keys: part of the key of the step."""
    names: list[str]
    items: list[Argument]


Argument = Literal | Reference | Nest
Leaf = Literal | Reference


@dataclass(slots=True, eq=False)
class StepNode:
    """One call of a task."""

    position: int
    """Order of declaration in the run, from 1."""
    name: str
    task: Task[..., Any]
    arguments: dict[str, Argument]
    leaves: list[tuple[str, Leaf]] = field(default_factory=list)
    """Every value the step is given, by the argument and its place in it."""
    upstream: list[StepNode] = field(default_factory=list)
    """The steps whose outputs it takes, each once, in order of first use."""

    def __post_init__(self) -> None:
        above: dict[int, StepNode] = {}
        for name, argument in self.arguments.items():
            for part in _leaves(name, argument) if type(argument) is Nest else [(name, argument)]:
                self.leaves.append(part)  # type: ignore[arg-type]
                leaf = part[1]
                if type(leaf) is Reference:
                    above[leaf.step.position] = leaf.step
        if above:
            self.upstream = list(above.values())

    def shapes(self) -> list[str]:
        """The containers around its references, as text."""
        return [
            f"{name}={shape}"
            for name, argument in self.arguments.items()
            if isinstance(argument, Nest)
            for shape in _shapes(argument)
        ]

    def ancestors(self) -> list[StepNode]:
        """It and every step it depends on, in order of declaration."""
        found = {self.position: self}
        waiting = [self]
        while waiting:
            for node in waiting.pop().upstream:
                if node.position not in found:
                    found[node.position] = node
                    waiting.append(node)
        return [found[position] for position in sorted(found)]


def _leaves(name: str, argument: Argument) -> Iterator[tuple[str, Leaf]]:
    if isinstance(argument, Nest):
        for part, item in zip(argument.names, argument.items, strict=True):
            yield from _leaves(f"{name}[{part}]", item)
    else:
        yield name, argument


def _shapes(nest: Nest) -> Iterator[str]:
    yield nest.shape
    for item in nest.items:
        if isinstance(item, Nest):
            yield from _shapes(item)


def resolve(argument: Argument, value_of: Callable[[Leaf], Any]) -> Any:
    """The value of an argument, each leaf's asked of `value_of`."""
    if isinstance(argument, Nest):
        return argument.build([resolve(item, value_of) for item in argument.items])
    return value_of(argument)
