"""Records from JSON: the inverse of `to_json`, guided by the records' own annotations.

What comes from a file that others wrote is checked on the way: a value of another type than
the record declares is refused.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, structs

from lineal.digests.digest import Digest


class NotARecord(ValueError):
    """JSON that is not the record it should be."""


def from_json(kind: Any, data: Any) -> Any:
    """A value of a declared type from JSON-like data.

    Raises:
        NotARecord: the data has another shape; says what and where.
    """
    if kind is Any:
        return data
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(get_args(kind), data)
    if origin is tuple:
        _expect(data, list)
        return tuple(from_json(get_args(kind)[0], item) for item in data)
    if origin is not None and issubclass(origin, Mapping):
        _expect(data, dict)
        return {str(key): from_json(get_args(kind)[1], item) for key, item in data.items()}
    if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, Struct)):
        return _record(kind, data)
    return _scalar(kind, data)


def _union(kinds: tuple[Any, ...], data: Any) -> Any:
    if data is None and type(None) in kinds:
        return None
    return from_json(next(kind for kind in kinds if kind is not type(None)), data)


def _record(kind: Any, data: Any) -> Any:
    _expect(data, dict)
    hints = _hints(kind)
    unknown = data.keys() - hints.keys()
    missing = [name for name in _required(kind) if name not in data]
    if unknown or missing:
        raise NotARecord(f"{kind.__name__}: {', '.join(sorted([*unknown, *missing]))}")
    try:
        return kind(**{name: from_json(hints[name], value) for name, value in data.items()})
    except NotARecord as error:
        raise NotARecord(f"{kind.__name__}: {error}") from None


@cache
def _required(kind: Any) -> tuple[str, ...]:
    """The fields of a record that have no default."""
    if issubclass(kind, Struct):
        return tuple(field.name for field in structs.fields(kind) if field.required)
    return tuple(
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    )


def _scalar(kind: Any, data: Any) -> Any:
    if kind is float:
        _expect(data, (int, float))
        return float(data)
    if kind is bytes:
        _expect(data, str)
        return bytes.fromhex(data)
    if kind is datetime:
        _expect(data, str)
        return datetime.fromisoformat(data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind is Digest:
        return _digest(data)
    if kind is bool or not isinstance(data, bool):
        _expect(data, kind)
        return data
    raise NotARecord(f"{data!r} is no {kind.__name__}")


def _digest(data: Any) -> Digest:
    _expect(data, str)
    algorithm, _, digits = data.partition(":")
    length = {"xxh3": 32, "unique": 32, "blake3": 64}.get(algorithm)
    if len(digits) != length or not set(digits) <= set("0123456789abcdef"):
        raise NotARecord(f"{data!r} is no digest")
    return Digest(data)


def _expect(data: Any, kind: Any) -> None:
    if not isinstance(data, kind):
        raise NotARecord(f"{str(data)[:40]!r} is no {getattr(kind, '__name__', 'number')}")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
