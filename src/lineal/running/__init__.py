"""Run what planning found stale, and record what happened."""

from .base import Observer, Runner, RunOptions, Services, Silent
from .imperative import ActiveRun, start_run
from .launch import run_pipeline
from .planner import plan_pipeline
from .run import Run, to_json

__all__ = [
    "ActiveRun",
    "Observer",
    "Run",
    "RunOptions",
    "Runner",
    "Services",
    "Silent",
    "plan_pipeline",
    "run_pipeline",
    "start_run",
    "to_json",
]
