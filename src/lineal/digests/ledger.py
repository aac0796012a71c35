"""What a walk over code has found so far: components by unique name, packages, files."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from .digest import Digest, combine
from .environment import distribution_of
from .identity import CodeIdentity

PYTHON = f"python {sys.version_info.major}.{sys.version_info.minor}"


class Ledger:
    """The findings of one walk, and what it has yet to visit."""

    def __init__(self) -> None:
        self._named: dict[int, tuple[object, str]] = {}
        self._taken: dict[str, object] = {}
        self._pending: deque[Callable[[], None]] = deque()
        self._components: dict[str, Digest] = {}
        self._distributions: dict[str, str] = {}
        self._files: dict[str, None] = {}
        self._warnings: dict[str, None] = {}

    def name_of(self, thing: object) -> str | None:
        """The name of what is a component already."""
        known = self._named.get(id(thing))
        return known[1] if known is not None else None

    def claim(self, thing: Any, place: str, visit: Callable[[str, Any], None]) -> str:
        """Make a component of a thing, to be visited later; returns its unique name."""
        name = self._free(place, thing)
        self._named[id(thing)] = (thing, name)
        self._pending.append(lambda: visit(name, thing))
        return name

    def claim_once(self, place: str, visit: Callable[[], None]) -> None:
        """Make a component of what goes by its name, such as a module's file."""
        if place not in self._taken:
            self._taken[place] = place
            self._pending.append(visit)

    def constant(self, place: str, digest: Digest) -> str:
        """Make a component of a value; returns its name, the same for the same content."""
        name = self._free(place, digest)
        self._components[name] = digest
        return name

    def _free(self, place: str, holder: object) -> str:
        # Two things can have one name, such as two closures of one function.
        while True:
            held = self._taken.setdefault(place, holder)
            if held is holder or (isinstance(held, str) and held == holder):
                return place
            place += "'"

    def add(self, name: str, kind: str, parts: list[str]) -> None:
        """Enter what a component has turned out to be."""
        self._components[name] = combine(kind, parts)

    def installed(self, module: str | None) -> None:
        """Enter the distribution that a module belongs to, if it belongs to one."""
        found = distribution_of(module) if module else None
        if found is not None:
            self._distributions[found[0]] = found[1]

    def reaches(self, distributions: frozenset[str]) -> bool:
        """Whether any of these distributions was entered."""
        return not distributions.isdisjoint(self._distributions)

    def file(self, file: str) -> None:
        """Enter a file that holds components."""
        if file not in self._files and not file.startswith("<"):
            self._files[file if os.path.isabs(file) else os.path.abspath(file)] = None  # noqa: PTH100, PTH117

    def warn(self, warning: str) -> None:
        """Enter what could not be resolved."""
        self._warnings[warning] = None

    def drain(self) -> None:
        """Visit until nothing is left."""
        while self._pending:
            self._pending.popleft()()

    def identity(self, root: str) -> CodeIdentity:
        """What was found, from the component or text that the walk began with."""
        parts = [PYTHON, root]
        for name in sorted(self._components):
            parts += [name, self._components[name]]
        parts.append("installed")
        for name in sorted(self._distributions):
            parts += [name, self._distributions[name]]
        return CodeIdentity(
            digest=combine("code", parts),
            components=dict(sorted(self._components.items())),
            distributions=dict(sorted(self._distributions.items())),
            files=tuple(self._files),
            warnings=tuple(self._warnings),
        )
