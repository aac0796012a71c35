"""Plain values as JSON: a tag for every type that JSON itself would blur."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

_AS_THEY_ARE = (type(None), bool, str)


class PlainCodec:
    """None, booleans, numbers, text, bytes, and containers of them, exactly."""

    name = "plain/1"
    pickled = False
    exempt = False

    def accepts(self, value: Any) -> bool:
        """Any of its types; what containers hold shows when they are encoded."""
        return type(value) in _TYPES

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As JSON text; raises TypeError for what is not plain."""
        return json.dumps(_wrap(value), ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From JSON text."""
        return _unwrap(json.loads(data.decode("utf-8", "surrogatepass")))


_WRAP: dict[type, Callable[[Any], Any]] = {
    int: lambda v: v if abs(v) < 2**53 else {"i": str(v)},
    float: lambda v: v if math.isfinite(v) else {"f": repr(v)},
    complex: lambda v: {"c": [_wrap(v.real), _wrap(v.imag)]},
    bytes: lambda v: {"b": base64.b64encode(v).decode()},
    bytearray: lambda v: {"y": base64.b64encode(v).decode()},
    list: lambda v: [_wrap(item) for item in v],
    tuple: lambda v: {"t": [_wrap(item) for item in v]},
    dict: lambda v: {"d": [[_wrap(key), _wrap(item)] for key, item in v.items()]},
    set: lambda v: {"s": [_wrap(item) for item in v]},
    frozenset: lambda v: {"z": [_wrap(item) for item in v]},
}
_TYPES = frozenset([*_AS_THEY_ARE, *_WRAP])
_UNWRAP: dict[str, Callable[[Any], Any]] = {
    "i": int,
    "f": float,
    "c": lambda v: complex(_unwrap(v[0]), _unwrap(v[1])),
    "b": base64.b64decode,
    "y": lambda v: bytearray(base64.b64decode(v)),
    "t": lambda v: tuple(_unwrap(item) for item in v),
    "d": lambda v: {_unwrap(key): _unwrap(item) for key, item in v},
    "s": lambda v: {_unwrap(item) for item in v},
    "z": lambda v: frozenset(_unwrap(item) for item in v),
}


def _wrap(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind not in _WRAP:
        raise TypeError(f"{kind.__qualname__} is not plain")
    return _WRAP[kind](value)


def _unwrap(value: Any) -> Any:
    if isinstance(value, list):
        return [_unwrap(item) for item in value]
    if isinstance(value, dict):
        ((tag, inner),) = value.items()
        return _UNWRAP[tag](inner)
    return value


class MetricsCodec:
    """`lineal.Metrics`, with its slices."""

    name = "metrics/1"
    pickled = False
    exempt = False

    def accepts(self, value: Any) -> bool:
        """Metrics alone."""
        return type(value).__qualname__ == "Metrics" and type(value).__module__.startswith(
            "lineal."
        )

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As JSON text."""
        return json.dumps([_wrap(value.overall), _wrap(value.slices)]).encode()

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From JSON text."""
        from lineal.pipeline import Metrics

        overall, slices = json.loads(data)
        return Metrics(_unwrap(overall), _unwrap(slices))
