"""Writing lineage graphs, one file per format; each is loaded when it is asked for."""

from __future__ import annotations

import secrets
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from lineal.errors import UserError
from lineal.store.writing import write_whole

if TYPE_CHECKING:
    from lineal.lineage.graph import LineageGraph

FORMATS: dict[str, str] = {
    "json": "as_json",
    "cytoscape": "cytoscape",
    "mermaid": "mermaid",
    "dot": "dot",
    "graphml": "graphml",
    "svg": "svg",
    "html": "html",
    "prov-json": "prov_json",
    "openlineage": "openlineage",
    "ro-crate": "ro_crate",
}
"""Name of a format -> the module here that has its ``write(graph) -> str``.

A module whose format is more than one file has ``write_folder(graph, path)`` too.
"""


def write(graph: LineageGraph, format: str) -> str:  # noqa: A002 - the word of the command line
    """A graph as text.

    Raises:
        UserError: there is no such format, or it needs a package that is not installed.
    """
    return str(module_of(format).write(graph))


def write_file(graph: LineageGraph, format: str, path: Path) -> None:  # noqa: A002
    """A graph as a file in UTF-8, whole or not at all; RO-Crate as a folder.

    A path that ends in ``.json`` gets only the text of an RO-Crate's metadata.

    Raises:
        UserError: there is no such format, or it needs a package that is not installed.
        OSError: the file can't be written.
    """
    module = module_of(format)
    if hasattr(module, "write_folder") and path.suffix != ".json":
        module.write_folder(graph, path)
        return
    replace_text(path, str(module.write(graph)))


def replace_text(path: Path, text: str) -> None:
    """Write a file beside its place, then move it there, so that no reader sees half of it."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    write_whole(path, [text.encode()], part, mode=0o666)


def module_of(format: str) -> ModuleType:  # noqa: A002
    """The module that writes a format.

    Raises:
        UserError: there is no such format, or it needs a package that is not installed.
    """
    if format not in FORMATS:
        raise UserError(f"There is no format {format!r}; choose one of {', '.join(FORMATS)}.")
    try:
        return import_module(f".{FORMATS[format]}", __name__)
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package == "lineal":
            raise
        raise UserError(
            f"The format {format} needs the package {package!r}, which is not installed: "
            "pip install 'lineal[interchange]'"
        ) from missing
