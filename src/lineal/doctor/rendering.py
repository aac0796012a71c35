"""A diagnosis as data, and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal import reporting
from lineal.running import to_json

from .report import Diagnosis


def facts_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as JSON-like data."""
    return {
        **to_json(diagnosis),
        "deterministic": diagnosis.deterministic,
        "counts": diagnosis.counts(),
    }


def write_report(diagnosis: Diagnosis, target: Path) -> Path:
    """Write a diagnosis as HTML, Markdown or JSON, as the target's ending says.

    Raises:
        UserError: there is no such format, or it can't be written there.
    """
    facts = facts_of(diagnosis)
    return reporting.write(
        target, "lineal.doctor", facts, report=diagnosis, counts=diagnosis.counts()
    )
