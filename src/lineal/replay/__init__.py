"""Replay: run a past run again and prove it; check a store; take a run elsewhere."""

from .job import Tolerance
from .rendering import facts_of, write_report
from .replaying import Asked, replay
from .report import Report, StepReport, Verdict

__all__ = [
    "Asked", "Report", "StepReport", "Tolerance", "Verdict", "facts_of", "replay", "write_report",
]  # fmt: skip
