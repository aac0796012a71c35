"""Plain values as JSON, exactly: a tag stands where JSON itself would blur a type.

None, booleans, finite floats, strings, lists, and dicts with strings for keys are
themselves; integers are as long as a float could hold them. All else is an object with one
key, its tag: ``{"$t": [1, 2]}`` is a tuple. A dict that looks like that is tagged, too.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import uuid
import zoneinfo
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

from .base import Check

_EXACT = 2**53
"""Integers below it are read rightly by any reader of JSON."""
_LEAVES = frozenset({type(None), bool, str})
_TEXT = frozenset({str})


class PlainCodec:
    """None, numbers, text, bytes, dates and times, and containers of them."""

    name = "plain/1"
    suffix = ".json"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Any of its types; what containers hold shows when they are encoded."""
        return type(value) in _TYPES

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As JSON text; raises TypeError for what is not plain."""
        return _dump(_wrap(value)).encode("utf-8", "surrogatepass")

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From JSON text."""
        return _unwrap(_load(data.decode("utf-8", "surrogatepass")))


_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_load = json.JSONDecoder().decode


def _int(value: int) -> Any:
    return value if -_EXACT < value < _EXACT else {"$i": hex(value)}


def _float(value: float) -> Any:
    return value if math.isfinite(value) else {"$f": repr(value)}


def _list(value: list[Any]) -> list[Any]:
    return value if _LEAVES.issuperset(map(type, value)) else [_wrap(item) for item in value]


def _dict(value: dict[Any, Any]) -> dict[str, Any]:
    if _TEXT.issuperset(map(type, value)) and not _looks_tagged(value):
        return {key: _wrap(item) for key, item in value.items()}
    return {"$d": [[_wrap(key), _wrap(item)] for key, item in value.items()]}


def _looks_tagged(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith("$")


def _datetime(value: dt.datetime) -> dict[str, Any]:
    return {"$dt": [value.replace(tzinfo=None, fold=0).isoformat(), value.fold, _zone(value)]}


def _time(value: dt.time) -> dict[str, Any]:
    return {"$tm": [value.replace(tzinfo=None, fold=0).isoformat(), value.fold, _zone(value)]}


def _zone(value: dt.datetime | dt.time) -> Any:
    """Nothing, the offset of a fixed zone, or the name of a changing one."""
    zone = value.tzinfo
    if zone is None:
        return None
    if type(zone) is dt.timezone:
        return _wrap(zone.utcoffset(None))
    if type(zone) is zoneinfo.ZoneInfo and zone.key is not None:
        return zone.key
    raise TypeError(f"the time zone {zone!r} is not plain")


def _zone_of(wrapped: Any) -> dt.tzinfo | None:
    if wrapped is None:
        return None
    if isinstance(wrapped, str):
        return zoneinfo.ZoneInfo(wrapped)
    return dt.timezone(_unwrap(wrapped))


_WRAP: dict[type, Callable[[Any], Any]] = {
    int: _int,
    float: _float,
    list: _list,
    dict: _dict,
    tuple: lambda v: {"$t": [_wrap(item) for item in v]},
    set: lambda v: {"$s": [_wrap(item) for item in v]},
    frozenset: lambda v: {"$z": [_wrap(item) for item in v]},
    complex: lambda v: {"$c": [_float(v.real), _float(v.imag)]},
    bytes: lambda v: {"$b": base64.b64encode(v).decode()},
    bytearray: lambda v: {"$y": base64.b64encode(v).decode()},
    dt.datetime: _datetime,
    dt.date: lambda v: {"$da": v.isoformat()},
    dt.time: _time,
    dt.timedelta: lambda v: {"$td": [v.days, v.seconds, v.microseconds]},
    Decimal: lambda v: {"$de": str(v)},
    uuid.UUID: lambda v: {"$id": str(v)},
    range: lambda v: {"$ra": [_int(v.start), _int(v.stop), _int(v.step)]},
}
_TYPES = _LEAVES.union(_WRAP)
_UNWRAP: dict[str, Callable[[Any], Any]] = {
    "$i": lambda v: int(v, 16),
    "$f": float,
    "$d": lambda v: {_unwrap(key): _unwrap(item) for key, item in v},
    "$t": lambda v: tuple([_unwrap(item) for item in v]),
    "$s": lambda v: {_unwrap(item) for item in v},
    "$z": lambda v: frozenset(_unwrap(item) for item in v),
    "$c": lambda v: complex(_unwrap(v[0]), _unwrap(v[1])),
    "$b": base64.b64decode,
    "$y": lambda v: bytearray(base64.b64decode(v)),
    "$dt": lambda v: dt.datetime.fromisoformat(v[0]).replace(fold=v[1], tzinfo=_zone_of(v[2])),
    "$da": dt.date.fromisoformat,
    "$tm": lambda v: dt.time.fromisoformat(v[0]).replace(fold=v[1], tzinfo=_zone_of(v[2])),
    "$td": lambda v: dt.timedelta(*v),
    "$de": Decimal,
    "$id": uuid.UUID,
    "$ra": lambda v: range(*map(_unwrap, v)),
}


def _wrap(value: Any) -> Any:
    kind = type(value)
    if kind in _LEAVES:
        return value
    wrap = _WRAP.get(kind)
    if wrap is None:
        raise TypeError(f"{kind.__qualname__} is not plain")
    return wrap(value)


def _unwrap(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        if _looks_tagged(value):
            ((tag, inner),) = value.items()
            return _UNWRAP[tag](inner)
        return {key: _unwrap(item) for key, item in value.items()}
    if kind is list:
        return [_unwrap(item) for item in value]
    return value
