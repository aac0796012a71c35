"""The workspace: where the rooms meet, one short method per journey and no logic."""

from .current import close_current, current_workspace, launcher, run, start_run, value_of
from .lineage import IMPACT_LIMIT, LINEAGE_LIMIT
from .workspace import Workspace

__all__ = [
    "IMPACT_LIMIT",
    "LINEAGE_LIMIT",
    "Workspace",
    "close_current",
    "current_workspace",
    "launcher",
    "run",
    "start_run",
    "value_of",
]
