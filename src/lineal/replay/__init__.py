"""Replay: run a past run again and prove it; check a store; take a run elsewhere."""

from .freezing import Frozen, freeze
from .job import Tolerance
from .rendering import facts_of, write_report
from .replaying import Asked, replay
from .report import Report, StepReport, Verdict
from .thawing import Thawed, thaw
from .verifying import Problem, Verified, verify

__all__ = [
    "Asked", "Frozen", "Problem", "Report", "StepReport", "Thawed", "Tolerance", "Verdict",
    "Verified", "facts_of", "freeze", "replay", "thaw", "verify", "write_report",
]  # fmt: skip
