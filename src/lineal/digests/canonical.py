"""Identifying values: any value -> its digest, by content alone.

The rules are told in ``docs/design/identity.md``. What can't be identified soundly is
refused, with the place, the reason and a remedy; nothing is ever given a constant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from lineal.errors import UnhashableError

from .digest import Digest
from .encoding import SCALARS
from .files import path_digest
from .identity import ValueIdentity
from .memo import StatMemo
from .profiles import profile_of
from .walker import CodeEncoder, Walker, register

__all__ = ["identify", "register", "set_code_encoder", "value_digest"]

_code: list[CodeEncoder | None] = [None]


def set_code_encoder(encoder: CodeEncoder | None) -> CodeEncoder | None:
    """Say how functions and classes met inside values are identified; returns the former way.

    Args:
        encoder: Given a function or a class, its digest when it is project code, else None.
            A class without one goes by its qualified name; a function without one, unless
            it can be imported by its name, can't be identified.
    """
    before, _code[0] = _code[0], encoder
    return before


def value_digest(value: Any, memo: StatMemo | None = None) -> Digest:
    """The digest of a value's content.

    Args:
        value: Anything. A ``Path`` stands for the content of its file or tree.
        memo: What is known already of files on disk.

    Raises:
        UnhashableError: it, or something in it, has no content to go by.
        MissingFileError: a path in it names nothing.
    """
    scalar = SCALARS.get(type(value))
    if scalar is not None:
        return Digest("xxh3:" + xxh3_128_hexdigest(scalar(value)))
    if isinstance(value, Path):
        return path_digest(value, memo)
    return _walk(value, Walker(memo, _code[0], value))


def lookup_key(item: Any) -> Any:
    """An item that can be looked up: itself, or what stands for it where Python can't hash it."""
    try:
        hash(item)
    except TypeError:
        try:
            return value_digest(item)
        except UnhashableError:
            return repr(item)
    return item


def identify(value: Any, memo: StatMemo | None = None) -> ValueIdentity:
    """The digest of a value's content, with its kind and the facts of its shape.

    Args:
        value: Anything. A ``Path`` stands for the content of its file or tree.
        memo: What is known already of files on disk.

    Raises:
        UnhashableError: it, or something in it, has no content to go by.
        MissingFileError: a path in it names nothing.
    """
    walker = Walker(memo, _code[0], value)
    if isinstance(value, Path):
        digest = path_digest(value, memo, walker.profile)
    else:
        digest = _walk(value, walker)
    kind, profile = profile_of(value, walker.profile)
    cls = type(value)
    return ValueIdentity(
        digest=digest,
        kind=kind,
        type=f"{_HOMES.get(cls.__module__, cls.__module__)}.{cls.__qualname__}",
        profile=profile,
    )


_HOMES = {"pathlib._local": "pathlib"}
"""Where Python 3.13 says its paths live -> where everybody knows them to."""


def _walk(value: Any, walker: Walker) -> Digest:
    try:
        token = walker.token(value)
    except RecursionError:
        raise UnhashableError(
            "",
            "it is nested too deeply to be walked",
            "Flatten it, or pass what it is made from.",
        ) from None
    return Digest("xxh3:" + xxh3_128_hexdigest(token))
