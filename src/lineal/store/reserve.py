"""A reserve: room on the disk that a run sets aside, to record its end when the disk is full.

What fills a disk leaves room or not as chance has it, and a run whose end can't be recorded
counts as lost. So a little is occupied by nothing, and given up when it is needed.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from io import FileIO
from pathlib import Path

ROOM = 1 << 18
"""Bytes; the end of a run takes a few pages of the catalog and of its log."""


class Reserve:
    """Room in a folder, set aside as soon as it is made; none where there is none to be had.

    It is a file without a name, so that whatever becomes of its process nothing is left of it.
    """

    def __init__(self, folder: Path) -> None:
        self._file: FileIO | None = None
        with suppress(OSError):
            self._file = _occupied(folder)

    def give_up(self) -> None:
        """Leave the room to whoever needs it; a second time does nothing."""
        if self._file is None:
            return
        with self._file as file, suppress(OSError):
            file.truncate(0)  # a process that was forked meanwhile has the file open, too
        self._file = None


def _occupied(folder: Path) -> FileIO:
    file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed by `give_up`
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, ROOM)
        else:
            file.write(bytes(ROOM))
    except OSError:
        file.close()
        raise
    return file
