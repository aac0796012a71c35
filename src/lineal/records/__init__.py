"""The nouns: frozen records that every room above hands around."""

from lineal.digests.identity import CodeIdentity

from .artifact import Artifact, Stored
from .lineage import Edge, Node, NodeKind, Relation
from .registry import (
    Approval,
    Dataset,
    DatasetVersion,
    Deployment,
    GateResult,
    JudgedMetric,
    Judgement,
    Model,
    ModelVersion,
    RegistryEvent,
    VersionStatus,
)
from .run import CodeSnapshot, Environment, MetricSummary, RunRecord, RunStatus
from .step import (
    OBSERVED,
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
    "OBSERVED",
    "Approval",
    "Artifact",
    "Cause",
    "Change",
    "CodeIdentity",
    "CodeSnapshot",
    "Dataset",
    "DatasetVersion",
    "Deployment",
    "Edge",
    "Environment",
    "Execution",
    "ExecutionStatus",
    "GateResult",
    "Input",
    "JudgedMetric",
    "Judgement",
    "Key",
    "MetricSummary",
    "Model",
    "ModelVersion",
    "Node",
    "NodeKind",
    "Output",
    "Prior",
    "Reason",
    "RegistryEvent",
    "Relation",
    "Resources",
    "RunRecord",
    "RunStatus",
    "Source",
    "Stored",
    "VersionStatus",
    "execution_id",
]
