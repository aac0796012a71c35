"""The records of names: datasets, models and their versions, gates and deployments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from lineal.digests.digest import Digest


class DatasetVersion(Struct, frozen=True, kw_only=True):
    """One content of a dataset: ``transactions@v7``."""

    dataset: str
    version: int
    """Counts up from 1; content that was there before keeps its version."""
    artifact: Digest
    execution_id: int
    """The execution that gave it its name."""
    created_at: datetime

    @property
    def reference(self) -> str:
        """``transactions@v7``."""
        return f"{self.dataset}@v{self.version}"


class Dataset(Struct, frozen=True, kw_only=True):
    """A name for a series of artifact versions."""

    name: str
    created_at: datetime
    description: str = ""
    versions: tuple[DatasetVersion, ...] = ()
    """Oldest first."""


class VersionStatus(StrEnum):
    """Whether a model version may be deployed."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class JudgedMetric(Struct, frozen=True, kw_only=True):
    """A number that a model version was judged by, pinned when it was registered."""

    key: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    """The slice: ``{"sex": "female"}``; empty for the whole."""
    execution_id: int
    """The execution that measured it."""


class ModelVersion(Struct, frozen=True, kw_only=True):
    """One registered model: ``fraud@v3``."""

    model: str
    version: int
    artifact: Digest
    execution_id: int
    """The execution that made it (of several with the same content: the one it was taken from)."""
    run_id: str
    run_number: int
    output: str
    """The execution's output that it is."""
    created_at: datetime
    created_by: str
    status: VersionStatus = VersionStatus.ACTIVE
    description: str = ""
    signature: Mapping[str, Any] | None = None
    """Schemas of what the model was fitted on and gives: ``{"inputs": […], "outputs": […]}``."""
    metrics: tuple[JudgedMetric, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """``fraud@v3``."""
        return f"{self.model}@v{self.version}"


class Model(Struct, frozen=True, kw_only=True):
    """A name for a series of model versions."""

    name: str
    created_at: datetime
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    gates: tuple[str, ...] = ()
    """Rules a version must pass to be deployed, as they were declared."""
    versions: tuple[ModelVersion, ...] = ()
    """Oldest first."""


class GateResult(Struct, frozen=True, kw_only=True):
    """What came of one gate, with the numbers."""

    rule: str
    passed: bool
    text: str
    """One sentence for people: ``auc is 0.87, and must be at least 0.9``."""
    numbers: Mapping[str, float] = field(default_factory=dict)


class Judgement(Struct, frozen=True, kw_only=True):
    """The gates of a model held against a version, when it was registered or deployed."""

    model: str
    version: int
    stage: str
    """register, deploy or rollback."""
    target: str | None = None
    at: datetime
    by: str
    results: tuple[GateResult, ...] = ()
    overridden: bool = False
    """Whether it was deployed although a gate failed."""
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether every gate was passed."""
        return all(result.passed for result in self.results)


class Approval(Struct, frozen=True, kw_only=True):
    """Somebody's word that a version may be deployed; one a person."""

    model: str
    version: int
    by: str
    at: datetime
    reason: str = ""


class Deployment(Struct, frozen=True, kw_only=True):
    """A model version put on a target; never overwritten, only succeeded."""

    id: int
    target: str
    model: str
    version: int
    at: datetime
    by: str
    reason: str
    action: str = "deploy"
    """deploy or rollback."""
    replaces: int | None = None
    """The deployment it succeeded on its target."""
    succeeded_by: int | None = None
    """The deployment that succeeded it; None while it is in force."""
    overridden: bool = False
    """Whether a failed gate was overridden."""
    gates: tuple[GateResult, ...] = ()

    @property
    def reference(self) -> str:
        """``fraud@v3``, the version that is deployed."""
        return f"{self.model}@v{self.version}"


class RegistryEvent(Struct, frozen=True, kw_only=True):
    """One entry of the registry's history: who did what, when and why."""

    at: datetime
    by: str
    action: str
    """register, alias, unalias, tag, untag, describe, archive, restore, gate, ungate, approve,
    deploy, rollback, override."""
    model: str
    version: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
