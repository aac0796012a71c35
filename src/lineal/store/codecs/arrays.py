"""NumPy arrays in NumPy's own format."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore


class ArrayCodec:
    """Arrays of anything but Python objects."""

    name = "npy/1"
    pickled = False
    exempt = False

    def accepts(self, value: Any) -> bool:
        """Plain arrays; subclasses and objects fall through to pickle."""
        kind = type(value)
        return kind.__module__ == "numpy" and kind.__qualname__ == "ndarray"

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As a .npy file; raises ValueError for arrays of objects."""
        import numpy as np

        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        return buffer.getvalue()

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From a .npy file; the array may be written to."""
        import numpy as np

        return np.load(io.BytesIO(data), allow_pickle=False)
