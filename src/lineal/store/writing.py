"""Writing files of the store: there whole or not at all, and what to say when it can't be.

A file is written under a temporary name, synced and renamed. The temporary name tells who
writes it, so that what a writer left behind when it died can be told from work in hand.
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2s
from pathlib import Path

from lineal.errors import StoreUnwritable

_STALE_SECONDS = 3600


def write_whole(
    path: Path, parts: Iterable[bytes | memoryview], temporary: Path, mode: int = 0o444
) -> None:
    """Write a file so that it is there whole or not at all, and takes the place of another.

    Its bytes are durable when this returns; its name is after `sync_folder` on its folder.

    Args:
        path: Where the file is to be.
        parts: Its content, in order.
        temporary: A path on the same file system that nothing else uses.
        mode: Its permissions, from which the umask takes away.
    """
    try:
        write_new(temporary, parts, mode, durable=True)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_new(path: Path, parts: Iterable[bytes | memoryview], mode: int, *, durable: bool) -> None:
    """Write a file that must not be there yet."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(handle, view) :]
        if durable:
            os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_in(folder: Path) -> Path:
    """A new name for a file that this process writes."""
    return folder / f"{_here()}-{os.getpid()}-{secrets.token_hex(8)}"


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files whose writers are dead, or that are more than an hour old."""
    now = time.time()
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if _is_orphan(entry.name) or entry.stat().st_mtime < now - _STALE_SECONDS:
                    Path(entry.path).unlink()


def _is_orphan(name: str) -> bool:
    here, _, rest = name.partition("-")
    process = rest.partition("-")[0]
    if here != _here() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@cache
def _here() -> str:
    """What tells apart the places where a process id means something: hosts and containers."""
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        namespace = 0
    return blake2s(f"{socket.gethostname()} {namespace}".encode(), digest_size=6).hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says against writing a path into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


_REMEDIES = {
    errno.ENOSPC: "the disk is full: make room on it",
    errno.EDQUOT: "the quota is used up: make room",
    errno.EFBIG: "the file would be larger than the system allows: raise the limit",
    errno.EROFS: "the file system is read-only: mount it for writing, or choose another folder"
    " with LINEAL_STORE",
    errno.EACCES: "permission is denied: change the permissions, or choose another folder with"
    " LINEAL_STORE",
    errno.ENOTDIR: "a file stands where a folder should be: move it away",
    errno.EEXIST: "a file stands where a folder should be: move it away",
}
_REMEDIES[errno.EPERM] = _REMEDIES[errno.EACCES]


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """The error for a place that can't be written, with what to do about it."""
    remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror or error}: check the disk")
    return StoreUnwritable(f"The store can't write {path}: {remedy}, then run again.")
