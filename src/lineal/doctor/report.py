"""The nouns of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STEP = "doctor-report"
"""The execution of a doctor's run that its report is the output of."""


class Verdict(StrEnum):
    """What came of running a step several times."""

    DETERMINISTIC = "deterministic"
    """Every output was the same under all conditions."""
    DIFFERS = "differs"
    NOT_RUN = "not run"
    """Nothing can be said of it; the reason is given."""


class Kind(StrEnum):
    """What makes a step differ."""

    HASH_SEED = "unordered iteration"
    THREADS = "threads"
    CLOCK = "clock"
    RANDOMNESS = "unseeded randomness"
    OUTSIDE = "outside"
    """Files in the order of the system, addresses in memory, the network, other processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A place in the step's code that may be the reason."""

    kind: Kind
    place: str
    """File and line: ``steps/features.py:12``."""
    code: str
    """The line."""
    told: str
    """What about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDiagnosis:
    """What is known of one step."""

    step: str
    verdict: Verdict
    kind: Kind | None = None
    """The likely cause, where one stands out."""
    why: str = ""
    """One sentence; empty for what is deterministic."""
    conditions: tuple[str, ...] = ()
    """Those under which it came out otherwise."""
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By name, how outputs differ: summary, columns (name, cells, largest, first)."""
    evidence: tuple[Evidence, ...] = ()
    """In the code it reaches, that of the likely cause first."""
    observed: tuple[str, ...] = ()
    """What it was seen to read unasked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What came of examining a run."""

    run: str
    """Id of the run."""
    number: int
    name: str
    times: int
    """How often each step was run with everything equal."""
    conditions: tuple[str, ...]
    """What else it was run under, in words."""
    steps: tuple[StepDiagnosis, ...]
    """In the order of the graph."""
    notes: tuple[str, ...] = ()
    report: str | None = None
    """Where it is kept: RUN:STEP."""

    @property
    def deterministic(self) -> bool:
        """Whether every step was run and came out the same each time."""
        return all(step.verdict is Verdict.DETERMINISTIC for step in self.steps)

    def counts(self) -> dict[str, int]:
        """How many steps there are of each verdict."""
        counts = {verdict.value: 0 for verdict in Verdict}
        for step in self.steps:
            counts[step.verdict.value] += 1
        return counts
