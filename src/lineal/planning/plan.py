"""What planning decides: reuse, execute or wait; and the plan of a whole pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from lineal.digests.digest import Digest
from lineal.records import Lease, Prior, Reason


class Reuse(Struct, frozen=True, kw_only=True, gc=False):
    """A past execution's outputs stand for this step's."""

    prior: Prior
    reason: Reason


class Execute(Struct, frozen=True, kw_only=True, gc=False):
    """The step has to run."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """It can't be said before these steps have run."""

    on: tuple[str, ...]


Decision = Reuse | Execute | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step and what would become of it."""

    step: str
    task: str
    decision: str
    """reuse, execute or wait."""
    reason: str
    key: Digest | None = None
    reused_from: int | None = None
    upstream: tuple[str, ...] = ()
    resources: Mapping[str, float] = field(default_factory=dict)
    """What its task asks of runners that can place work."""
    held_by: Lease | None = None
    """The lease of another run that executes the same key already, when it waits for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run of a pipeline would do."""

    pipeline: str
    steps: tuple[PlannedStep, ...]
    stopped_at: str | None = None
    """The output whose value the pipeline's body looks at, when that is not known yet:
    what follows can't be told before the step has run."""

    warnings: tuple[str, ...] = ()
    """One line for each task that declares a parameter which it never reads."""

    def counts(self) -> dict[str, int]:
        """How many steps would be reused, executed, or wait."""
        counts = {"reuse": 0, "execute": 0, "wait": 0}
        for step in self.steps:
            counts[step.decision] += 1
        return counts
