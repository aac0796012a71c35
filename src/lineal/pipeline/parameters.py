"""Checking what a pipeline is given against its annotations, as far as these are plain.

Plain are numbers, texts, paths, None, enumerations, literals, and unions of such; of anything
else any value will do. Nothing is converted: an integer does for a float and a text for a path,
as they do in Python, and NumPy's numbers do for Python's.
"""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from numbers import Integral, Number, Real
from pathlib import Path
from reprlib import repr as shortened
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from lineal.errors import ParameterError


def hints_of(fn: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function as what they name; none where a name is not known."""
    try:
        return typing.get_type_hints(fn)
    except (AttributeError, NameError, SyntaxError, TypeError):
        return {}


def check_given(
    pipeline: str,
    parameters: Mapping[str, inspect.Parameter],
    hints: Mapping[str, Any],
    given: Mapping[str, Any],
) -> None:
    """See that what a pipeline is given is what it declares; a default is taken as it is.

    Raises:
        ParameterError: an argument is not; names it.
    """
    for name, value in given.items():
        parameter = parameters[name]
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in hints and value is not parameter.default and not fits(value, hints[name]):
            hint = hints[name]
            shown = hint.__name__ if isinstance(hint, type) else str(hint)
            raise ParameterError(
                f"The parameter {name!r} of {pipeline!r} can't be {shortened(value)}, which is"
                f" {type(value).__qualname__}: it is declared as {shown.replace('typing.', '')}."
            )


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what an annotation says; any value is, where that is not plain."""
    origin = get_origin(hint)
    if origin is Annotated:
        return fits(value, get_args(hint)[0])
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in get_args(hint))
    if origin is Literal:
        return any(_is(value, literal) for literal in get_args(hint))
    if not isinstance(hint, type):
        return True
    if issubclass(hint, Enum):
        return isinstance(value, hint)
    return hint not in _PLAIN or _PLAIN[hint](value)


def _is(value: Any, literal: Any) -> bool:
    alike = isinstance(value, bool) == isinstance(literal, bool)
    return alike and isinstance(value, type(literal)) and bool(value == literal)


def _is_bool(value: Any) -> bool:
    kind = type(value)
    return kind is bool or (kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_"))


def _number(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind) and not _is_bool(value)


_PLAIN: dict[type, Callable[[Any], bool]] = {
    NoneType: lambda value: value is None,
    bool: _is_bool,
    int: _number(Integral),
    float: _number(Real),
    complex: _number(Number),
    str: lambda value: isinstance(value, str),
    Path: lambda value: isinstance(value, (str, os.PathLike)),
}
