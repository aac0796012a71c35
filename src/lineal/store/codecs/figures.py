"""Matplotlib figures, kept as the picture they show."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

from .base import Check


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as it was drawn; notebooks show it."""

    png: bytes
    """The bytes of a PNG file."""

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        return f"<Picture of {len(self.png):,} bytes; `lineal get -o figure.png` writes it>"


class FigureCodec:
    """Figures as PNG; what comes back is the picture, no longer the figure."""

    name = "figure-png/1"
    suffix = ".png"
    pickled = False
    check = Check.NONE

    def accepts(self, value: Any) -> bool:
        """Figures of Matplotlib, subclasses too, and pictures of them."""
        kind = type(value)
        return kind is Picture or any(
            base.__qualname__ == "Figure" and base.__module__ == "matplotlib.figure"
            for base in kind.__mro__
        )

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As PNG, without the time and program that drew it.

        The canvas is drawn whole and at its own resolution: these are the pixels that the
        figure's digest was made from.
        """
        if isinstance(value, Picture):
            return value.png
        buffer = io.BytesIO()
        value.savefig(buffer, format="png", dpi="figure", metadata={"Software": None})
        return buffer.getvalue()

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Picture:  # noqa: ARG002
        """The picture."""
        return Picture(data)
