"""Matplotlib figures, kept as the picture they show."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as it was drawn; notebooks show it."""

    png: bytes
    """The bytes of a PNG file."""

    def _repr_png_(self) -> bytes:
        return self.png

    def __str__(self) -> str:
        return f"a picture of {len(self.png)} bytes; write it to a file with -o figure.png"


class FigureCodec:
    """Figures as PNG; what comes back is the picture, no longer the figure."""

    name = "figure-png/1"
    pickled = False
    exempt = True

    def accepts(self, value: Any) -> bool:
        """Figures, and pictures of them."""
        kind = type(value)
        is_figure = kind.__qualname__ == "Figure" and kind.__module__.startswith("matplotlib.")
        return is_figure or kind is Picture

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As PNG, without the time and program that drew it."""
        if isinstance(value, Picture):
            return value.png
        buffer = io.BytesIO()
        value.savefig(buffer, format="png", metadata={"Software": None}, bbox_inches="tight")
        return buffer.getvalue()

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """The picture."""
        return Picture(data)
