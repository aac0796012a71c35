"""NumPy arrays and scalars, in NumPy's own format."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

from .base import Check, comes_from


class ArrayCodec:
    """Arrays of anything but Python objects; subclasses fall through."""

    name = "npy/1"
    suffix = ".npy"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Plain arrays."""
        return comes_from(value, "numpy", "ndarray")

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


class ScalarCodec:
    """NumPy's numbers, dates and strings: the dtype, a newline, the item's bytes.

    Much faster than a .npy file, which takes longer to parse than a step may cost.
    """

    name = "numpy-scalar/1"
    suffix = ".bin"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Instances of ``numpy.generic``: what NumPy gives for one item of an array."""
        kind = type(value)
        return kind.__module__ == "numpy" and any(
            base.__qualname__ == "generic" and base.__module__ == "numpy" for base in kind.__mro__
        )

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """The dtype as NumPy writes it, then the bytes."""
        dtype: str = value.dtype.str
        return dtype.encode() + b"\n" + bytes(value.tobytes())

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From dtype and bytes."""
        import numpy as np

        dtype, _, item = data.partition(b"\n")
        return np.frombuffer(item, dtype=dtype.decode(), count=1)[0]
