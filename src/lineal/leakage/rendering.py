"""A report on leakage as data, as sentences, and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal import reporting
from lineal.running import to_json

from .report import Leakage, Level, Overlap, Split


def facts_of(report: Leakage) -> dict[str, Any]:
    """A report as JSON-like data."""
    return {**to_json(report), "found": report.found}


def title(split: Split) -> str:
    """What a split is called."""
    names = ", ".join(side.name for side in split.sides)
    return f"{split.step}: {names}" if split.step else names


def sentence(overlap: Overlap) -> str:
    """One overlap in a sentence."""
    left = _count(overlap.left_rows, "row", "rows")
    rows = f"{left} of {overlap.left}, {overlap.right_rows} of {overlap.right}"
    if overlap.level is Level.KEY:
        told = _count(overlap.shared, f"{overlap.key} is", f"different values of {overlap.key} are")
        return f"{told} on both sides ({rows})"
    if overlap.level is Level.ROWS:
        return f"{_count(overlap.shared, 'row is', 'different rows are')} on both sides ({rows})"
    labels = f", {overlap.conflicting} of them with other labels" if overlap.conflicting else ""
    told = _count(overlap.shared, "row of features is", "different rows of features are")
    return f"{told} on both sides ({rows}){labels}"


def write_report(report: Leakage, target: Path) -> Path:
    """Write a report as HTML, Markdown or JSON, as the target's ending says.

    Raises:
        UserError: there is no such format, or it can't be written there.
    """
    return reporting.write(
        target, "lineal.leakage", facts_of(report), report=report, title=title, sentence=sentence
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
