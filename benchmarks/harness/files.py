"""The benchmark files, the most telling first, and what each takes."""

from __future__ import annotations

MINUTES = {
    "whole": 4,
    "steps": 4,
    "storage": 5,
    "models": 1,
    "metrics": 2,
    "runs": 2,
    "lineage": 2,
    "hashing": 2,
    "importing": 0.5,
    "scale": 1.5,
    "observing": 1,
    "runners": 1,
}
"""Minutes of the full size on two cores at rest, from the processor time that parts have taken."""
ORDER = tuple(MINUTES)
