"""Blobs in a folder: ``blobs/ab/<64 digits>``, written once, never changed.

Bytes beyond a few megabytes are cut into chunks, each a blob of its own, so that versions
share what they have in common; their file lists the chunks. See `packing` for a file's
content and `writing` for how it comes to be.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from lineal.digests.digest import Digest
from lineal.errors import BlobCorrupt, BlobMissing, StoreError

from . import packing, writing
from .base import BlobStore
from .chunking import LARGEST, chunks, chunks_read

_WRITERS = 2
_WAITING = 4
"""Chunks that may wait to be written: they are held in memory."""
_REMEMBERED = 100_000


class LocalBlobs(BlobStore):
    """A blob store in a folder of this machine, or of a file system it shares."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs"
        self._tmp = root / "tmp"
        self._noting = threading.Lock()
        self._syncing = threading.Lock()
        self._unsynced: set[Path] = set()
        self._intact: dict[Digest, tuple[Digest, ...]] = {}
        """Blobs that were written or verified here, so are not read again when put again, with
        the chunks of large ones."""

    def put(self, data: bytes | memoryview) -> Digest:
        """Keep bytes; large ones in chunks that other blobs may share."""
        view = memoryview(data).cast("B")
        address = _address(blake3(view))
        if not self.holds(address):
            if len(view) > LARGEST:
                parts = self._put_chunks(chunks(view))
                self._write(address, packing.pack_manifest(parts), tuple(parts))
            else:
                self._write(address, packing.pack(view))
        return address

    def put_file(self, path: Path) -> Digest:
        """Keep what is read from a file; no more than a few chunks are in memory at a time.

        Raises OSError when the file can't be read.
        """
        with path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size <= LARGEST:
                return self.put(file.read())
            hasher = blake3()

            def read(size: int) -> bytes:
                piece = file.read(size) or b""
                hasher.update(piece)
                return piece

            parts = self._put_chunks(chunks_read(read))
        address = _address(hasher)
        if not self.holds(address):
            self._write(address, packing.pack_manifest(parts), tuple(parts))
        return address

    def get(self, address: Digest) -> bytes:
        """The bytes of an address, verified against it."""
        return b"".join(self._verified(address))

    def checkout(self, address: Digest, target: Path) -> None:
        """Write the verified bytes of an address to a file, a chunk at a time."""
        temporary = writing.temporary_in(target.parent)
        with writing.writing(target):
            try:
                writing.write_new(temporary, self._verified(address), 0o644, durable=False)
                temporary.replace(target)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise

    def has(self, addresses: Iterable[Digest]) -> set[Digest]:
        """Those addresses whose files are there."""
        return {address for address in addresses if self._path(address).is_file()}

    def holds(self, address: Digest) -> bool:
        """Whether an address is there whole, its chunks included; damaged bytes are not there."""
        path = self._path(address)
        if not path.is_file():
            return False
        known = self._intact.get(address)
        if known is not None and all(self._path(part).is_file() for part in known):
            return True
        try:
            content = self._content(address)
            parts = () if isinstance(content, bytes) else content
            if not isinstance(content, bytes):
                for _ in self._joined(address, parts):
                    pass
        except StoreError:
            return False
        self._note(address, path, parts)
        return True

    def sync(self) -> None:
        """Make the names of everything put before durable; the bytes are already."""
        # Held to the end: whoever comes next may count on what this call has taken over.
        with self._syncing:
            with self._noting:
                folders, self._unsynced = self._unsynced, set()
            try:
                for folder in sorted(folders):
                    with writing.writing(folder):
                        writing.sync_folder(folder)
            except BaseException:
                with self._noting:
                    self._unsynced |= folders
                raise

    def delete(self, address: Digest) -> None:
        """Remove a blob's file; the chunks of a large one stay, as others may share them."""
        path = self._path(address)
        self._intact.pop(address, None)
        with writing.writing(path), suppress(FileNotFoundError):
            path.unlink()

    def remove_leftovers(self) -> None:
        """Remove what writers that died left in ``tmp/``."""
        writing.remove_leftovers(self._tmp)

    def _path(self, address: Digest) -> Path:
        if not packing.is_address(address):
            raise BlobMissing(
                f"{str(address)!r} is not the address of a blob, which is blake3: and 64 digits;"
                " the record that names it is damaged, so run its step again with --force."
            )
        name = address.hex
        return self._blobs / name[:2] / name

    def _put_chunks(self, pieces: Iterable[memoryview]) -> list[Digest]:
        """Keep chunks, compressing and writing them beside the cutting."""
        written: list[Digest] = []
        waiting: deque[Future[Digest]] = deque()
        with ThreadPoolExecutor(_WRITERS, "lineal-blobs") as pool:
            try:
                for piece in pieces:
                    waiting.append(pool.submit(self.put, piece))
                    if len(waiting) > _WAITING:
                        written.append(waiting.popleft().result())
                written.extend(future.result() for future in waiting)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return written

    def _write(
        self,
        address: Digest,
        packed: Iterable[bytes | memoryview],
        parts: tuple[Digest, ...] = (),
    ) -> None:
        path = self._path(address)
        with writing.writing(path):
            try:
                writing.write_whole(path, packed, writing.temporary_in(self._tmp))
            except FileNotFoundError:
                self._tmp.mkdir(parents=True, exist_ok=True)
                path.parent.mkdir(parents=True, exist_ok=True)
                writing.write_whole(path, packed, writing.temporary_in(self._tmp))
        self._note(address, path, parts)

    def _note(self, address: Digest, path: Path, parts: tuple[Digest, ...]) -> None:
        with self._noting:
            if len(self._intact) >= _REMEMBERED:
                self._intact.clear()
            self._intact[address] = parts
            # Those above too: another process may have made the folder, and not synced it.
            self._unsynced.update((path.parent, self._blobs, self.root))

    def _verified(self, address: Digest) -> Iterator[bytes]:
        """The bytes of an address in pieces; wrong ones raise at the latest at the end."""
        content = self._content(address)
        if isinstance(content, bytes):
            yield content
        else:
            yield from self._joined(address, content)

    def _joined(self, address: Digest, parts: tuple[Digest, ...]) -> Iterator[bytes]:
        """The bytes of a large blob, a chunk at a time."""
        hasher = blake3()
        for part in parts:
            piece = self._content(part, whole=address)
            if not isinstance(piece, bytes):
                raise self._corrupt(part, address)
            hasher.update(piece)
            yield piece
        if _address(hasher) != address:
            raise self._corrupt(address)

    def _content(self, address: Digest, whole: Digest | None = None) -> bytes | tuple[Digest, ...]:
        """What a file holds: verified bytes, or the addresses of chunks."""
        path = self._path(address)
        try:
            content = packing.unpack(path.read_bytes())
        except FileNotFoundError:
            raise BlobMissing(
                f"The blob {_named(address, whole)} is not in the store (there is no {path});"
                " run the step that makes it again with --force."
            ) from None
        except OSError as error:
            raise StoreError(
                f"The blob {_named(address, whole)} can't be read from {path}:"
                f" {error.strerror or error}. Check the permissions and the disk."
            ) from error
        except packing.Damaged:
            raise self._corrupt(address, whole) from None
        if isinstance(content, bytes) and _address(blake3(content)) != address:
            raise self._corrupt(address, whole)
        return content

    def _corrupt(self, address: Digest, whole: Digest | None = None) -> BlobCorrupt:
        self._intact.pop(address, None)
        if whole is not None:
            self._intact.pop(whole, None)
        return BlobCorrupt(
            f"The blob {_named(address, whole)} is damaged: {self._path(address)} does not hold"
            " what was written to it. Run the step that makes it again with --force, which"
            " writes it anew."
        )


def _address(hasher: blake3) -> Digest:
    return Digest("blake3:" + hasher.hexdigest())


def _named(address: Digest, whole: Digest | None) -> str:
    return address.short if whole is None else f"{address.short} (a part of {whole.short})"
