"""Pickle: for models, and as the last resort. Reading it runs code, so it is marked.

A path inside a value stands for what it names, as everywhere: its content is kept as
`FileCodec` keeps it, and the value comes back with the path of a copy.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

from .base import Check
from .files import FileCodec

_PROTOCOL = 5
_files = FileCodec()
_laying_out: ContextVar[tuple[BlobStore, Path]] = ContextVar("lineal_laying_out")


class PickleCodec:
    """Anything that pickle or cloudpickle can keep."""

    name = "pickle/1"
    suffix = ".pkl"
    pickled = True
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:  # noqa: ARG002
        """Everything may be tried."""
        return True

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """By pickle; by cloudpickle for functions and classes that no module gives."""
        buffer = io.BytesIO()
        try:
            _Pickler(buffer, blobs).dump(value)
        except (pickle.PicklingError, AttributeError, TypeError):
            return _by_cloudpickle(value, blobs)
        return buffer.getvalue()

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """Runs what the bytes say."""
        with _files_go(blobs, where):
            return pickle.loads(data)  # noqa: S301 - the store decides whether it is trusted


class _Pickler(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, blobs: BlobStore) -> None:
        super().__init__(buffer, protocol=_PROTOCOL)
        self._blobs = blobs

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Path):
            return laid_out, (_files.encode(value, self._blobs),)
        return NotImplemented


def _by_cloudpickle(value: Any, blobs: BlobStore) -> bytes:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, Path):
                return laid_out, (_files.encode(value, blobs),)
            return super().reducer_override(value)

    buffer = io.BytesIO()
    Pickler(buffer, protocol=_PROTOCOL).dump(value)
    return buffer.getvalue()


def laid_out(manifest: bytes) -> Path:
    """The path of a file or tree whose manifest stands in a pickle that is being read."""
    try:
        blobs, where = _laying_out.get()
    except LookupError:
        raise pickle.UnpicklingError(
            "it holds files that are kept in a store; load it with `lineal get`"
        ) from None
    return _files.decode(manifest, blobs, where)


@contextmanager
def _files_go(blobs: BlobStore, where: Path) -> Iterator[None]:
    token = _laying_out.set((blobs, where))
    try:
        yield
    finally:
        _laying_out.reset(token)


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
