"""joblib.Memory: a disk cache for functions, called as its documentation shows."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from tools.base import add, first_of


def head(value: Any, start: int) -> float:
    return first_of(value) + start


class JoblibMemory:
    """Calls cached functions, one after the other."""

    name: ClassVar = "joblib.Memory"
    does: ClassVar = (
        "not durable (no fsync); keeps one result for each function and hash of its arguments, and "
        "records nothing else; of the code it sees the function's own source; a file is a path to "
        "it: its content is not looked at"
    )
    needs: ClassVar = ("joblib",)
    most_steps: ClassVar = 10_000

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _functions(self) -> tuple[Any, Any]:
        from joblib import Memory

        memory = Memory(self._folder, verbose=0)
        return memory.cache(add), memory.cache(head)

    def deep(self, steps: int, start: int) -> int:
        x = start
        for i in range(steps):
            x = self._functions[0](x, i)
        return x

    def wide(self, steps: int, start: int) -> list[int]:
        return [self._functions[0](start, i) for i in range(steps)]

    def given(self, value: Any, start: int) -> float:
        return float(self._functions[1](value, start))
