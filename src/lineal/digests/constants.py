"""Identifying values that code holds: constants, captures, default values.

They go by the rules of all values, with two exceptions. A path that code holds is its text,
and the content of the file or of the small tree that it names; a folder too large to be
looked through at every run, or one that work goes on in, is refused. Locks are nothing:
they decide when something is done, not what comes of it.
"""

from __future__ import annotations

import enum
import os
import threading
import types
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from lineal.errors import UnhashableError

from .digest import Digest
from .encoding import compound, text
from .files import path_digest
from .memo import StatMemo
from .walker import CodeEncoder, Walker

_LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition)
_MOST_FILES = 1_000
_MOST_BYTES = 64_000_000
_WORKED_IN = frozenset({".git", ".lineal", "store.toml", "__pycache__", ".venv"})
"""What shows that a folder changes while code runs: a project's root, a store."""
_FOLDER = (
    "Pass the file or folder that is read as a Path argument of the task: its content then"
    " counts, whatever its size."
)


class Care(enum.Enum):
    """What to do about a value that has no content to go by."""

    STRICT = "it is refused"
    HELD = "an installed decorator holds it: refused, except for what each thread has of its own"
    LENIENT = "it is only warned of: its source is there, and stands for it"


class _Values(Walker):
    __slots__ = ("care", "remedy")

    def __init__(
        self, memo: StatMemo | None, code: CodeEncoder | None, root: Any, care: Care
    ) -> None:
        super().__init__(memo, code, root)
        self.care = care
        self.remedy = ""

    def _visit(self, key: int, value: Any) -> bytes:
        if type(value) in _LOCKS:
            return compound(b"lk")
        if self.care is Care.HELD and isinstance(value, threading.local):
            # Steps run on threads of their own, where none of it has been set.
            return compound(b"th")
        if isinstance(value, types.ModuleType) and self.code is not None:
            found = self.code(value)
            return compound(b"mo", str(found).encode())
        if not isinstance(value, Path):
            return super()._visit(key, value)
        if value.is_dir():
            self.remedy = _FOLDER
            _bounded(value)
            self.remedy = ""
        content = path_digest(value, self.memo) if value.exists() else ""
        return compound(b"cp", text(str(value)), content.encode())


def _bounded(folder: Path) -> None:
    """Refuse a folder whose content can't be made to count at every run."""
    files = size = 0
    for place, folders, names in os.walk(folder):
        found = _WORKED_IN.intersection([*folders, *names])
        if found:
            reason = f"it names a folder that work goes on in ({min(found)} is in it)"
            raise UnhashableError("", reason, "")
        files += len(folders) + len(names)
        if files <= _MOST_FILES:
            size += sum(Path(place, name).lstat().st_size for name in names)
        if files > _MOST_FILES or size > _MOST_BYTES:
            most = f"{_MOST_FILES:,} files or {_MOST_BYTES // 1_000_000} MB"
            raise UnhashableError("", f"it names a folder of more than {most}", "")


def constant_digest(
    value: Any, memo: StatMemo | None, code: CodeEncoder, care: Care = Care.STRICT
) -> Digest:
    """The digest of a value that code holds.

    Args:
        value: Anything but a function, a class or a module.
        memo: What is known already of files on disk.
        code: Identifies the functions and classes met inside the value.
        care: What to do about what can't be identified; the refusal itself is the caller's.

    Raises:
        UnhashableError: it, or something in it, has no content to go by; without a remedy
            unless there is a better one than for any other constant.
    """
    walker = _Values(memo, code, value, care)
    try:
        token = walker.token(value)
    except UnhashableError as error:
        # The remedies for values are those of arguments; the caller knows what this one is.
        raise UnhashableError(error.where, error.reason, walker.remedy) from None
    except RecursionError:
        raise UnhashableError("", "it is nested too deeply to be walked", "") from None
    return Digest("xxh3:" + xxh3_128_hexdigest(token))
