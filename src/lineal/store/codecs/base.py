"""The protocol of a codec: one way of turning values into bytes and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from lineal.store.base import BlobStore


class Codec(Protocol):
    """Encodes a family of values. Stateless; may be used from any thread."""

    name: str
    """Its name and version, as recorded with what it wrote: ``arrow-frame/1``."""
    pickled: bool
    """Whether decoding runs code that the bytes name."""
    exempt: bool
    """Whether what it gives back stands for the value without being equal to it."""

    def accepts(self, value: Any) -> bool:
        """Whether to try it on a value; cheap, and imports nothing."""

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """The bytes of a value; parts of their own go to `blobs`. May raise anything."""

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """The value of bytes; files it consists of are laid out in the folder `where`."""
