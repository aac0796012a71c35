"""The nouns: frozen records that every room above hands around."""

from lineal.digests.identity import CodeIdentity

from .artifact import Artifact, Stored
from .run import CodeSnapshot, Environment, MetricSummary, RunRecord, RunStatus
from .step import (
    Cause,
    Change,
    Execution,
    ExecutionStatus,
    Input,
    Key,
    Output,
    Prior,
    Reason,
    Resources,
    Source,
    execution_id,
)

__all__ = [
    "Artifact",
    "Cause",
    "Change",
    "CodeIdentity",
    "CodeSnapshot",
    "Environment",
    "Execution",
    "ExecutionStatus",
    "Input",
    "Key",
    "MetricSummary",
    "Output",
    "Prior",
    "Reason",
    "Resources",
    "RunRecord",
    "RunStatus",
    "Source",
    "Stored",
    "execution_id",
]
