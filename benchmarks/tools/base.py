"""What a tool is asked to do, and the work of its steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Protocol


class Tool(Protocol):
    """A tool that runs steps and reuses them."""

    name: ClassVar[str]
    does: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    most_steps: ClassVar[int]
    """More would take too long, or are not possible."""

    def deep(self, steps: int, start: int) -> int:
        """Add 0, 1, 2, … to the start, each in a step that needs the one before."""

    def wide(self, steps: int, start: int) -> list[int]:
        """Add 0, 1, 2, … to the start, each in a step of its own."""

    def given(self, value: Any, start: int) -> float:
        """Add the start to the first number of an array, a frame or a file, in one step."""


def add(x: int, n: int) -> int:
    """A step as small as can be."""
    return x + n


def first_of(value: Any) -> float:
    """The first number of an array, of a frame, or of a file's bytes."""
    if isinstance(value, str | Path):
        with Path(value).open("rb") as file:
            return float(file.read(1)[0])
    return float(value.iat[0, 0] if hasattr(value, "iat") else value[0])
