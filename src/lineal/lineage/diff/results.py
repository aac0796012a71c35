"""The results of a comparison: frozen records that become JSON as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """What happened to a thing with a name."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @classmethod
    def of(cls, before: object, after: object) -> Status:
        """The status of what differs; None stands for what is not there."""
        if before is None:
            return cls.ADDED
        return cls.REMOVED if after is None else cls.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A parameter, or a fact of a value's shape, that differs."""

    name: str
    status: Status
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChange:
    """A function, class or constant of the project that differs."""

    name: str
    """``module:qualname``"""
    status: Status
    patch: str | None = None
    """A unified diff; None where neither source was kept."""
    of_file: bool = False
    """Whether the patch is of the whole file, because the part could not be told in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChange:
    """A column that is new, gone, of another type or of other content."""

    name: str
    status: Status
    type_before: str | None = None
    type_after: str | None = None
    nulls_before: int | None = None
    """Missing items; None where the values were not at hand, as with the bounds below."""
    nulls_after: int | None = None
    min_before: str | None = None
    min_after: str | None = None
    max_before: str | None = None
    max_after: str | None = None
    rows_changed: int | None = None
    """In how many rows of the same key it differs; None without a key."""

    @property
    def retyped(self) -> bool:
        """Whether it is there in both, with another type."""
        return self.status is Status.CHANGED and self.type_before != self.type_after


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """How many rows came, went and changed."""

    key: tuple[str, ...] = ()
    """The columns that tell rows apart; empty when whole rows were compared."""
    columns: tuple[str, ...] = ()
    """The columns that were compared: those that both have."""
    added: int
    removed: int
    changed: int | None = None
    """Rows of the same key with other content; None without a key."""
    unchanged: int
    by_column: Mapping[str, int] = field(default_factory=dict)
    """In how many of the changed rows each column differs."""
    shared_keys_before: int = 0
    """Rows that have their key in common with another row."""
    shared_keys_after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChange:
    """A value that differs: an input from outside, or what a step made."""

    name: str
    """``STEP.NAME``, or empty for the two values that were asked about."""
    status: Status
    role: str = "output"
    """input (from outside the run) or output."""
    kind: str = "value"
    digest_before: str | None = None
    digest_after: str | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    columns: tuple[ColumnChange, ...] = ()
    rows: RowChanges | None = None
    """None where the values are no tables, or were not loaded; the note says why."""
    facts: tuple[ValueChange, ...] = ()
    """Other facts of its shape that differ: ``shape``, ``params.depth``, ``size``."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """A metric that moved, came or went."""

    name: str
    """With its slice: ``auc[sex=female]``."""
    status: Status
    before: float | None
    after: float | None
    absolute: float | None = None
    relative: float | None = None
    """Of the absolute of what it was before; None where that is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """A distribution that is new, gone or of another version."""

    name: str
    status: Status
    before: str | None
    after: str | None
    reached: bool = False
    """Whether the code of a step uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentChange:
    """What differs between the places of two runs."""

    packages: tuple[PackageChange, ...] = ()
    facts: tuple[ValueChange, ...] = ()
    """Python, platform, processor, variables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A way of a value from one step into another."""

    source: str
    """``STEP.OUTPUT``"""
    target: str
    """``STEP.ARGUMENT``"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeChange:
    """What differs between two graphs of steps."""

    steps_added: tuple[str, ...] = ()
    steps_removed: tuple[str, ...] = ()
    flows_added: tuple[Flow, ...] = ()
    flows_removed: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that changed from one thing to another."""

    before: str
    after: str
    kind: str
    """run, model version, dataset version or artifact; two of them where they differ."""
    code: tuple[CodeChange, ...] = ()
    data: tuple[DataChange, ...] = ()
    params: tuple[ValueChange, ...] = ()
    environment: EnvironmentChange = field(default_factory=EnvironmentChange)
    metrics: tuple[MetricChange, ...] = ()
    shape: ShapeChange = field(default_factory=ShapeChange)
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""

    @property
    def same(self) -> bool:
        """Whether nothing that was compared differs."""
        nothing = Difference(before=self.before, after=self.after, kind=self.kind)
        return self == nothing or (
            not (self.code or self.data or self.params or self.metrics)
            and self.environment == nothing.environment
            and self.shape == nothing.shape
        )
