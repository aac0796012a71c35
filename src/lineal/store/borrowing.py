"""A blob store that also reads from another one, and writes nothing to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lineal.digests.digest import Digest
from lineal.errors import BlobMissing

from .base import BlobStore


class BorrowingBlobs:
    """Keeps bytes in its own store, and finds those that it lacks in another.

    Args:
        own: Where bytes are put.
        lender: Where bytes are found that are not there; never written to.
    """

    def __init__(self, own: BlobStore, lender: BlobStore) -> None:
        self._own = own
        self._lender = lender

    def put(self, data: bytes | memoryview) -> Digest:
        """Keep bytes in its own store."""
        return self._own.put(data)

    def put_file(self, path: Path) -> Digest:
        """Keep a file's bytes in its own store."""
        return self._own.put_file(path)

    def get(self, address: Digest) -> bytes:
        """The bytes of an address, of its own or borrowed."""
        try:
            return self._own.get(address)
        except BlobMissing:
            return self._lender.get(address)

    def checkout(self, address: Digest, target: Path) -> None:
        """Write the bytes of an address to a file."""
        try:
            self._own.checkout(address, target)
        except BlobMissing:
            self._lender.checkout(address, target)

    def has(self, addresses: Iterable[Digest]) -> set[Digest]:
        """Those addresses that are here or there."""
        wanted = set(addresses)
        own = self._own.has(wanted)
        return own | self._lender.has(wanted - own)

    def holds(self, address: Digest) -> bool:
        """Whether an address is in its own store."""
        return self._own.holds(address)

    def sync(self) -> None:
        """Make its own store durable."""
        self._own.sync()

    def delete(self, address: Digest) -> None:
        """Forget an address in its own store."""
        self._own.delete(address)
