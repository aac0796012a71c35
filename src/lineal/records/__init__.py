"""The nouns: frozen records that every room above hands around.

A run makes several for each of its steps, so they are structs of msgspec, which are made in a
fraction of the time that frozen dataclasses take; `msgspec.structs.replace` and `asdict` are what
`dataclasses` has for its own.
"""

from lineal.digests.identity import CodeIdentity

from .artifact import Artifact, Stored
from .lease import Lease
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
from .run import (
    PROBE_OF,
    REPLAY_OF,
    CodeSnapshot,
    Environment,
    MetricSummary,
    RunRecord,
    RunStatus,
)
from .step import (
    OBSERVED,
    Cause,
    Change,
    Execution,
    ExecutionStatus,
    Input,
    Key,
    Nondeterminism,
    Output,
    Precedent,
    Prior,
    Reason,
    Resources,
    Source,
    execution_id,
)

__all__ = [
    "OBSERVED",
    "PROBE_OF",
    "REPLAY_OF",
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
    "Lease",
    "MetricSummary",
    "Model",
    "ModelVersion",
    "Node",
    "NodeKind",
    "Nondeterminism",
    "Output",
    "Precedent",
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
