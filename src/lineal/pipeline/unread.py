"""Finding parameters that a task declares and its code never reads.

Such a parameter is recorded, hashed and swept over as if it decided something. It is told
by the instructions of the compiled function and of those nested in it, so a name in a
comment does not count, and one that is only bound anew does not either.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

_LOOKS_AT_ALL = frozenset({"locals", "vars", "eval", "exec", "dir", "_getframe"})


@lru_cache(maxsize=1_000)
def unread_parameters(fn: Callable[..., Any]) -> tuple[str, ...]:
    """The parameters that a function never reads, in the order declared.

    Left out are ``*args`` and ``**kwargs``, names that begin with an underscore, and all
    parameters of code that may look at its variables as a whole.
    """
    original = inspect.unwrap(fn)
    code = getattr(original, "__code__", None)
    if code is None or not _LOOKS_AT_ALL.isdisjoint(_names(code)):
        return ()
    read = set(_reads(code))
    declared = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return tuple(name for name in declared if name not in read and not name.startswith("_"))


def _names(code: CodeType) -> Iterator[str]:
    for nested in _with_nested(code):
        yield from nested.co_names


def _reads(code: CodeType) -> Iterator[str]:
    """The names that are read, in nested functions as well."""
    for nested in _with_nested(code):
        for instruction in dis.get_instructions(nested):
            name, value = instruction.opname, instruction.argval
            if name in ("LOAD_CLOSURE", "MAKE_CELL", "COPY_FREE_VARS") or "LOAD" not in name:
                continue
            found = value if isinstance(value, tuple) else (value,)
            yield from found[1:] if name.startswith("STORE_FAST_LOAD") else found


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_nested(constant)
