"""The places of the metrics folder, and the one way in which a whole file comes to be.

    metrics/
      live/      <journal name>~<id>.journal   being appended to
      segments/  <least execution>-<greatest execution>-<id>.parquet   immutable
      lock       held while journals are recovered or segments merged

Ids are random and never used twice.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lineal.errors import StoreUnwritable

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where a recovering process goes unguarded
    fcntl = None  # type: ignore[assignment]

JOURNAL, SEGMENT, TEMPORARY = ".journal", ".parquet", ".tmp"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one store's metrics."""

    root: Path

    @property
    def live(self) -> Path:
        """Where journals are."""
        return self.root / "live"

    @property
    def segments(self) -> Path:
        """Where segments are."""
        return self.root / "segments"

    def make(self) -> None:
        """Make the folders, durably, where they are not there yet."""
        for folder in (self.live, self.segments):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                sync_folder(self.root)
                sync_folder(self.root.parent)

    def listing(self) -> tuple[list[str], list[str]]:
        """Names of the journals and of the segments that were there at one moment.

        A folder is not read at one moment: a file renamed in behind the reader's back, whose
        forerunner is removed ahead of it, would hide both. Two equal readings in a row
        exclude that, because the later one began after the earlier had ended.
        """
        before = None
        while True:
            now = (names(self.live, JOURNAL), names(self.segments, SEGMENT))
            if now == before:
                return now
            before = now


def names(folder: Path, suffix: str) -> list[str]:
    """The files of a folder that end in a suffix, sorted; none where there is no folder."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(suffix))  # noqa: PTH208
    except FileNotFoundError:
        return []


def new_id() -> str:
    """What no other file has or will have in its name."""
    return secrets.token_hex(8)


def write_whole(path: Path, write: Callable[[Path], None], scratch: Path) -> None:
    """Make a file that is there completely and durably, or not at all."""
    temporary = scratch / (path.name + TEMPORARY)
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        path.unlink(missing_ok=True)  # its name is not durable, so the caller may write again
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def claim(handle: int, *, wait: bool = False) -> bool:
    """Lock an open file for this process; the system lets go when the process ends."""
    if fcntl is None:  # pragma: no cover
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: the caller's own knowledge must do
        return True
    return True


@contextlib.contextmanager
def sole(places: Places) -> Iterator[None]:
    """Be the only one who recovers or merges in this folder."""
    with (places.root / "lock").open("ab") as file:
        claim(file.fileno(), wait=True)
        yield


@contextlib.contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Turn the system's refusal into an error that names the file and the remedy."""
    try:
        yield
    except OSError as error:
        raise StoreUnwritable(
            f"The metrics file {path} can't be written ({error.strerror or error}); check its"
            " permissions and the space left on its disk. Nothing acknowledged is lost."
        ) from error
