"""Files that commands write with ``-o``: whole or not at all, and what to say when they can't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lineal.errors import UserError
from lineal.lineage.export import replace_text

from .render import out


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say that a file was written, or that it can't be.

    Raises:
        UserError: it can't be.
    """
    try:
        yield
    except OSError as problem:
        raise UserError(
            f"{path} can't be written: {problem.strerror}. Name another place with -o."
        ) from None
    out.print(f"wrote {path}")


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8.

    Raises:
        UserError: it can't be written.
    """
    with writing(path):
        replace_text(path, text)
