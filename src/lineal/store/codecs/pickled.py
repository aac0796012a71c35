"""Pickle, the last resort: reading it runs code, so it is marked."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore


class PickleCodec:
    """Anything that pickle can keep, fitted estimators among them."""

    name = "pickle/1"
    pickled = True
    exempt = False

    def accepts(self, value: Any) -> bool:  # noqa: ARG002
        """Everything may be tried."""
        return True

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """With protocol 5; by cloudpickle for classes and functions without a module."""
        try:
            return pickle.dumps(value, protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError):
            import cloudpickle

            return bytes(cloudpickle.dumps(value, protocol=5))

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """Runs what the bytes say."""
        return pickle.loads(data)  # noqa: S301 - the store decides whether it is trusted
