"""Finding modules without importing them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path


def modules_named(texts: Iterable[str], package: str) -> list[str]:
    """The modules that some texts name: `a.b`, `a.b:attribute`, or `.b` from a package."""
    found = []
    for text in texts:
        name = text.partition(":")[0]
        if name.startswith(".") and package:
            try:
                name = importlib.util.resolve_name(name, package)
            except ImportError:
                continue
        if _names_module(name):
            found.append(name)
    return found


def parents(name: str) -> list[str]:
    """The packages that a module lies in, from the outermost."""
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def _names_module(text: str) -> bool:
    """Whether a text is the name of a module that is, or can be, imported."""
    dotted = all(part.isidentifier() for part in text.split("."))
    return dotted and (text in sys.modules or origin_of(text) is not None)


def origin_of(name: str) -> str | None:
    """The file of a module that is not imported, found without running its parents."""
    first, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        return None
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        place = list(spec.submodule_search_locations)
        spec = PathFinder.find_spec(part, place)
    return spec.origin if spec is not None and spec.has_location else None


def package_of(name: str, file: str) -> str:
    """The package that a module's relative imports start from."""
    return name if Path(file).stem == "__init__" else name.rpartition(".")[0]
