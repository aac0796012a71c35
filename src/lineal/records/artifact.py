"""The record of a value that crossed a step: what it is, and where its bytes lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from lineal.digests.digest import Digest


class Stored(Struct, frozen=True, kw_only=True, gc=False):
    """How a value's bytes are kept: by address in the blob store, or in the record itself."""

    codec: str
    """The codec that wrote the bytes and can read them, with its version: ``arrow-frame/1``."""
    size: int
    """Length of the encoded bytes, before the store compresses them."""
    address: Digest | None = None
    """Where the bytes lie in the blob store; None when they are inline."""
    inline: bytes | None = None
    """The bytes themselves, when they are small."""
    pickled: bool = False
    """Whether reading the bytes runs code, as pickle does."""


class Artifact(Struct, frozen=True, kw_only=True, gc=False):
    """An immutable value with a digest."""

    digest: Digest
    """Identity of the value's content (xxh3), or a unique one."""
    kind: str
    """What it is to a reader: frame, array, model, metrics, figure, file, tree, text, value."""
    type: str
    """The qualified name of its Python type."""
    stored: Stored | None = None
    """Where its bytes are; None when they were not kept."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """Facts of its shape, as JSON: rows, columns (name, type, digest), dtype, signature; and
    statistics, when its bytes were kept: see `lineal.store.statistics`."""
