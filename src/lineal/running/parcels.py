"""Parcels: how the arguments of a step travel to another process.

What lies in the store travels as its record; only what the pipeline's body itself gave
to a step is packed with its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lineal.digests.digest import Digest
from lineal.records import Artifact
from lineal.store import ValueStore

from .guarding import Guard, noted, outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One value, by its record in the store or in itself."""

    name: str
    digest: Digest | None
    artifact: Artifact | None = None
    value: Any = None


def unpack(packed: Any, values: ValueStore, guards: list[Guard]) -> Any:
    """The value of packed arguments; the parcels sit in plain containers."""
    if isinstance(packed, Parcel):
        value = packed.value if packed.artifact is None else values.load(packed.artifact)
        if packed.digest is not None:
            artifact = packed.artifact
            before = noted(value) if artifact is None else lambda: outline(values.load(artifact))
            guards.append(Guard(packed.name, value, packed.digest, before))
        return value
    if isinstance(packed, dict):
        return {key: unpack(item, values, guards) for key, item in packed.items()}
    return type(packed)(unpack(item, values, guards) for item in packed)
