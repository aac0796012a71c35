"""SQL facts: runs, executions, artifacts, and the edges between them.

Importing this package loads no SQL toolkit; `Catalog` does when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .batch import Batch, Experiment
from .flow import Flow, Start, Thing

if TYPE_CHECKING:
    from .catalog import Catalog

__all__ = ["Batch", "Catalog", "Experiment", "Flow", "Start", "Thing"]


def __getattr__(name: str) -> Any:
    if name == "Catalog":
        from .catalog import Catalog

        return Catalog
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
