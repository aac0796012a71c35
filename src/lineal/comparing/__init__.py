"""Comparing what references name: differences, tables of runs, and the card of a model.

It gathers what the catalog and the store know of things, and hands it to what compares
(`lineal.lineage.diff`) or draws it.
"""

from .journeys import Comparing
from .runs import ComparedMetric, ComparedParam, ComparedRun, Comparison

__all__ = ["ComparedMetric", "ComparedParam", "ComparedRun", "Comparing", "Comparison"]
