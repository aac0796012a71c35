"""A replay's report as data, and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal import reporting
from lineal.running import to_json

from .report import Report


def facts_of(report: Report) -> dict[str, Any]:
    """A report as JSON-like data."""
    first = report.first
    return {
        **to_json(report),
        "accepted": report.accepted,
        "counts": report.counts(),
        "first": first.step if first is not None else None,
    }


def write_report(report: Report, target: Path) -> Path:
    """Write a report as HTML, Markdown or JSON, as the target's ending says.

    Raises:
        UserError: there is no such format, or it can't be written there.
    """
    facts = facts_of(report)
    return reporting.write(target, "lineal.replay", facts, report=report, counts=report.counts())
