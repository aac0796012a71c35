"""What goes into the catalog together, and the nouns only the catalog has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lineal.records import Artifact, CodeIdentity, Execution, MetricSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Facts that become true in one transaction, or not at all.

    Committing the same batch twice leaves what committing it once does, so a commit
    whose outcome is unknown may be repeated.
    """

    artifacts: tuple[Artifact, ...] = ()
    """Each is written before the executions that used or generated it."""
    codes: tuple[CodeIdentity, ...] = ()
    """The code behind the executions; what is already known is passed over."""
    executions: tuple[Execution, ...] = ()
    makers: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """By number of a run and step: which execution made the outputs of steps that were
    committed before. What is not told is looked up."""
    metrics: tuple[MetricSummary, ...] = ()
    """A summary replaces the earlier one of the same series."""
    released: tuple[Execution, ...] = ()
    """Executions that their runs hold no longer leases for."""

    @property
    def only_reuse(self) -> bool:
        """Whether it holds nothing that was computed or logged."""
        if self.metrics or not self.executions:
            return False
        return all(execution.reused_from is not None for execution in self.executions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A named group of runs."""

    id: int
    name: str
    created_at: datetime
    runs: int
    """How many runs it holds."""
