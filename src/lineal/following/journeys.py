"""What a workspace is asked about rows; one short method a journey."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from lineal.errors import UserError
from lineal.lineage.building import build
from lineal.running import Services

from .following import follow
from .looking import Looker
from .starts import contents_of
from .trail import Trail

LIMIT = 100_000
"""Artifacts that rows are followed into, unless told otherwise."""


class Following:
    """Following rows; a workspace has all of it."""

    services: Services

    def follow_rows(self, reference: str, key: Mapping[str, str], *, limit: int = LIMIT) -> Trail:
        """Where the rows with a key went: which tables hold them, and what came of those.

        Stored tables are read, one at a time; tables whose columns of the key have the same
        content are read once.

        Args:
            reference: A file (every content that was read under its path), a dataset (every
                version by its bare name), a step's output, a digest.
            key: Column to value as text, which is read as the column's type; rows have all.
            limit: How many artifacts to reach at the most.

        Raises:
            ReferenceNotFound: nothing answers to the reference.
            UserError: it names no data, or no content of it has the columns.
        """
        if not key:
            raise UserError("Name the rows by a column and a value: COLUMN=VALUE.")
        services = self.services
        start = contents_of(services.catalog, reference)
        graph = build(services.catalog.lineage(start, up=False, down=True, depth=None, limit=limit))
        look = Looker(services.catalog, services.values, key)
        for digest in start.artifacts:
            look(digest)
        if look.lacked == len(start.artifacts):
            raise UserError(f"{reference} has no {_missing(key, list(look.lacking))}.")
        return follow(graph, look, key)


def _missing(key: Mapping[str, str], columns: list[str]) -> str:
    name = next((name for name in key if name not in columns), "table with all of these columns")
    near = get_close_matches(name, columns, n=5, cutoff=0.4) or columns[:10]
    more = ", …" if len(near) < len(columns) else ""
    return f"column {name!r}; it has {', '.join(near)}{more}"
