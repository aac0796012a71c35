"""Finding modules without importing them."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path


def names_module(text: str) -> bool:
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
