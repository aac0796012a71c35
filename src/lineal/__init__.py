"""lineal: pipeline-aware lineage tracking for machine learning.

Declare steps with `task` and pipelines with `pipeline`; calling a pipeline runs what has
changed, reuses what has not, and records the lineage of everything it made.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .pipeline import Metrics, Pipeline, Task, pipeline, pipelines, task, unmapped

if TYPE_CHECKING:
    from .context import (
        dataset,
        log_artifact,
        log_figure,
        log_metric,
        log_metrics,
        log_model,
        log_param,
        log_params,
        log_series,
        register,
        set_tag,
        set_tags,
    )
    from .planning import Plan
    from .running import Run
    from .workspace import Workspace, run, start_run

__all__ = [
    "Metrics",
    "Pipeline",
    "Plan",
    "Run",
    "Task",
    "Workspace",
    "__version__",
    "dataset",
    "log_artifact",
    "log_figure",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_series",
    "pipeline",
    "register",
    "run",
    "set_tag",
    "set_tags",
    "start_run",
    "task",
    "unmapped",
]

_HOMES = {
    "Plan": ".planning",
    "Run": ".running",
    "Workspace": ".workspace",
    "run": ".workspace",
    "start_run": ".workspace",
    "dataset": ".context",
    "register": ".context",
    **dict.fromkeys([name for name in __all__ if name.startswith(("log_", "set_"))], ".context"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _LazyLauncher:
    """Opens the workspace room when the first pipeline runs, not on import."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(".workspace", __name__).launcher, name)


pipelines.launcher = _LazyLauncher()
