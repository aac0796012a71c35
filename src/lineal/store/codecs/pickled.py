"""Pickle: for models, and as the last resort. Reading it runs code, so it is marked."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

from .base import Check

_PROTOCOL = 5


class PickleCodec:
    """Anything that pickle or cloudpickle can keep."""

    name = "pickle/1"
    suffix = ".pkl"
    pickled = True
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:  # noqa: ARG002
        """Everything may be tried."""
        return True

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """By pickle; by cloudpickle for functions and classes that no module gives."""
        try:
            return pickle.dumps(value, protocol=_PROTOCOL)
        except (pickle.PicklingError, AttributeError, TypeError):
            import cloudpickle

            return bytes(cloudpickle.dumps(value, protocol=_PROTOCOL))

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """Runs what the bytes say."""
        return pickle.loads(data)  # noqa: S301 - the store decides whether it is trusted


class EstimatorCodec(PickleCodec):
    """Estimators of scikit-learn and those made like them, as scikit-learn says to keep them.

    A name of its own tells readers, and other languages, what the pickle holds.
    """

    name = "sklearn-pickle/1"

    def accepts(self, value: Any) -> bool:
        """Subclasses of ``sklearn.base.BaseEstimator``."""
        return any(
            base.__qualname__ == "BaseEstimator" and base.__module__ == "sklearn.base"
            for base in type(value).__mro__
        )
