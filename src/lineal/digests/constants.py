"""Identifying values that code holds: constants, captures, default values.

They go by the rules of all values, with one exception: a path that code holds is a path.
Its text counts, and the content too where it names a file, which the code is then likely
to read; what lies in a directory may be anything, even the project and its store.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from lineal.errors import UnhashableError

from .digest import Digest
from .encoding import compound, text
from .files import path_digest
from .memo import StatMemo
from .walker import CodeEncoder, Walker


class _Values(Walker):
    __slots__ = ()

    def _visit(self, value: Any) -> bytes:
        if not isinstance(value, Path):
            return super()._visit(value)
        content = path_digest(value, self.memo) if value.is_file() else ""
        return compound(b"cp", text(str(value)), content.encode())


def constant_digest(value: Any, memo: StatMemo | None, code: CodeEncoder) -> Digest:
    """The digest of a value that code holds.

    Args:
        value: Anything but a function, a class or a module.
        memo: What is known already of files on disk.
        code: Identifies the functions and classes met inside the value.

    Raises:
        UnhashableError: it, or something in it, has no content to go by.
    """
    try:
        token = _Values(memo, code, value).token(value)
    except RecursionError:
        raise UnhashableError("", "it is nested too deeply to be walked", "") from None
    return Digest("xxh3:" + xxh3_128_hexdigest(token))
