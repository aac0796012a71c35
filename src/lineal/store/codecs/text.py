"""Text and bytes, as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

from .base import Check


class TextCodec:
    """Strings, as UTF-8 that lets lone surrogates pass."""

    name = "text/1"
    suffix = ".txt"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Strings, no subclasses."""
        return type(value) is str

    def encode(self, value: str, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As UTF-8."""
        return value.encode("utf-8", "surrogatepass")

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> str:  # noqa: ARG002
        """From UTF-8."""
        return data.decode("utf-8", "surrogatepass")


class BytesCodec:
    """Bytes."""

    name = "bytes/1"
    suffix = ".bin"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Bytes, no subclasses."""
        return type(value) is bytes

    def encode(self, value: bytes, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As they are."""
        return value

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> bytes:  # noqa: ARG002
        """As they are."""
        return data
