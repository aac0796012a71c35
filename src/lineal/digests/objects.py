"""Identifying objects: those of the standard library, and any other by its reduced state.

An object's state is what pickling would keep of it: what ``copyreg`` or ``__reduce_ex__``
gives, walked by the same rules, with attributes in the order of their names. What refuses
to be reduced (an open file, a lock, a generator) has no content to go by and is refused.
"""

from __future__ import annotations

import copyreg
import datetime as dt
import enum
import sys
import types
import uuid
import zoneinfo
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from lineal.errors import UnhashableError

from .encoding import compound, text
from .files import path_digest
from .walker import Encoder, Walker, qualified, unordered, within

_SPENT = "it gives its items once, and hashing it would use them up"
_REFUSED: dict[type, tuple[str, str]] = {
    types.GeneratorType: (_SPENT, "Pass a list of its items."),
    types.CoroutineType: ("it is a computation that has not run", "Await it, and pass its result."),
    types.AsyncGeneratorType: (_SPENT, "Pass a list of its items."),
    types.ModuleType: ("it is a module", "Import it where it is used."),
    object: (
        "a bare object() is only equal to itself, in this process",
        "Use None or a member of an Enum as the marker.",
    ),
}
_OPEN = "Pass its data, or make it inside the step."


def encoder_for(cls: type) -> Encoder:
    """The encoder of a type that no other file here knows."""
    if cls in _EXACT:
        return _EXACT[cls]
    for base, encoder in _BASES.items():
        if issubclass(cls, base):
            return encoder
    if cls in _REFUSED:
        return _refuse
    return reduced


def _refuse(value: Any, _walker: Walker) -> bytes:
    raise UnhashableError("", *_REFUSED[type(value)])


def reduced(value: Any, walker: Walker) -> bytes:
    """The token of an object by the state that pickling it would keep."""
    cls = type(value)
    reduction = _reduction(value)
    if isinstance(reduction, str):
        return _named(value, reduction, walker)
    function, arguments, state, items, entries, setter = (*reduction, *[None] * 4)[:6]
    parts = [walker.type(cls), _reconstructor(function, cls, walker)]
    parts.append(_within("", lambda: walker.loose(arguments)))
    parts.append(_state(state, walker))
    if items is not None:
        parts.append(b"items" + walker.sequence(list(items)))
    if entries is not None:
        pairs = list(entries)
        keys, values = [key for key, _ in pairs], [value for _, value in pairs]
        parts.append(b"entries" + walker.mapping(keys, values))
    if setter is not None:
        parts.append(b"setter" + walker.token(setter))
    return compound(b"o", *parts)


def _reduction(value: Any) -> Any:
    cls = type(value)
    special = copyreg.dispatch_table.get(cls)
    try:
        return special(value) if special is not None else value.__reduce_ex__(4)
    except UnhashableError:
        raise
    except Exception as error:
        raise UnhashableError("", f"{qualified(cls)} has no state to go by ({error})", _OPEN) from (
            error
        )


def _within(step: str, walk: Callable[[], bytes]) -> bytes:
    try:
        return walk()
    except UnhashableError as error:
        raise within(step, error) from error.__cause__


def _named(value: Any, name: str, walker: Walker) -> bytes:
    """The token of what is pickled as a name, if that name does lead back to it."""
    module = str(getattr(value, "__module__", None))
    if _found(module, name) is not value:
        raise UnhashableError("", f"{name} is not found under its name in {module}", _OPEN)
    parts = [walker.type(type(value)), text(module), text(name)]
    if walker.code is not None and walker.code(type(value)) is not None:
        # The project's own: what it holds can change with the name the same.
        parts.append(_state(getattr(value, "__dict__", None), walker))
    return compound(b"g", *parts)


def _reconstructor(function: Any, cls: type, walker: Walker) -> bytes:
    """What remakes the object goes by its name: the object is what it is made from."""
    if function is cls:
        return b"class"
    if isinstance(function, types.FunctionType) and _importable(function):
        return text(f"{function.__module__}.{function.__qualname__}")
    return walker.token(function)


def _state(state: Any, walker: Walker) -> bytes:
    if state is None:
        return b"stateless"
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
        # The shape of a state with slots: (attributes or None, slots).
        first = _state(state[0], walker) if isinstance(state[0], dict | None) else None
        if first is not None:
            return b"slots" + first + _state(state[1], walker)
    if type(state) is dict and all(type(name) is str for name in state):
        names = sorted(state)
        return b"attributes" + walker.attributes(names, [state[name] for name in names])
    return b"state" + walker.token(state)


def _function(value: types.FunctionType, walker: Walker) -> bytes:
    name = f"{value.__module__}.{value.__qualname__}"
    if walker.code is not None:
        digest = walker.code(value)
        if digest is not None:
            return compound(b"x", digest.encode())
        if _importable(value):
            return compound(b"k", text(name))
        return _made_by_library(value, name, walker)
    raise UnhashableError(
        "",
        f"the function {name} can do anything, and its code is not known",
        "Pass its name or its settings, and choose the function inside the step.",
    )


def _made_by_library(value: types.FunctionType, name: str, walker: Walker) -> bytes:
    """A function that another distribution made: its name, bytecode, defaults and captures."""
    try:
        captures = [cell.cell_contents for cell in value.__closure__ or ()]
    except ValueError:
        raise UnhashableError("", f"{name} captures what is not set yet", _OPEN) from None
    parts = [walker.token(part) for part in (value.__defaults__, value.__kwdefaults__, captures)]
    return compound(b"kc", text(name), _bytecode(value.__code__, walker), *parts)


def _bytecode(code: types.CodeType, walker: Walker) -> bytes:
    constants = [
        _bytecode(constant, walker)
        if isinstance(constant, types.CodeType)
        else walker.token(constant)
        for constant in code.co_consts
    ]
    names = walker.token((code.co_names, code.co_varnames, code.co_freevars))
    return compound(b"code", walker.token(code.co_code), names, *constants)


def _importable(value: types.FunctionType) -> bool:
    return _found(value.__module__, value.__qualname__) is value


def _found(module: str, path: str) -> Any:
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def _builtin(value: Any, walker: Walker) -> bytes:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        name = owner.__name__ if owner is not None else str(value.__module__)
        return compound(b"k", text(name), text(value.__qualname__))
    return compound(b"k", walker.token(owner), text(value.__name__))


def _method(value: types.MethodType, walker: Walker) -> bytes:
    function, name = value.__func__, value.__func__.__name__
    parts = [walker.token(value.__self__), text(name)]
    if getattr(type(value.__self__), name, None) is not function:
        parts.append(walker.token(function))  # the class leads to another: bound by hand, or super
    return compound(b"w", *parts)


def _path(value: Path, walker: Walker) -> bytes:
    return compound(b"p", path_digest(value, walker.memo).encode())


def _enum(value: enum.Enum, walker: Walker) -> bytes:
    # A bare object() as its value only makes the member unlike any other: its name does too.
    content = b"marker" if type(value.value) is object else walker.token(value.value)
    parts = (text(str(value.name)), content)
    return compound(b"n", walker.type(type(value)), *parts)


def _set(value: Any, walker: Walker) -> bytes:
    attributes = getattr(value, "__dict__", None)
    return compound(
        b"a", walker.type(type(value)), unordered(value, walker), _state(attributes, walker)
    )


def _datetime(value: dt.datetime, walker: Walker) -> bytes:
    stamp = value.replace(tzinfo=None).isoformat()
    return compound(b"dt", text(stamp), b"%d" % value.fold, walker.token(value.tzinfo))


def _time(value: dt.time, walker: Walker) -> bytes:
    stamp = value.replace(tzinfo=None).isoformat()
    return compound(b"tm", text(stamp), b"%d" % value.fold, walker.token(value.tzinfo))


def _zone(value: zoneinfo.ZoneInfo, walker: Walker) -> bytes:
    if value.key is None:
        raise UnhashableError("", "the time zone has no name", "Make it with ZoneInfo(name).")
    return compound(b"tz", walker.type(type(value)), text(value.key))


def _plain(tag: bytes, show: Callable[[Any], str]) -> Encoder:
    return lambda value, _walker: compound(tag, text(show(value)))


def _fields(tag: bytes, *names: str) -> Encoder:
    return lambda value, walker: compound(
        tag, *[walker.token(getattr(value, name)) for name in names]
    )


def _view(value: memoryview, walker: Walker) -> bytes:
    shape = walker.token(value.shape)
    return compound(b"v", text(value.format), shape, walker.token(value.tobytes()))


def _mapping_proxy(value: types.MappingProxyType[Any, Any], walker: Walker) -> bytes:
    return compound(b"mp", walker.mapping(list(value), list(value.values())))


_EXACT: dict[type, Encoder] = {
    dt.datetime: _datetime,
    dt.date: _plain(b"da", dt.date.isoformat),
    dt.time: _time,
    dt.timedelta: _fields(b"td", "days", "seconds", "microseconds"),
    zoneinfo.ZoneInfo: _zone,
    Decimal: _plain(b"de", str),
    uuid.UUID: _plain(b"id", str),
    range: _fields(b"ra", "start", "stop", "step"),
    slice: _fields(b"sl", "start", "stop", "step"),
    memoryview: _view,
    types.MappingProxyType: _mapping_proxy,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _builtin,
    types.MethodType: _method,
}
_BASES: dict[type, Encoder] = {
    type: lambda value, walker: walker.type(value),
    Path: _path,
    enum.Enum: _enum,
    set: _set,
    frozenset: _set,
}
