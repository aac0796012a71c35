"""Parcels: how the arguments of a step travel to another process.

What lies in the store travels as its record; only what the pipeline's body itself gave
to a step may be packed with its value.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lineal.digests.digest import Digest
from lineal.errors import UntrustedPickle
from lineal.records import Artifact
from lineal.store import ValueStore

from .guarding import Guard, noted, outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One value: by its record in the store, by the address of its pickle, or in itself."""

    name: str
    digest: Digest | None
    artifact: Artifact | None = None
    pickled: Digest | None = None
    """Where the bytes lie of a value that has no identity."""
    value: Any = None


def unpack(packed: Any, values: ValueStore, guards: list[Guard]) -> Any:
    """The value of packed arguments; the parcels sit in plain containers."""
    if isinstance(packed, Parcel):
        value = _value(packed, values)
        if packed.digest is not None:
            artifact = packed.artifact
            before = noted(value) if artifact is None else lambda: outline(values.load(artifact))
            guards.append(Guard(packed.name, value, packed.digest, before))
        return value
    if isinstance(packed, dict):
        return {key: unpack(item, values, guards) for key, item in packed.items()}
    return type(packed)(unpack(item, values, guards) for item in packed)


def at_hand(packed: Any) -> Any:
    """The same arguments where paths mean what they say: the files need not be laid out."""
    if isinstance(packed, Parcel):
        return replace(packed, artifact=None) if isinstance(packed.value, Path) else packed
    if isinstance(packed, dict):
        return {key: at_hand(item) for key, item in packed.items()}
    return type(packed)(at_hand(item) for item in packed)


def _value(parcel: Parcel, values: ValueStore) -> Any:
    if parcel.artifact is not None:
        return values.load(parcel.artifact)
    if parcel.pickled is None:
        return parcel.value
    if not values.trust_pickle:
        raise UntrustedPickle(
            f"The argument {parcel.name} has no identity and travels as a pickle, and loading it"
            " would run code from this store; set trust_pickle = true if you trust its writers."
        )
    return pickle.loads(values.blobs.get(parcel.pickled))  # noqa: S301 - trusted, as asked above
