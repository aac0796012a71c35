"""What the digests room hands out: the identity of a value, and of the code behind a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueIdentity:
    """A value's digest, and the facts of its shape that were found on the way."""

    digest: Digest
    kind: str
    """What it is to a reader: frame, array, model, metrics, figure, file, tree, text, value."""
    type: str
    """The qualified name of its Python type."""
    profile: Mapping[str, Any]
    """Facts as JSON: rows, columns (name, type, digest), shape, dtype, size, files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIdentity:
    """The code that decides a task's result: a digest, and every component by name."""

    digest: Digest
    components: Mapping[str, Digest]
    """``module:qualname`` of each project function, class and constant reached."""
    distributions: Mapping[str, str]
    """Name and version of each installed distribution reached."""
    files: tuple[str, ...] = ()
    """Absolute paths of the project files that hold those components."""
    warnings: tuple[str, ...] = ()
    """What could not be resolved, and what was assumed instead."""
