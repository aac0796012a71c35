"""Codecs: the ways of keeping values, in the order they are asked."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from lineal.errors import StoreError

from .arrays import ArrayCodec, ScalarCodec
from .base import Check, Codec
from .figures import FigureCodec, Picture
from .files import FileCodec
from .frames import (
    ArrowBatchCodec,
    ArrowCodec,
    ArrowColumnCodec,
    PandasCodec,
    PolarsCodec,
    PolarsSeriesCodec,
)
from .metrics import MetricsCodec
from .pickled import EstimatorCodec, PickleCodec
from .plain import PlainCodec
from .text import BytesCodec, TextCodec

__all__ = ["OWN", "Check", "Codec", "Picture", "codec_named", "codecs_for"]

ENTRY_POINTS = "lineal.codecs"
_MEMBERS = ("name", "suffix", "pickled", "check", "accepts", "encode", "decode")

_EXACT: tuple[Codec, ...] = (
    TextCodec(),
    BytesCodec(),
    PlainCodec(),
    MetricsCodec(),
    ArrayCodec(),
    ScalarCodec(),
    PandasCodec(),
    PolarsCodec(),
    PolarsSeriesCodec(),
    ArrowCodec(),
    ArrowBatchCodec(),
    ArrowColumnCodec(),
    FileCodec(),
    FigureCodec(),
)
_PICKLED: tuple[Codec, ...] = (EstimatorCodec(), PickleCodec())
OWN: tuple[Codec, ...] = (*_EXACT, *_PICKLED)


def codecs_for(value: Any) -> Iterator[Codec]:
    """The codecs to try on a value: ours, those of other packages, then pickle."""
    yield from _accepting(_EXACT, value)
    yield from _accepting(of_others(), value)
    yield from _accepting(_PICKLED, value)


def codec_named(name: str) -> Codec:
    """The codec that wrote something.

    Raises:
        StoreError: none of that name is installed.
    """
    codec = _own_names.get(name) or next((c for c in of_others() if c.name == name), None)
    if codec is None:
        raise StoreError(
            f"No codec {name!r} is installed to read this value; install the package that wrote"
            " it, or a newer lineal."
        )
    return codec


_own_names = {codec.name: codec for codec in OWN}


@cache
def of_others() -> tuple[Codec, ...]:
    """Codecs that other packages offer under the entry point group ``lineal.codecs``.

    One that can't be loaded is left out with a warning: values it knows go to the next.
    """
    from importlib.metadata import entry_points

    found: dict[str, Codec] = {}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            codec = _checked(point.load()(), {*_own_names, *found})
        except Exception as error:  # noqa: BLE001 - a stranger's code may fail in any way
            warnings.warn(
                f"The codec {point.value} can't be used ({type(error).__name__}: {error}); mend or"
                " uninstall the package that offers it.",
                RuntimeWarning,
                stacklevel=2,
            )
        else:
            found[codec.name] = codec
    return tuple(found.values())


def _accepting(codecs: tuple[Codec, ...], value: Any) -> Iterator[Codec]:
    return (codec for codec in codecs if codec.accepts(value))


def _checked(codec: Any, taken: set[str]) -> Codec:
    missing = [member for member in _MEMBERS if not hasattr(codec, member)]
    if missing:
        raise TypeError(f"it has no {', '.join(missing)}")
    if codec.name in taken:
        raise ValueError(f"the name {codec.name!r} is taken")
    checked: Codec = codec
    return checked
