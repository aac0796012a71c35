"""Values in the store: encoded by the first codec that gives them back as they were."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lineal.digests.canonical import value_digest
from lineal.digests.identity import ValueIdentity
from lineal.errors import BlobMissing, LinealError, OutputNotStorable, UntrustedPickle
from lineal.records import Artifact, Stored

from .base import BlobStore
from .codecs import Codec, codec_named, codecs_for
from .export import export_value

INLINE = 4096
"""Bytes up to which a value lies in its record rather than in a blob."""


class ValueStore:
    """Saves and loads values. May be used from any thread."""

    def __init__(
        self,
        blobs: BlobStore,
        checkouts: Path,
        *,
        trust_pickle: bool = True,
        inline_limit: int = INLINE,
    ) -> None:
        self.blobs = blobs
        self._checkouts = checkouts
        self._trust_pickle = trust_pickle
        self._inline_limit = inline_limit

    def save(self, value: Any, identity: ValueIdentity) -> Artifact:
        """Keep a value; it can be loaded at once, and survives a crash after `sync`.

        A codec is trusted with a value only if what it gives back has the same digest.

        Raises:
            OutputNotStorable: no codec can; says what the last one objected to.
            StoreUnwritable: the store can't be written.
        """
        objection = "no codec knows it"
        for codec in codecs_for(value):
            try:
                data = codec.encode(value, self.blobs)
                if self._same(codec, data, identity):
                    return self._artifact(identity, codec, data)
                objection = f"{codec.name} does not give it back as it was"
            except LinealError:
                raise
            except Exception as error:  # noqa: BLE001 - any library may refuse in its own way
                objection = f"{codec.name}: {error}"
        raise OutputNotStorable(
            f"A value of type {identity.type} can't be kept ({objection}). Return plain data, a"
            " frame, an array or a model, or declare the task with persist=False."
        )

    def load(self, artifact: Artifact) -> Any:
        """A value as it was saved.

        Raises:
            BlobMissing: its bytes were not kept, or are gone.
            BlobCorrupt: its bytes are not what was written.
            UntrustedPickle: loading it would run code, and the store is not trusted.
        """
        stored = self._stored(artifact)
        if stored.pickled and not self._trust_pickle:
            raise UntrustedPickle(
                f"The value {artifact.digest.short} ({artifact.type}) was pickled, and loading it"
                " would run code from this store; set trust_pickle = true if you trust its"
                " writers."
            )
        where = self._checkouts / artifact.digest.hex
        return codec_named(stored.codec).decode(self._bytes(stored), self.blobs, where)

    def export(self, artifact: Artifact, target: Path) -> Path:
        """Write a value to a file in the format of its ending.

        Raises:
            UserError: the value can't be written in that format.
        """
        value = self.load(artifact)
        if isinstance(value, Path):
            if value.is_dir():
                shutil.copytree(value, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(value, target)
            return target
        return export_value(value, self._bytes(self._stored(artifact)), target)

    def sync(self) -> None:
        """Return when everything saved before is durable."""
        self.blobs.sync()

    def _same(self, codec: Codec, data: bytes, identity: ValueIdentity) -> bool:
        if codec.exempt or identity.digest.startswith("unique:"):
            return True
        where = self._checkouts / identity.digest.hex
        return value_digest(codec.decode(data, self.blobs, where)) == identity.digest

    def _artifact(self, identity: ValueIdentity, codec: Codec, data: bytes) -> Artifact:
        small = len(data) <= self._inline_limit
        return Artifact(
            digest=identity.digest,
            kind=identity.kind,
            type=identity.type,
            profile=identity.profile,
            stored=Stored(
                codec=codec.name,
                size=len(data),
                inline=data if small else None,
                address=None if small else self.blobs.put(data),
                pickled=codec.pickled,
            ),
        )

    def _stored(self, artifact: Artifact) -> Stored:
        if artifact.stored is None:
            raise BlobMissing(
                f"The bytes of {artifact.digest.short} ({artifact.type}) were not kept; run the"
                " step that makes it again with --force."
            )
        return artifact.stored

    def _bytes(self, stored: Stored) -> bytes:
        if stored.inline is not None:
            return stored.inline
        assert stored.address is not None
        return self.blobs.get(stored.address)
