"""The same steps, written for each tool as its own documentation recommends.

Every tool offers the same: a chain of steps (``deep``), steps side by side (``wide``), and a step
that is given one value (``given``), each started from a number that makes its steps new.
"""

from __future__ import annotations

from pathlib import Path

from tools.base import Tool
from tools.hamilton_cache import Hamilton
from tools.joblib_memory import JoblibMemory
from tools.lineal_runs import Lineal
from tools.prefect_inputs import Prefect
from tools.redun_scheduler import Redun

__all__ = ["Tool", "tools"]


def tools(folder: Path) -> list[Tool]:
    """Every tool, with a store of its own below the folder; opened when it is first used."""
    kinds = (Lineal, JoblibMemory, Redun, Hamilton, Prefect)
    return [kind(folder / kind.name.replace(" ", "-")) for kind in kinds]
