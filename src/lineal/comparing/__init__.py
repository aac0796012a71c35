"""Comparing what references name: differences, tables of runs, and the card of a model.

It gathers what the catalog and the store know of things, and hands it to what compares
(`lineal.lineage.diff`) or draws it.
"""

from .frames import runs_frame
from .gathering import gather, side_of
from .loading import Loader
from .runs import ComparedMetric, ComparedParam, ComparedRun, Comparison, compare_runs

__all__ = [
    "ComparedMetric",
    "ComparedParam",
    "ComparedRun",
    "Comparison",
    "Loader",
    "compare_runs",
    "gather",
    "runs_frame",
    "side_of",
]
