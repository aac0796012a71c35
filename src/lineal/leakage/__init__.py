"""Leakage: what stands on both sides of the splits of a run."""

from .checking import Asked, check
from .rendering import facts_of, write_report
from .report import Example, Leakage, Level, Overlap, Side, Split

__all__ = [
    "Asked", "Example", "Leakage", "Level", "Overlap", "Side", "Split", "check", "facts_of",
    "write_report",
]  # fmt: skip
