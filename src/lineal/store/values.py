"""Values in the store: encoded by the first codec that gives them back as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal.digests.canonical import value_digest
from lineal.digests.digest import Digest
from lineal.digests.identity import ValueIdentity
from lineal.errors import (
    BlobCorrupt,
    BlobMissing,
    LinealError,
    MissingFileError,
    OutputNotStorable,
    StoreError,
    UnhashableError,
    UntrustedPickle,
)
from lineal.records import Artifact, Stored

from .base import BlobStore
from .codecs import Check, Codec, codec_named, codecs_for
from .codecs.files import is_manifest, listed
from .export import export_path, export_value
from .statistics import Extent, with_statistics

INLINE = 4096
"""Bytes up to which a value lies in its record rather than in a blob."""
_ALWAYS_INLINE = ("value", "text", "metrics")
"""Kinds that lie in their record whatever else may."""
_EQUAL = frozenset({type(None), bool, int, str, bytes})
"""Types whose equal values are the same, so that they need not be digested to tell. Zeros of
floats differ in their sign."""


class ValueStore:
    """Saves and loads values. May be used from any thread.

    Args:
        blobs: Where bytes go.
        checkouts: The folder where files and trees are laid out when they are loaded.
        trust_pickle: Whether values may be loaded whose bytes run code.
        profiles: How much of the items of tables and arrays the records tell. Unless it is
            all, small ones and small files do not lie in their records either.
        inline_limit: Bytes up to which a value lies in its record.
    """

    def __init__(
        self,
        blobs: BlobStore,
        checkouts: Path,
        *,
        trust_pickle: bool = True,
        profiles: Extent = "full",
        inline_limit: int = INLINE,
    ) -> None:
        self.blobs = blobs
        self._checkouts = checkouts
        self.trust_pickle = trust_pickle
        self.profiles: Extent = profiles
        self._inline_limit = inline_limit

    def over(self, blobs: BlobStore) -> ValueStore:
        """The same, with bytes in another store."""
        return ValueStore(
            blobs,
            self._checkouts,
            trust_pickle=self.trust_pickle,
            profiles=self.profiles,
            inline_limit=self._inline_limit,
        )

    def save(self, value: Any, identity: ValueIdentity) -> Artifact:
        """Keep a value; it can be loaded at once, and survives a crash after `sync`.

        A codec is trusted with a value only if what it gives back has the same digest. A
        value that has no content to go by (its digest is a unique one) is kept unchecked.

        Raises:
            OutputNotStorable: no codec can, and what each objected to; or it has changed since it
                was identified.
            StoreUnwritable: the store can't be written.
        """
        objections: list[str] = []
        for codec in codecs_for(value):
            try:
                data = codec.encode(value, self.blobs)
                if self._keeps(codec, value, data, identity):
                    return self._artifact(value, identity, codec, data)
                objections.append(f"{codec.name} does not give it back as it was")
            except UnhashableError as error:
                objections.append(f"{codec.name}: {error}")
            except LinealError:
                raise
            except Exception as error:  # noqa: BLE001 - any library may refuse in its own way
                objections.append(f"{codec.name} says: {error}")
        if _changed(value, identity):
            raise OutputNotStorable(
                f"The value of type {identity.type} that it returned was changed in place before"
                " it could be written, so it is not kept. A step that takes it did so, or a"
                " thread that was left behind; mend that one (a step that works on a copy"
                " changes nothing), and run again."
            )
        raise OutputNotStorable(
            f"A value of type {identity.type} can't be kept ({'; '.join(objections)}). Return"
            " plain data, a frame, an array, a model or a path, or declare the task with"
            " persist=False."
        )

    def holds(self, artifact: Artifact) -> bool:
        """Whether the bytes of a value that was saved before are there; see `BlobStore.holds`."""
        stored = artifact.stored
        if stored is None or (stored.address is not None and not self.blobs.holds(stored.address)):
            return False
        try:
            files = self.files(stored)
        except (BlobMissing, BlobCorrupt):
            return False
        return all(self.blobs.holds(address) for _, address in files)

    def files(self, stored: Stored) -> list[tuple[str, Digest]]:
        """By its place, the address of each file of a file or tree; none of other values.

        Raises:
            BlobMissing: the bytes that name them were not kept, or are gone.
            BlobCorrupt: they are not what was written.
        """
        return listed(self._bytes(stored)) if is_manifest(stored.codec) else []

    def load(self, artifact: Artifact) -> Any:
        """A value as it was saved.

        Raises:
            BlobMissing: its bytes were not kept, or are gone.
            BlobCorrupt: its bytes are not what was written.
            UntrustedPickle: loading it would run code, and the store is not trusted.
            StoreError: what it takes to load it is not installed here.
        """
        stored = _stored(artifact)
        codec = codec_named(stored.codec)
        # The codec is asked, too: a forged record can't hide that it is pickle.
        if (stored.pickled or codec.pickled) and not self.trust_pickle:
            raise UntrustedPickle(
                f"The value {artifact.digest.short} ({artifact.type}) was pickled, and loading it"
                " would run code from this store; set trust_pickle = true if you trust its"
                " writers."
            )
        data = self._bytes(stored)
        try:
            return codec.decode(data, self.blobs, self._checkouts)
        except LinealError:
            raise
        except Exception as error:
            raise StoreError(
                f"The value {artifact.digest.short} ({artifact.type}) can't be loaded here by"
                f" {codec.name}: {type(error).__name__}: {error}. Load it where the packages and"
                " modules it was made with can be imported."
            ) from error

    def export(self, artifact: Artifact, target: Path) -> Path:
        """Write a value to a file in the format of its ending, else as it is stored.

        Args:
            artifact: The record of the value.
            target: Where to write; in a folder that is there, a file or tree keeps its name.

        Returns:
            What was written.

        Raises:
            UserError: the value can't be written in that format, or not there.
        """
        stored = _stored(artifact)
        if artifact.kind in ("file", "tree"):
            return export_path(self.load(artifact), target)
        return export_value(lambda: self.load(artifact), self._bytes(stored), target)

    def sync(self) -> None:
        """Return when everything saved before is durable."""
        self.blobs.sync()

    def _keeps(self, codec: Codec, value: Any, data: bytes, identity: ValueIdentity) -> bool:
        if codec.check is Check.NONE or identity.digest.startswith("unique:"):
            return True
        if codec.check is Check.DECODED:
            before, value = value, codec.decode(data, self.blobs, self._checkouts)
            if type(value) is type(before) and type(value) in _EQUAL and value == before:
                return True
        return value_digest(value) == identity.digest

    def _artifact(self, value: Any, identity: ValueIdentity, codec: Codec, data: bytes) -> Artifact:
        may = self.profiles == "full" or identity.kind in _ALWAYS_INLINE
        small = may and len(data) <= self._inline_limit
        return Artifact(
            digest=identity.digest,
            kind=identity.kind,
            type=identity.type,
            profile=with_statistics(value, identity.profile, self.profiles),
            stored=Stored(
                codec=codec.name,
                size=len(data),
                inline=data if small else None,
                address=None if small else self.blobs.put(data),
                pickled=codec.pickled,
            ),
        )

    def _bytes(self, stored: Stored) -> bytes:
        if stored.inline is not None:
            return stored.inline
        assert stored.address is not None
        return self.blobs.get(stored.address)


def _changed(value: Any, identity: ValueIdentity) -> bool:
    """Whether a value is not what it was when it was identified."""
    if identity.digest.startswith("unique:"):
        return False
    try:
        return value_digest(value) != identity.digest
    except (UnhashableError, MissingFileError):
        return True


def _stored(artifact: Artifact) -> Stored:
    if artifact.stored is None:
        raise BlobMissing(
            f"The bytes of {artifact.digest.short} ({artifact.type}) were not kept (its task may"
            " be declared with persist=False); run the step that makes it again with --force."
        )
    return artifact.stored
