"""Writing lineage graphs, one file per format; each is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from lineal.errors import UserError

if TYPE_CHECKING:
    from lineal.lineage.graph import LineageGraph

FORMATS: dict[str, str] = {}
"""Name of a format -> the module here that has its ``write(graph) -> str``."""


def write(graph: LineageGraph, format: str) -> str:  # noqa: A002 - the word of the command line
    """A graph as text.

    Raises:
        UserError: there is no such format, or it needs a package that is not installed.
    """
    if format not in FORMATS:
        raise UserError(f"There is no format {format!r}; choose one of {', '.join(FORMATS)}.")
    module = import_module(f".{FORMATS[format]}", __name__)
    return str(module.write(graph))
