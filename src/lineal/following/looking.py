"""Looking into stored values for rows with a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineal.catalog import Catalog
from lineal.digests.digest import Digest
from lineal.errors import StoreError, UserError
from lineal.lineage.diff import as_frame
from lineal.records import Artifact
from lineal.store import ValueStore

_TABLES = ("frame", "array", "file")

Seen = int | str
"""How many rows have the key, or why that can't be told."""


class Looker:
    """Looks into values, one at a time.

    Tables whose columns of the key have the same content are looked into once.
    """

    def __init__(self, catalog: Catalog, values: ValueStore, key: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._values = values
        self._key = key
        self._known: dict[tuple[str, ...], int] = {}
        self.lacking: dict[str, None] = {}
        """The names of all columns of tables that lack one of the key, in order."""
        self.lacked = 0
        """How many tables lacked one."""

    def __call__(self, digest: Digest) -> Seen:
        """How many rows of a value have the key, or why that can't be told."""
        artifact = self._catalog.artifacts([digest]).get(digest)
        if artifact is None:
            return "is not recorded by itself"
        if artifact.kind not in _TABLES:
            return f"is no table ({artifact.kind})"
        same = self._same(artifact)
        if same is not None and same in self._known:
            return self._known[same]
        seen = self._count(artifact)
        if same is not None and isinstance(seen, int):
            self._known[same] = seen
        return seen

    def _count(self, artifact: Artifact) -> Seen:
        from .matching import rows_with

        if artifact.stored is None:
            return "was not kept"
        try:
            frame = as_frame(self._values.load(artifact))
        except (StoreError, UserError) as problem:
            return f"can't be read ({str(problem).rstrip('.')})"
        if frame is None:
            return "is a file of a kind that is not read as a table"
        missing = [repr(name) for name in self._key if name not in frame.columns]
        if missing:
            self.lacked += 1
            self.lacking.update(dict.fromkeys(frame.columns))
            return f"has no column {', '.join(missing)}"
        return rows_with(frame, self._key)

    def _same(self, artifact: Artifact) -> tuple[str, ...] | None:
        """The digests of the columns of the key, where the profile has them."""
        columns: Any = artifact.profile.get("columns", ())
        digests = {str(c.get("name")): (str(c.get("type")), c.get("digest")) for c in columns}
        found = [digests.get(name, ("", None)) for name in self._key]
        if any(digest is None for _, digest in found):
            return None
        return tuple(part for type_, digest in found for part in (type_, str(digest)))
