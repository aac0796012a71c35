"""Lineage: the graph of what made what, and what can be asked of it."""

from .graph import LineageGraph

__all__ = ["LineageGraph"]
