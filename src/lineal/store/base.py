"""The protocol of a blob store: bytes by the digest of their content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from lineal.digests.digest import Digest


class BlobStore(Protocol):
    """Keeps immutable bytes under ``blake3:`` and 64 digits, the BLAKE3 of the bytes.

    Every method may be called from any thread, and any number of processes may use one
    store at once. Bytes are never returned unless they are those of their address.
    """

    def put(self, data: bytes | memoryview) -> Digest:
        """Keep bytes and return their address; keeping them again changes nothing.

        They can be read at once, by every process, and survive a crash after `sync`.
        Should damaged bytes lie under the address, they are replaced.
        Raises StoreUnwritable.
        """

    def put_file(self, path: Path) -> Digest:
        """Keep what is read from a file, a piece at a time; else as `put`."""

    def get(self, address: Digest) -> bytes:
        """The bytes of an address, verified. Raises BlobMissing, BlobCorrupt."""

    def checkout(self, address: Digest, target: Path) -> None:
        """Write verified bytes to a file, which is there whole or not at all.

        Takes the place of a file that is there. Raises BlobMissing, BlobCorrupt,
        StoreUnwritable.
        """

    def has(self, addresses: Iterable[Digest]) -> set[Digest]:
        """Those addresses that were put and not deleted; their bytes are not verified."""

    def holds(self, address: Digest) -> bool:
        """Whether bytes that were put before are there, so that putting them again is in vain.

        A process verifies them the first time it asks, and later only that they are there.
        """

    def sync(self) -> None:
        """Return when everything whose `put` returned before is durable.

        Raises StoreUnwritable; what it covers is then covered by the next call.
        """

    def delete(self, address: Digest) -> None:
        """Forget an address, if it is known; what other addresses share with it stays."""
