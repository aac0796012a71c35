"""The protocol of a codec: one way of turning values into bytes and back."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import Any, Protocol

from lineal.store.base import BlobStore


class Check(Enum):
    """How it is proved that a codec keeps a value as it is."""

    DECODED = auto()
    """What it gives back has the value's digest."""
    SOURCE = auto()
    """The value still has its digest after it was kept: for paths, whose content the
    codec takes byte by byte but which others may write to meanwhile."""
    NONE = auto()
    """Not at all: what it gives back stands for the value without being equal to it."""


class Codec(Protocol):
    """Encodes a family of values. Holds no state; may be used from any thread."""

    name: str
    """Its name and version, as recorded with what it wrote: ``arrow-pandas/1``."""
    suffix: str
    """The ending that a file with its bytes should have: ``.arrow``."""
    pickled: bool
    """Whether decoding runs code that the bytes name."""
    check: Check
    """How values it has encoded are checked."""

    def accepts(self, value: Any) -> bool:
        """Whether to try it on a value; takes a microsecond and imports nothing."""

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """The bytes of a value; parts of their own go to `blobs`.

        Raises whatever it likes when it can't; then the next codec is asked.
        """

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """The value of bytes; files it consists of are laid out in the folder `where`."""


def comes_from(value: Any, package: str, *names: str) -> bool:
    """Whether a value's class is one of a package's, told by name so as to import nothing."""
    kind = type(value)
    return kind.__qualname__ in names and kind.__module__.partition(".")[0] == package
