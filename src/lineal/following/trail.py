"""The records of a trail: what was found of some rows in each thing downstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lineal.records import Node


class Verdict(StrEnum):
    """What a thing has to do with the rows."""

    HOLDS = "holds"
    """It was looked into, and has rows with the key."""
    FREE = "free"
    """It was looked into, and has none; so what came of it alone is not followed."""
    GIVEN = "given"
    """It is no table, and the step that made it was given a table that holds them."""
    UNKNOWN = "unknown"
    """It can't be looked into, and follows by lineage from what holds them, was given them or
    is itself unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of the rows in one thing."""

    node: Node
    verdict: Verdict
    rows: int | None = None
    """How many rows have the key; None for what was not looked into."""
    why: str = ""
    """Why it could not be looked into."""
    place: str = ""
    """Of data, a reference to it: ``12:split.train``, a path or a digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Where the rows went."""

    key: Mapping[str, str]
    """Column to value, as they were asked for."""
    start: tuple[Found, ...]
    """The data that was asked about, every content of it."""
    deployments: tuple[Found, ...] = ()
    models: tuple[Found, ...] = ()
    """Versions of models."""
    datasets: tuple[Found, ...] = ()
    """Versions of datasets."""
    data: tuple[Found, ...] = ()
    """Every other value, those that are free of the rows included."""
    runs: tuple[Found, ...] = ()
    """Runs of which a step was given the rows, or what is unknown."""
    truncated: bool = False
    """Whether there is more downstream than the limit let in."""

    @property
    def begins(self) -> bool:
        """Whether the rows are, or may be, in what was asked about."""
        return any(found.verdict is not Verdict.FREE for found in self.start)
