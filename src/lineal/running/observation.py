"""What one execution was seen to do: the paths it read, listed and wrote, and the rest.

What is of the system, of installed packages, of the store or given to the step is left out.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from lineal.digests.environment import is_project_file

_CODE = (".py", ".pyc", ".so", ".pyd", ".dll", ".pth")
"""Ends of files that are read to import them, which the code's own digest covers."""


class Written(Protocol):
    """Keeps the paths that a step writes, for an attempt in another process to know."""

    def before(self) -> Iterable[str]:
        """What earlier attempts have written."""

    def add(self, path: str) -> None:
        """It is written now. Raises nothing."""


class Observation:
    """What one execution was seen to do.

    Args:
        store: The store's folder, where reads are the engine's own.
        kept: Keeps what is written beyond this process, and knows what was written before.
    """

    def __init__(self, store: Path | None = None, kept: Written | None = None) -> None:
        self._kept = kept
        self._mine = {_real(store)} if store is not None else set()
        self._folders: dict[str, str] = {}
        """What folders really are: to look up every part of every path would cost more."""
        self.read: dict[str, None] = {}
        """Absolute paths of files that were opened to be read, in order."""
        self.listed: dict[str, None] = {}
        """Absolute paths of folders that were listed."""
        self.written: dict[str, None] = dict.fromkeys(kept.before()) if kept is not None else {}
        """Absolute paths of files that were opened to be written."""
        self.variables: dict[str, str | None] = {}
        """Names of variables that were read, with the value that was found first."""
        self.reached: dict[str, None] = {}
        """``network:host:port`` and ``process:program``."""
        self.missed: dict[str, None] = {}
        """Events that could not be understood."""

    def given(self, paths: Iterable[Path]) -> None:
        """Leave out what lies at and below the paths that a step takes."""
        self._mine.update(os.path.realpath(path) for path in paths)

    def opened(self, path: str, *, writing: bool, reading: bool) -> None:
        """A file was opened."""
        if reading and path not in self.written and not self._excluded(path):
            self.read[path] = None
        if writing and path not in self.written:
            self.written[path] = None
            if self._kept is not None:
                self._kept.add(path)

    def looked_into(self, path: str) -> None:
        """A folder was listed."""
        # Libraries look for leftovers of their own among those of all other processes.
        if path != temporary_folder() and not self._excluded(path):
            self.listed[path] = None

    def _excluded(self, path: str) -> bool:
        real = self._really(path)
        return _is_of_the_system(real) or any(
            real == own or real.startswith(own + os.sep) for own in self._mine
        )

    def _really(self, path: str) -> str:
        if os.path.islink(path):  # noqa: PTH114 - these may be many
            return os.path.realpath(path)
        folder, name = os.path.split(path)
        if not name:
            return path
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = self._really(folder)
        return os.path.join(real, name)  # noqa: PTH118


@cache
def _real(store: Path) -> str:
    """Where a store lies; it stays there while there are runs in it."""
    return os.path.realpath(store)


@cache
def temporary_folder() -> str:
    """Where leftovers of all processes lie."""
    return absolute(tempfile.gettempdir())


@cache
def system_roots() -> tuple[str, ...]:
    """Folders of the machine, of Python and of what programs keep for themselves."""
    home = Path.home()
    found = [sys.prefix, sys.base_prefix] if sys.prefix != "/usr" else []
    found += ["/usr/share", "/usr/lib", "/usr/local/share", "/lib", "/etc", "/proc", "/sys", "/dev"]
    found += [str(home / name) for name in (".cache", ".config", ".local", ".matplotlib")]
    found += [path for path in map(sysconfig.get_path, ("stdlib", "platstdlib")) if path]
    return tuple(os.path.realpath(path) + os.sep for path in found if path != os.sep)


@cache
def _in_system_folder(folder: str) -> bool:
    return (folder + os.sep).startswith(system_roots()) or not is_project_file(folder + os.sep)


def _is_of_the_system(real: str) -> bool:
    return real.endswith(_CODE) or _in_system_folder(os.path.dirname(real))  # noqa: PTH120


def text_of(value: Any) -> str:
    """A path, or whatever else an event says, as text."""
    return os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def absolute(path: Any) -> str:
    """A path from anywhere, links left as they are."""
    return os.path.abspath(text_of(path))  # noqa: PTH100 - it may be bytes, and need not exist
