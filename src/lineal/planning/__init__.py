"""Decide, purely: reuse, execute or wait, and why."""

from .explain import brief, explain
from .keys import make_key
from .plan import Decision, Execute, Plan, PlannedStep, Reuse, Wait
from .planner import Policy, Request, decide

__all__ = [
    "Decision",
    "Execute",
    "Plan",
    "PlannedStep",
    "Policy",
    "Request",
    "Reuse",
    "Wait",
    "brief",
    "decide",
    "explain",
    "make_key",
]
