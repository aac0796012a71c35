"""Declare tasks and pipelines, and trace their steps."""

from .decorators import pipeline, task
from .metrics import Metrics
from .options import TaskOptions
from .pipelines import Pipeline
from .task import Task, unmapped

__all__ = ["Metrics", "Pipeline", "Task", "TaskOptions", "pipeline", "task", "unmapped"]
