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
Thing = tuple[str, int | None]
"""An artifact in a graph: its digest and, for a common value, the execution that it was had
from; None where it came from outside, and for data, which is the same wherever it was made."""


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
    """The contents that were reached, nearest first."""
    things: Mapping[Thing, None] = field(default_factory=dict)
    """The artifacts that were reached, nearest first; edges lead to no others."""
    common: frozenset[str] = frozenset()
    """The digests by which nothing is joined."""
    artifacts: Rows = ()
    """digest, kind, type, size, profile (JSON), whether it is a common value, whether a version of
    a dataset or a model is, whether it is a part of something"""
    executions: Rows = ()
    """id, step, task, status, code, started_at, finished_at, wall_seconds, key (where this was
    executed at another time, too)"""
    runs: Rows = ()
    """number, id, name, pipeline, started_at, user, environment"""
    run_params: Rows = ()
    """run_number, key, value"""
    used: Rows = ()
    """execution_id, name, artifact, value (of a file, its path), source_execution; inputs that
    are artifacts"""
    settings: Rows = ()
    """The same of inputs that are plain settings, which lead nowhere."""
    generated: Rows = ()
    """execution_id, name, artifact"""
    matched: Rows = ()
    """execution_id, artifact, source_execution: from where else a common value was had when
    the execution was reused"""
    parts: Sequence[tuple[Thing, Thing]] = ()
    """A part, and a whole."""
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
    nondeterministic: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """By execution whose key gave different content: the runs in which it did."""
    only_reused: frozenset[int] = frozenset()
    """Numbers of the runs that executed nothing of what was reached, but reused some of it."""
    truncated: bool = False

    def thing(self, digest: str, maker: int | None) -> Thing:
        """An artifact that was had from an execution, as the graph has it."""
        return (digest, maker) if digest in self.common else (digest, None)
