"""Prefect as a runner: each stale step a Prefect task, each run a Prefect flow run.

Prefect itself is imported when the first step is stale, so a run that reuses everything
never waits for it.
"""

from .placing import RESOURCES
from .runner import FLOW_RUN, TASK_RUN, PrefectRunner

__all__ = ["FLOW_RUN", "RESOURCES", "TASK_RUN", "PrefectRunner"]
