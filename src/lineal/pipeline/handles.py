"""Handles: what a call of a task returns inside a pipeline, before the step has run.

A handle is passed on to other tasks as it is. Whatever looks at its value (`if`, a loop,
`float(…)`, an attribute, an operator) runs the steps that make it, and then works on the
value, so ordinary control flow works in the body of a pipeline.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self

from lineal.errors import UserError

from .graph import Reference

if TYPE_CHECKING:
    from .graph import StepNode
    from .tracing import Trace


class Handle:
    """The promise of a step's output."""

    __slots__ = ("_output", "_step", "_trace")

    def __init__(self, trace: Trace, step: StepNode, output: str) -> None:
        self._trace = trace
        self._step = step
        self._output = output

    def _value(self) -> Any:
        return self._trace.value(self._step, self._output)

    @property
    def value(self) -> Any:
        """The value itself, once the steps that make it have run."""
        return self._value()

    def __getattr__(self, name: str) -> Any:
        # Probes such as `__array__` and `_repr_html_` must see the value as well, but
        # copying and pickling look for names of their own on the handle itself.
        if name in ("__getstate__", "__setstate__", "__deepcopy__", "__copy__"):
            raise AttributeError(name)
        return getattr(self._value(), name)

    def __repr__(self) -> str:
        return f"<{self._step.name}.{self._output}>"

    def __str__(self) -> str:
        return str(self._value())

    def __format__(self, spec: str) -> str:
        return format(self._value(), spec)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._value())

    def __contains__(self, item: Any) -> bool:
        return item in self._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 - the value decides
        return self._value()(*args, **kwargs)

    def __reduce__(self) -> NoReturn:
        raise UserError(
            f"The handle {self!r} can't be pickled: its step may not have run. Pass it to a task,"
            " or take its .value first."
        )


def reference_of(handle: Handle) -> Reference:
    """What a handle refers to, without looking at its value."""
    return Reference(handle._step, handle._output)


def _look(function: Callable[..., Any]) -> Callable[..., Any]:
    def looking(self: Handle, *others: Any) -> Any:
        return function(self._value(), *(o._value() if type(o) is Handle else o for o in others))

    return looking


def _look_from_the_right(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self._value())


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
_BITWISE = ("and", "or", "xor", "lshift", "rshift")
_UNARY = ("neg", "pos", "abs", "invert", "index")
_COMPARING = ("eq", "ne", "lt", "le", "gt", "ge", "getitem")
for _name in (*_BINARY, *_BITWISE, *_UNARY, *_COMPARING):
    setattr(Handle, f"__{_name}__", _look(getattr(operator, f"__{_name}__")))
for _name in (*_BINARY, *_BITWISE):
    setattr(Handle, f"__r{_name}__", _look_from_the_right(getattr(operator, f"__{_name}__")))
_BUILTINS: dict[str, Callable[..., Any]] = {
    "bool": bool,
    "len": len,
    "int": int,
    "float": float,
    "complex": complex,
    "round": round,
    "divmod": divmod,
    "reversed": reversed,
}
for _name, _function in _BUILTINS.items():
    setattr(Handle, f"__{_name}__", _look(_function))


class Handles(tuple[Handle, ...]):
    """The handles of a step with several outputs: unpack it, or take one by its name."""

    _names: Sequence[str]

    def __new__(cls, names: Sequence[str], handles: Sequence[Handle]) -> Self:
        """Pair the handles with the outputs' names."""
        self = super().__new__(cls, handles)
        self._names = names
        return self

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, str):
            if place not in self._names:
                raise UserError(
                    f"There is no output {place!r}; there are {', '.join(self._names)}."
                )
            place = self._names.index(place)
        return super().__getitem__(place)
