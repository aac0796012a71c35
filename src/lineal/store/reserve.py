"""A reserve: room on the disk that a run sets aside, to record its end when the disk is full.

What fills a disk leaves room or not as chance has it, and a run whose end can't be recorded
counts as lost. So a little is occupied by nothing, and given up when it is needed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from .writing import temporary_in

ROOM = 1 << 18
"""Bytes; the end of a run takes a few pages of the catalog and of its log."""


class Reserve:
    """Room in a folder, set aside as soon as it is made; none where there is none to be had.

    It is a temporary file like any other: what a killed run leaves is tidied up, and so is that
    of a run which goes on for more than an hour, when somebody opens the store then.
    """

    def __init__(self, folder: Path) -> None:
        self._path = temporary_in(folder)
        with suppress(OSError):
            _occupy(self._path)

    def give_up(self) -> None:
        """Leave the room to whoever needs it; a second time does nothing."""
        with suppress(OSError):
            self._path.unlink()


def _occupy(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, ROOM)
        else:
            os.write(handle, bytes(ROOM))
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(handle)
