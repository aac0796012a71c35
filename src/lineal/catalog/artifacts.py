"""Artifacts and codes: read by digest, and made known to have lost their bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select, update

from lineal.digests.digest import Digest
from lineal.records import Artifact, CodeIdentity

from .dialect import among, packed
from .rows import artifact_of, code_of
from .statements import Among, read_plain
from .tables import artifacts, codes

BYTES = ("codec", "size", "address", "inline", "pickled")
"""The columns that say where an artifact's bytes are."""


def artifacts_of(connection: Connection, digests: Iterable[Digest]) -> dict[Digest, Artifact]:
    """Artifacts by digest; what is unknown is left out."""
    found = map(artifact_of, read_plain(connection, _artifacts, digests))
    return {artifact.digest: artifact for artifact in found}


def _artifacts(digests: Among) -> Select[Any]:
    return select(artifacts).where(digests.each(artifacts.c.digest))


def artifacts_by_prefix(connection: Connection, prefix: str) -> list[Artifact]:
    """Artifacts whose digest begins so, with its algorithm or without."""
    beginnings = [prefix] if ":" in prefix else [f"xxh3:{prefix}", f"unique:{prefix}"]
    digest = artifacts.c.digest
    within = or_(*(and_(digest >= start, digest < start + "~") for start in beginnings))
    rows = connection.execute(select(artifacts).where(within).order_by(digest))
    return [artifact_of(row) for row in rows]


def codes_of(connection: Connection, digests: Iterable[Digest]) -> dict[Digest, CodeIdentity]:
    """Code by digest; what is unknown is left out."""
    statement = select(codes).where(among(connection, codes.c.digest, "digests"))
    rows = connection.execute(statement, {"digests": packed(connection, digests)})
    return {code.digest: code for code in map(code_of, rows)}


def forget_bytes(connection: Connection, digests: Iterable[Digest]) -> None:
    """Record that the bytes of artifacts are gone; their digests and lineage stay."""
    connection.execute(
        update(artifacts)
        .where(among(connection, artifacts.c.digest, "digests"))
        .values(dict.fromkeys(BYTES)),
        {"digests": packed(connection, digests)},
    )
