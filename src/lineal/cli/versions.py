"""What commands over model versions share: how versions are named, and how gates look."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from lineal.errors import UserError
from lineal.records import GateResult

from .render import table

VersionReference = Annotated[str, typer.Argument(metavar="MODEL@vN", help="A version of a model.")]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for those who will ask later.")
]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who; the user by default.")]
_VERSION = re.compile(r"v?(\d+)")


def parse_version(reference: str) -> tuple[str, int | None]:
    """``fraud@v3`` as a name and a number; the number is None where none is given.

    Raises:
        UserError: what stands after the @ is no version.
    """
    name, at, version = reference.partition("@")
    if not at:
        return name, None
    return name, number_of(version)


def number_of(version: str) -> int:
    """``v3`` or ``3`` as a number.

    Raises:
        UserError: it is neither.
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise UserError(f"{version!r} is no version; write it as v3.")
    return int(found[1])


def exactly(reference: str) -> tuple[str, int]:
    """``fraud@v3`` as a name and a number.

    Raises:
        UserError: no version is named.
    """
    name, number = parse_version(reference)
    if number is None:
        raise UserError(f"Name a version of {name!r} too: {name}@v1.")
    return name, number


def gates_table(results: tuple[GateResult, ...]) -> Table:
    """Gates with what came of each."""
    made = table("", "gate", "")
    for result in results:
        mark = Text("✓", style="green") if result.passed else Text("✗", style="bold red")
        made.add_row(mark, Text(result.rule), Text(result.text))
    return made
