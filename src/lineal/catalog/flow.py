"""What a question about lineage starts from, and the rows that answer it.

Rows are kept as the driver gives them: `lineal.lineage.building` makes nodes of them, and
a graph of thousands of nodes is not turned into records twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineal.digests.digest import Digest

Rows = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The things that were asked about, by what identifies them in the catalog."""

    artifacts: tuple[Digest, ...] = ()
    executions: tuple[int, ...] = ()
    """Ids; of a reused execution, the one it reused."""
    pins: tuple[tuple[Digest, int], ...] = ()
    """Of an artifact that several executions made, the one that is meant."""
    runs: tuple[int, ...] = ()
    """Numbers: every execution of theirs is meant."""
    datasets: tuple[tuple[int, int], ...] = ()
    """Id of the dataset, and version."""
    models: tuple[int, ...] = ()
    """Ids of model versions."""
    deployments: tuple[int, ...] = ()
    codes: tuple[Digest, ...] = ()
    """Every execution that ran one of these is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The part of the lineage that a walk reached, as rows."""

    start: Start
    """With everything that names in it lead to filled in."""
    digests: Mapping[str, None] = field(default_factory=dict)
    """The artifacts that were reached, nearest first; edges lead to no others."""
    artifacts: Rows = ()
    """digest, kind, type, size, profile (JSON)"""
    executions: Rows = ()
    """id, step, task, status, code, started_at, finished_at, wall_seconds, run_number,
    key"""
    runs: Rows = ()
    """number, id, name, pipeline, started_at, user, environment"""
    run_params: Rows = ()
    """run_number, key, value"""
    used: Rows = ()
    """execution_id, name, artifact, value, source_step"""
    generated: Rows = ()
    """execution_id, name, artifact"""
    derivations: Rows = ()
    """artifact, source"""
    paths: Rows = ()
    """reused_from, bindings (JSON): under which other paths files were read"""
    metrics: Rows = ()
    """execution_id, key, labels (JSON), last"""
    datasets: Rows = ()
    """dataset_id, name, version, artifact, execution_id, created_at"""
    models: Rows = ()
    """id, name, version, artifact, execution_id, status, description, signature, metrics,
    created_at, created_by"""
    model_tags: Rows = ()
    """model_version_id, key, value"""
    model_aliases: Rows = ()
    """model_version_id, alias"""
    deployments: Rows = ()
    """id, target, model_version_id, name, version, action, at, by, reason, replaces,
    overridden, succeeded_by"""
    doubtful: frozenset[str] = frozenset()
    """Artifacts with more than one origin: executions that made it, wholes it is part of."""
    makers: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """By number of a run and step: the execution that really made its outputs. Filled in
    for the inputs whose content has several origins."""
    nondeterministic: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """By execution whose key gave different content: the runs in which it did."""
    truncated: bool = False
