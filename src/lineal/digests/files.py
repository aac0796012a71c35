"""Identifying what lies on disk: files by content, directories as Merkle trees.

A file is its bytes: name, place, owner and times don't count. A directory is its entries in
the order of their names' bytes, each with its name, its mode (plain, executable, directory,
symlink) and its content. A symlink inside a tree is the text it holds, never what it
points to; the path that is asked for may itself be one, and is then followed.
"""

from __future__ import annotations

import mmap
import os
import stat as modes
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_digest, xxh3_128_hexdigest

from lineal.errors import MissingFileError, UnhashableError

from .digest import Digest
from .encoding import digest_of
from .memo import StatMemo, now_ns

_MAPPED = 1 << 16
"""Smaller files are read: a mapping costs more than it saves."""
_ATTEMPTS = 3


def path_digest(
    path: str | Path, memo: StatMemo | None = None, profile: dict[str, Any] | None = None
) -> Digest:
    """The digest of the file or tree at a path.

    Args:
        path: An existing file or directory.
        memo: What is known already of unchanged files; gets what is learnt.
        profile: Gets ``size`` in bytes, and for a tree ``files``, their number.

    Raises:
        MissingFileError: nothing is there.
        UnhashableError: what is there is neither a file nor a directory, or can't be read.
    """
    path = Path(path)
    stat = _stat(path)
    facts = {} if profile is None else profile
    if modes.S_ISDIR(stat.st_mode):
        counts = [0, 0]
        digest = Digest("xxh3:" + _tree(path, memo, counts))
        facts.update(files=counts[0], size=counts[1])
        return digest
    facts["size"] = stat.st_size
    return Digest("xxh3:" + _framed(b"file", [_content(path, stat, memo)]))


def file_digest(path: str | Path, memo: StatMemo | None = None) -> Digest:
    """The digest of a file's content.

    Raises:
        MissingFileError: nothing is there.
        UnhashableError: what is there is not a file, or can't be read.
    """
    path = Path(path)
    stat = _stat(path)
    if modes.S_ISDIR(stat.st_mode):
        raise UnhashableError(str(path), "it is a directory", "Name a file in it.")
    return path_digest(path, memo)


def tree_digest(path: str | Path, memo: StatMemo | None = None) -> Digest:
    """The digest of a directory: the names, modes and contents in it, at every depth.

    Raises:
        MissingFileError: nothing is there.
        UnhashableError: what is there is not a directory, or something in it can't be read.
    """
    path = Path(path)
    stat = _stat(path)
    if not modes.S_ISDIR(stat.st_mode):
        raise UnhashableError(str(path), "it is not a directory", "Name a directory.")
    return path_digest(path, memo)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(
            f"There is no file or directory at {str(path)!r} (the working directory is "
            f"{str(Path.cwd())!r}); check its spelling, or give an absolute path."
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> UnhashableError:
    return UnhashableError(
        str(path),
        f"it can't be read ({error.strerror or error})",
        "Give yourself the right to read it, or leave it out.",
    )


def _framed(tag: bytes, parts: list[bytes]) -> str:
    return xxh3_128_hexdigest(b"".join([b"%d:%b" % (len(part), part) for part in (tag, *parts)]))


def _tree(path: Path, memo: StatMemo | None, counts: list[int]) -> str:
    try:
        with os.scandir(path) as listing:
            entries = sorted((os.fsencode(entry.name), entry) for entry in listing)
    except OSError as error:
        raise _unreadable(path, error) from None
    parts: list[bytes] = []
    for name, entry in entries:
        parts += (name, *_entry(Path(entry.path), memo, counts))
    return _framed(b"tree", parts)


def _entry(path: Path, memo: StatMemo | None, counts: list[int]) -> tuple[bytes, bytes]:
    try:
        stat = path.lstat()
        if modes.S_ISLNK(stat.st_mode):
            return b"link", os.fsencode(path.readlink())
    except OSError as error:
        raise _unreadable(path, error) from None
    if modes.S_ISDIR(stat.st_mode):
        return b"tree", _tree(path, memo, counts).encode()
    counts[0] += 1
    counts[1] += stat.st_size
    kind = b"exec" if stat.st_mode & modes.S_IXUSR else b"file"
    return kind, _content(path, stat, memo)


def _content(path: Path, stat: os.stat_result, memo: StatMemo | None) -> bytes:
    """The digest of a file's bytes, as 32 hexadecimal digits."""
    if not modes.S_ISREG(stat.st_mode):
        raise UnhashableError(
            str(path),
            "it is a device, a socket or a pipe",
            "Copy what it gives into a file, and name that.",
        )
    known = memo.get(stat) if memo is not None else None
    if known is not None:
        return known.encode()
    try:
        digest, read_at, after = _steady(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    if memo is not None:
        memo.put(after, digest, read_at)
    return digest.encode()


def _steady(path: Path) -> tuple[str, int, os.stat_result]:
    """The digest of a file that did not change while it was read."""
    for _ in range(_ATTEMPTS):
        read_at = now_ns()
        # Unbuffered, and the same open file for all questions: a rename can't come between.
        with path.open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            digest = _read(file.fileno(), before.st_size)
            after = os.fstat(file.fileno())
        if _face(before) == _face(after):
            return digest.hex(), read_at, after
    raise UnhashableError(
        str(path), "it keeps changing while it is read", "Let its writer finish first."
    )


def _face(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _read(descriptor: int, size: int) -> bytes:
    if size < _MAPPED:
        chunks = []
        while chunk := os.read(descriptor, _MAPPED):
            chunks.append(chunk)
        return xxh3_128_digest(b"".join(chunks))
    flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0) * (size <= _POPULATED)
    with mmap.mmap(descriptor, size, flags=flags, prot=mmap.PROT_READ) as view:
        if hasattr(view, "madvise"):
            view.madvise(mmap.MADV_SEQUENTIAL)
        return digest_of(view)


_POPULATED = 1 << 28
"""Larger mappings are filled as they are walked, so memory is not asked for all at once."""
