"""Identifying Matplotlib figures: by what they look like, drawn with the Agg canvas.

A figure's objects hold callbacks, caches and windows; what a reader gets is its picture.
"""

from __future__ import annotations

import importlib
from typing import Any

from xxhash import xxh3_128_digest

from .encoding import compound
from .walker import Encoder, Walker, qualified


def encoder_for(cls: type) -> Encoder | None:
    """The encoder of figures; None for the library's other objects."""
    names = {qualified(base) for base in cls.__mro__}
    return _figure if "matplotlib.figure.Figure" in names else None


def _figure(value: Any, walker: Walker) -> bytes:
    agg: Any = importlib.import_module("matplotlib.backends.backend_agg")
    shown_on = value.canvas
    try:
        # A canvas of its own: the figure may be shown in a window, or on none.
        canvas = agg.FigureCanvasAgg(value)
        canvas.draw()
        pixels = canvas.buffer_rgba()
        digest = xxh3_128_digest(pixels)
        shape = walker.token(tuple(pixels.shape))
    finally:
        value.set_canvas(shown_on)
    return compound(b"fig", shape, digest)
