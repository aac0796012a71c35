"""Slots: the values of a run by digest, in memory while they are there, else in the store."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from lineal.digests.digest import Digest
from lineal.errors import BlobMissing
from lineal.records import Artifact
from lineal.store import ValueStore

_UNSET: Any = object()


class Slot(Struct):
    """One value of a run. `value` may be called from any thread; it loads at most once."""

    digest: Digest
    artifact: Artifact | None = None
    profile: Mapping[str, Any] = {}
    """The facts of its shape, where it was made in this run."""
    takers: int = 0
    """Arguments of steps that have not ended and take it."""
    asked: bool = False
    """Whether the pipeline's body looked at it."""
    droppable: bool = True
    """Whether it is, or will be, in the store."""
    idle: bool = False
    """Whether it waits to be let go of."""
    _value: Any = _UNSET
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, value: Any) -> None:
        """Have the value at hand from now on."""
        self._value = value

    def drop(self) -> None:
        """Have the value in the store alone; `artifact` must say where."""
        self._value = _UNSET

    @property
    def in_memory(self) -> bool:
        """Whether the value is at hand."""
        return self._value is not _UNSET

    def value(self, values: ValueStore) -> Any:
        """The value, loaded from the store when it is not at hand.

        Raises:
            BlobMissing: its bytes were not kept.
            BlobCorrupt: its bytes are not what was written.
        """
        value = self._value
        if value is _UNSET:
            with self._lock:
                value = self._value
                if value is _UNSET:
                    if self.artifact is None:
                        raise BlobMissing(
                            f"The value {self.digest.short} is not recorded; run the step that"
                            " makes it again with --force."
                        )
                    value = self._value = values.load(self.artifact)
        return value
