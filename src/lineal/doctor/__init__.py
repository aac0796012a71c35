"""The doctor: runs the steps of a past run several times, and says which differ and why."""

from .examining import Asked, examine
from .plays import Progress, Quiet
from .rendering import facts_of, write_report
from .report import Diagnosis, Evidence, Kind, StepDiagnosis, Verdict

__all__ = [
    "Asked", "Diagnosis", "Evidence", "Kind", "Progress", "Quiet", "StepDiagnosis", "Verdict",
    "examine", "facts_of", "write_report",
]  # fmt: skip
