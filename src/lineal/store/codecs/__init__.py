"""Codecs: the ways of keeping values, in the order they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from lineal.errors import StoreError

from .arrays import ArrayCodec
from .base import Codec
from .figures import FigureCodec, Picture
from .files import FileCodec
from .frames import ArrowCodec, PandasCodec, PolarsCodec
from .pickled import PickleCodec
from .plain import MetricsCodec, PlainCodec

__all__ = ["Codec", "Picture", "codec_named", "codecs_for"]

ENTRY_POINTS = "lineal.codecs"

_OWN: tuple[Codec, ...] = (
    PlainCodec(), MetricsCodec(), ArrayCodec(), PandasCodec(), PolarsCodec(), ArrowCodec(),
    FileCodec(), FigureCodec(),
)  # fmt: skip
_LAST: Codec = PickleCodec()


def codecs_for(value: Any) -> Iterator[Codec]:
    """The codecs to try on a value: ours, then those of others, pickle last."""
    for codec in _OWN:
        if codec.accepts(value):
            yield codec
    for codec in _of_others():
        if codec.accepts(value):
            yield codec
    yield _LAST


def codec_named(name: str) -> Codec:
    """The codec that wrote something.

    Raises:
        StoreError: none of that name is installed.
    """
    for codec in (*_OWN, _LAST, *_of_others()):
        if codec.name == name:
            return codec
    raise StoreError(
        f"No codec {name!r} is installed to read this value; install the package that wrote it, or"
        " a newer lineal."
    )


@cache
def _of_others() -> tuple[Codec, ...]:
    """Codecs that other packages offer under the entry point group ``lineal.codecs``."""
    from importlib.metadata import entry_points

    return tuple(point.load()() for point in entry_points(group=ENTRY_POINTS))
