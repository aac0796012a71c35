"""Remembering the digests of files that have not changed.

A file is known by (device, inode, size, mtime_ns, ctime_ns). What makes that safe is the
rule of git's index: a file that was changed so recently that it could be changed again
within the same tick of the clock is not remembered, so an entry always stands for content
that was already old when it was read.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path

from xxhash import xxh3_128_hexdigest

GRANULARITY_NS = 2_000_000_000
"""The coarsest clock of a file system in use: FAT counts by two seconds."""
MEMO = "stat-memo"
"""The name of a store's memo in its folder."""
_LIMIT = 200_000
_HEADER = "lineal stat memo 1"

_Key = tuple[int, int, int, int, int]


def _key(stat: os.stat_result) -> _Key:
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class StatMemo:
    """Digests of file contents, by what ``stat`` says of the files.

    It may be shared by threads. Losing it costs time, never truth.

    Args:
        path: Where ``save`` writes it; None keeps it in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._entries: dict[_Key, str] | None = {}
        self._changed = False
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path) -> StatMemo:
        """The memo saved at a path, read when it is first asked.

        It is an empty one if there is none, or if it is damaged.
        """
        memo = cls(path)
        memo._entries = None
        return memo

    @property
    def _known(self) -> dict[_Key, str]:
        entries = self._entries
        if entries is None:
            with self._lock:
                entries = self._entries
                if entries is None:
                    entries = self._entries = _saved(self.path)
        return entries

    def save(self) -> None:
        """Write it where it was loaded from, whole or not at all.

        A memo that can't be written is let go: the files are read again next time.
        """
        if self.path is None or not self._changed:
            return
        entries = list(self._known.copy().items())
        lines = [f"{' '.join(map(str, key))} {digest}\n" for key, digest in entries[-_LIMIT:]]
        body = "".join(lines)
        content = f"{_HEADER}\n{xxh3_128_hexdigest(body.encode())}\n{body}"
        with contextlib.suppress(OSError):
            _replace(self.path, content.encode())
            self._changed = False

    def get(self, stat: os.stat_result) -> str | None:
        """The digest (32 hexadecimal digits) of an unchanged file, if it is known."""
        return self._known.get(_key(stat))

    def put(self, stat: os.stat_result, digest: str, read_at_ns: int) -> None:
        """Remember the content that was read under a ``stat``, unless it was too fresh.

        Args:
            stat: What was said of the file, the same before and after reading it.
            digest: 32 hexadecimal digits.
            read_at_ns: When the reading began, as ``time.time_ns()`` tells it.
        """
        if max(stat.st_mtime_ns, stat.st_ctime_ns) > read_at_ns - GRANULARITY_NS:
            return
        if len(self._known) >= 2 * _LIMIT:
            for key in list(islice(self._known.copy(), _LIMIT)):
                self._known.pop(key, None)
        self._known[_key(stat)] = digest
        self._changed = True

    def __len__(self) -> int:
        return len(self._known)


def now_ns() -> int:
    """The time by the clock that files are stamped with."""
    return time.time_ns()


def _saved(path: Path | None) -> dict[_Key, str]:
    if path is None:
        return {}
    try:
        header, checksum, body = path.read_text("ascii").split("\n", 2)
        if header == _HEADER and checksum == xxh3_128_hexdigest(body.encode()):
            return dict(map(_parse, body.splitlines()))
    except (OSError, ValueError):
        pass
    return {}


def _parse(line: str) -> tuple[_Key, str]:
    device, inode, size, mtime, ctime, digest = line.split(" ")
    if len(digest) != 32:
        raise ValueError(line)
    return (int(device), int(inode), int(size), int(mtime), int(ctime)), digest


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
