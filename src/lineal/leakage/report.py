"""The nouns of a report on leakage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What is the same on both sides."""

    ROWS = "rows"
    """Every column that both sides have."""
    FEATURES = "features"
    """Every column that a model is given; the others may differ."""
    KEY = "key"
    """One column that names subjects or sites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One content that stands on both sides."""

    content: Mapping[str, str]
    """Its first columns, as text."""
    left: tuple[int, ...]
    """The first rows that have it on the left, counted from 0."""
    right: tuple[int, ...]
    """On the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What stands on both of two sides."""

    left: str
    """The side that is learnt from, where that is known."""
    right: str
    level: Level
    key: str | None = None
    """The column, of a key."""
    shared: int
    """Different contents (rows, features, subjects) that are on both sides."""
    left_rows: int
    """Rows of the left that have one of them."""
    right_rows: int
    """Rows of the right that have one of them."""
    conflicting: int | None = None
    """Of shared features, those that do not have the same label throughout; None where no
    column is known to be a label."""
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One part of a split."""

    name: str
    """Where it is in the run: the output, argument or place in one."""
    rows: int
    repeated: int
    """Rows that are the same as an earlier one of this side: no leakage, and told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Tables that a run keeps apart, and what they share all the same."""

    step: str
    """The step that gave or took them; empty for what was named by whoever asked."""
    sides: tuple[Side, ...]
    columns: int
    """Columns that all sides have."""
    labels: tuple[str, ...]
    """Columns that no model is given, as far as that is known."""
    overlaps: tuple[Overlap, ...]
    """Only where something is shared."""
    notes: tuple[str, ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether anything stands on two sides."""
        return bool(self.overlaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """What was found in a run."""

    run: str
    """Id of the run."""
    number: int
    name: str
    keys: tuple[str, ...]
    """The columns asked about."""
    splits: tuple[Split, ...]
    """In the order of the run's steps."""
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether any split leaks."""
        return any(split.leaks for split in self.splits)
