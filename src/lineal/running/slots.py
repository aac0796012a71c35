"""Slots: the values of a run by digest, in memory while they are there, else in the store."""

from __future__ import annotations

import threading
from typing import Any

from lineal.digests.digest import Digest
from lineal.errors import BlobMissing
from lineal.records import Artifact
from lineal.store import ValueStore

_UNSET: Any = object()


class Slot:
    """One value of a run. `value` may be called from any thread; it loads at most once."""

    __slots__ = ("_lock", "_value", "artifact", "digest")

    def __init__(self, digest: Digest, *, artifact: Artifact | None = None) -> None:
        self.digest = digest
        self.artifact = artifact
        self._value: Any = _UNSET
        self._lock = threading.Lock()

    def keep(self, value: Any) -> None:
        """Have the value at hand from now on."""
        self._value = value

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
        if self._value is _UNSET:
            with self._lock:
                if self._value is _UNSET:
                    if self.artifact is None:
                        raise BlobMissing(
                            f"The value {self.digest.short} is not recorded; run the step that"
                            " makes it again with --force."
                        )
                    self._value = values.load(self.artifact)
        return self._value
