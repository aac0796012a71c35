"""Common values: artifacts so small that equal ones may have nothing to do with each other.

Content tells where a frame, a file or a model came from, since nobody comes by the same
one by chance. It does not tell where ``True``, 2, ``"a"`` or ``None`` came from: a lineage
follows such a value by the execution that it was really had from, and by nothing else.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Text, delete, select

from lineal.digests.digest import Digest
from lineal.records import Artifact

from .dialect import among, packed, values_of
from .tables import artifacts, common_values, dataset_versions, model_versions
from .writing import put_found

TELLING = 64
"""Bytes of a value, compressed, from which its content tells where it came from."""
PICKLED = 256
"""The same of one that is pickled, which begins with the names of its classes."""
ITEMS = 8
"""Items of an array from which its content does."""
_ADDED = 16
"""Bytes that compressing adds to so few at the most; zlib's own bound is 13."""
_VALUES = ("value", "text", "metrics")
_FILES = ("file", "tree")


def is_common(artifact: Artifact) -> bool:
    """Whether equal content may have come from anywhere.

    Plain values, texts and metrics of less than `TELLING` bytes when they are compressed (a
    thousand zeros say no more than one), arrays of less than `ITEMS` items, and empty files
    and folders. Of a value that is not kept nothing is known, so it is taken for one.
    """
    stored, profile = artifact.stored, artifact.profile
    if artifact.kind in _VALUES:
        if stored is None:
            return True
        if stored.inline is None:
            return False
        least = PICKLED if stored.pickled else TELLING
        # What is shorter than this can't become as long, and most values are.
        return len(stored.inline) < least - _ADDED or len(zlib.compress(stored.inline, 1)) < least
    if artifact.kind == "array":
        return "shape" in profile and math.prod(profile["shape"]) < ITEMS
    return artifact.kind in _FILES and profile.get("size") == 0


def note(connection: Connection, written: Sequence[Artifact], known: Collection[Digest]) -> None:
    """Keep the account of common values, for artifacts that have been written.

    Args:
        connection: A transaction that writes.
        written: The artifacts.
        known: See `known_without_bytes`.
    """
    everyday = {a.digest for a in written if is_common(a)}
    common = [digest for digest in everyday if digest not in known]
    if common:
        put_found(connection, common_values, _unnamed, digests=packed(connection, common))
    # One that was not kept the first time it was met was taken for common then.
    telling = [
        a.digest for a in written if a.kind in _VALUES and a.stored and a.digest not in everyday
    ]
    if telling:
        forget(connection, telling)


def _unnamed(connection: Connection) -> Select[Any]:
    values = values_of(connection, "digests", Text())
    named = select(dataset_versions.c.artifact).union(select(model_versions.c.artifact))
    return select(values.c.value).where(values.c.value.not_in(named))


def forget(connection: Connection, digests: Sequence[Digest]) -> None:
    """Take artifacts for data: they have turned out to be, or have been given a name."""
    connection.execute(
        delete(common_values).where(among(connection, common_values.c.digest, "digests")),
        {"digests": packed(connection, digests)},
    )


def known_without_bytes(connection: Connection, writing: Iterable[Artifact]) -> set[Digest]:
    """Of values that are to be written without bytes, those that are there: no news of them."""
    asked = [a.digest for a in writing if a.stored is None]
    if not asked:
        return set()
    statement = select(artifacts.c.digest).where(among(connection, artifacts.c.digest, "digests"))
    rows = connection.execute(statement, {"digests": packed(connection, asked)})
    return {Digest(digest) for digest in rows.scalars()}
