"""The nouns of a replay's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STEP = "replay-report"
"""The execution of a replay's run that its report is the output of."""


class Verdict(StrEnum):
    """What came of replaying a step."""

    IDENTICAL = "identical"
    """Every output has the digest it had."""
    EQUIVALENT = "equivalent"
    """Outputs differ, within the tolerance that was asked for."""
    DIFFERENT = "different"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One step, before and after."""

    step: str
    verdict: Verdict
    why: str = ""
    """One sentence; empty for what is identical."""
    first: bool = False
    """Whether it is where the replay first went another way."""
    causes: tuple[str, ...] = ()
    """What may have made it differ, the likeliest first."""
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By name, how outputs differ: summary, within, columns (name, cells, beyond, largest,
    first)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of replaying a run."""

    run: str
    """Id of the run that was replayed."""
    number: int
    name: str
    replays: tuple[int, ...]
    """Numbers of the runs that the replays are."""
    asked: Mapping[str, Any]
    """What was asked for: code, data, env, params, steps, tolerance."""
    verdict: Verdict
    """The worst of its steps'."""
    steps: tuple[StepReport, ...]
    """In the order of the graph."""
    environment: tuple[str, ...] = ()
    """How the environment differs from the recorded one."""
    notes: tuple[str, ...] = ()
    """What else a reader should know."""

    @property
    def first(self) -> StepReport | None:
        """The step where the replay first went another way."""
        return next((step for step in self.steps if step.first), None)

    @property
    def accepted(self) -> bool:
        """Whether every step came out the same, or the same within the tolerance."""
        return self.verdict in (Verdict.IDENTICAL, Verdict.EQUIVALENT)

    def counts(self) -> dict[str, int]:
        """How many steps there are of each verdict."""
        counts = {verdict.value: 0 for verdict in Verdict}
        for step in self.steps:
            counts[step.verdict.value] += 1
        return counts


WORST = (Verdict.DIFFERENT, Verdict.NOT_RUN, Verdict.EQUIVALENT, Verdict.IDENTICAL)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The one that counts for all."""
    return next((v for v in WORST if v in verdicts), Verdict.NOT_RUN)
