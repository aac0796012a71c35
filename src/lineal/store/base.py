"""The protocol of a blob store: bytes by the digest of their content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from lineal.digests.digest import Digest


class BlobStore(Protocol):
    """Keeps immutable bytes. Every method may be called from any thread and process at once."""

    def put(self, data: bytes | memoryview) -> Digest:
        """Keep bytes and return their address; keeping them again changes nothing.

        They can be read at once, and survive a crash after `sync`.
        Raises StoreUnwritable.
        """

    def put_file(self, path: Path) -> Digest:
        """Keep the content of a file, which must not change meanwhile."""

    def get(self, address: Digest) -> bytes:
        """The bytes of an address, verified. Raises BlobMissing, BlobCorrupt."""

    def checkout(self, address: Digest, target: Path) -> None:
        """Write verified bytes to a new file."""

    def has(self, addresses: Iterable[Digest]) -> set[Digest]:
        """Those addresses whose bytes are there; they are not verified."""

    def sync(self) -> None:
        """Return when everything put before is durable."""

    def delete(self, address: Digest) -> None:
        """Forget an address; the bytes of chunks that others share stay."""
