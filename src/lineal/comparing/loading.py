"""Loading two values to compare them as tables, as far as that is sensible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.errors import StoreError
from lineal.lineage.diff import as_frame
from lineal.records import Artifact
from lineal.store import ValueStore

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 512_000_000
"""Bytes of the two together, above which rows are compared only when a key is given."""
_TABLES = ("frame", "array", "file")


class Loader:
    """Loads pairs of values as tables.

    Args:
        values: Where they are kept.
        limit: Bytes of two values above which they are not loaded; None for no limit.
    """

    def __init__(self, values: ValueStore, limit: int | None = LIMIT) -> None:
        self._values = values
        self._limit = limit

    def __call__(
        self, before: Artifact, after: Artifact
    ) -> tuple[pd.DataFrame, pd.DataFrame] | str:
        """Both as tables, or why their rows can't be compared (nothing for what has none).

        Raises:
            UserError: one is no proper table: two columns have one name, say.
        """
        if before.kind not in _TABLES or after.kind not in _TABLES:
            return ""
        size = sum(_size(artifact) for artifact in (before, after))
        if self._limit is not None and size > self._limit:
            return (
                f"The two are {size / 1e6:.0f} MB together, so their rows were not compared;"
                " name the columns of a key to do so."
            )
        try:
            frames = [as_frame(self._values.load(artifact)) for artifact in (before, after)]
        except StoreError as problem:
            return str(problem)
        one, other = frames
        return "" if one is None or other is None else (one, other)


def _size(artifact: Artifact) -> int:
    stored = artifact.stored.size if artifact.stored is not None else 0
    size = artifact.profile.get("size")
    return max(stored, size if isinstance(size, int) else 0)
