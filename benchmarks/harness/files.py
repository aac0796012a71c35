"""The benchmark files, the most telling first, and what each takes."""

from __future__ import annotations

MINUTES = {
    "whole": 5,
    "steps": 4,
    "storage": 5,
    "models": 1,
    "metrics": 1.5,
    "runs": 2,
    "lineage": 2,
    "hashing": 1.5,
    "importing": 0.5,
    "scale": 1.5,
    "observing": 1,
    "runners": 0.5,
}
"""Minutes of the full size on two cores at rest."""
ORDER = tuple(MINUTES)
