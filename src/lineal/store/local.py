"""Blobs in a folder: ``blobs/ab/<hex>``, written once, compressed where it helps.

A file begins with one byte that says what follows: ``r`` the bytes as they are, ``z``
the bytes compressed by zstd, ``m`` the addresses of the chunks that make them up, one a
line. A file is written to ``tmp/``, synced and renamed, so that it is there whole or not
at all; `sync` then syncs the folders it went to.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import zstandard
from blake3 import blake3

from lineal.digests.digest import Digest
from lineal.errors import BlobCorrupt, BlobMissing, StoreUnwritable

from .base import BlobStore
from .chunking import LARGEST, chunks

_LEVEL = 3
_WORTH = 0.95
_STALE_SECONDS = 3600


class LocalBlobs(BlobStore):
    """A blob store in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs"
        self._tmp = root / "tmp"
        self._lock = threading.Lock()
        self._unsynced: set[Path] = set()

    def put(self, data: bytes | memoryview) -> Digest:
        """Keep bytes; large ones in chunks that other blobs may share."""
        view = memoryview(data).cast("B")
        address = Digest("blake3:" + blake3(view).hexdigest())
        path = self._path(address)
        if path.exists():
            return address
        if len(view) > LARGEST:
            parts = [self._put_whole(chunk) for chunk in chunks(view)]
            self._write(path, b"m" + "\n".join(parts).encode())
        else:
            self._write(path, _packed(view))
        return address

    def put_file(self, path: Path) -> Digest:
        """Keep the content of a file."""
        return self.put(path.read_bytes())

    def get(self, address: Digest) -> bytes:
        """The bytes of an address, verified against it."""
        path = self._path(address)
        try:
            packed = path.read_bytes()
        except FileNotFoundError:
            raise BlobMissing(
                f"The blob {address.short} is not in the store ({path}); run the step that makes it"
                " again with --force."
            ) from None
        data = self._unpacked(packed, path)
        if "blake3:" + blake3(data).hexdigest() != address:
            raise _corrupt(address, path)
        return data

    def checkout(self, address: Digest, target: Path) -> None:
        """Write the verified bytes of an address to a file."""
        with _writing(target):
            target.write_bytes(self.get(address))

    def has(self, addresses: Iterable[Digest]) -> set[Digest]:
        """Those addresses whose files are there."""
        return {address for address in addresses if self._path(address).exists()}

    def sync(self) -> None:
        """Make the names of everything put before durable; the bytes are already."""
        with self._lock:
            folders, self._unsynced = self._unsynced, set()
        for folder in sorted(folders):
            sync_folder(folder)

    def delete(self, address: Digest) -> None:
        """Remove a blob's file; the chunks of a large one stay."""
        with _writing(self._path(address)), suppress(FileNotFoundError):
            self._path(address).unlink()

    def remove_leftovers(self, now: float) -> None:
        """Remove what writers that died left in ``tmp/`` more than an hour before `now`."""
        with suppress(OSError):
            for entry in os.scandir(self._tmp):
                with suppress(OSError):
                    if entry.stat().st_mtime < now - _STALE_SECONDS:
                        Path(entry.path).unlink()

    def _put_whole(self, data: memoryview) -> Digest:
        address = Digest("blake3:" + blake3(data).hexdigest())
        path = self._path(address)
        if not path.exists():
            self._write(path, _packed(data))
        return address

    def _path(self, address: Digest) -> Path:
        name = address.hex
        return self._blobs / name[:2] / name

    def _write(self, path: Path, packed: bytes) -> None:
        with _writing(path):
            new_folder = not path.parent.is_dir()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._tmp.mkdir(parents=True, exist_ok=True)
            write_whole(path, packed, self._tmp, mode=0o444)
        with self._lock:
            self._unsynced.add(path.parent)
            if new_folder:
                self._unsynced.add(self._blobs)

    def _unpacked(self, packed: bytes, path: Path) -> bytes:
        kind, body = packed[:1], packed[1:]
        if kind == b"r":
            return body
        if kind == b"z":
            try:
                return zstandard.ZstdDecompressor().decompress(body)
            except zstandard.ZstdError:
                pass
        elif kind == b"m":
            with suppress(UnicodeDecodeError):
                return b"".join(self.get(Digest(line)) for line in body.decode().split("\n"))
        raise _corrupt(Digest("blake3:" + path.name), path)


def write_whole(path: Path, data: bytes, tmp: Path, mode: int = 0o644) -> None:
    """Write a file so that it is there whole or not at all: temporary, synced, renamed."""
    temporary = tmp / f"{os.getpid()}-{secrets.token_hex(8)}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _packed(data: memoryview) -> bytes:
    if len(data) > 128:
        compressed = zstandard.ZstdCompressor(level=_LEVEL).compress(data)
        if len(compressed) < _WORTH * len(data):
            return b"z" + compressed
    return b"r" + data.tobytes()


def _corrupt(address: Digest, path: Path) -> BlobCorrupt:
    return BlobCorrupt(
        f"The blob {address.short} is damaged: the bytes in {path} are not what was written. Remove"
        " that file and run the step that makes it again with --force."
    )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """The error for a place that can't be written, with what to do about it."""
    remedies = {
        errno.ENOSPC: "the disk is full: make room",
        errno.EDQUOT: "the quota is used up: make room",
        errno.EROFS: "the file system is read-only: choose another folder with LINEAL_STORE",
        errno.EACCES: "it is not yours to write: check its permissions or set LINEAL_STORE",
        errno.EPERM: "it is not yours to write: check its permissions or set LINEAL_STORE",
    }
    remedy = remedies.get(error.errno or 0, f"{error.strerror or error}; check the folder")
    return StoreUnwritable(f"The store can't write {path}: {remedy}, then run again.")
