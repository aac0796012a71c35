"""The tables, and nothing else: what is stored under which name, and found by which index.

Digests are text, so that they can be read; times are microseconds since 1970 in UTC;
JSON is compact text with sorted keys; seeds are decimal text, since they may exceed 64
bits. Every type is one that SQLite and PostgreSQL share. A change here needs a migration
(see `migrate`), and a test proves that migrations and tables agree.
"""

from __future__ import annotations

from .base import metadata
from .facts import (
    artifacts,
    codes,
    common_values,
    derivations,
    environments,
    execution_params,
    execution_tags,
    executions,
    experiments,
    generated,
    leases,
    matched,
    metric_summaries,
    run_params,
    run_results,
    run_tags,
    runs,
    used,
)
from .names import (
    approvals,
    dataset_versions,
    datasets,
    deployments,
    judgements,
    model_aliases,
    model_tags,
    model_version_tags,
    model_versions,
    models,
    registry_events,
)

__all__ = [
    "approvals",
    "artifacts",
    "codes",
    "common_values",
    "dataset_versions",
    "datasets",
    "deployments",
    "derivations",
    "environments",
    "execution_params",
    "execution_tags",
    "executions",
    "experiments",
    "generated",
    "judgements",
    "leases",
    "matched",
    "metadata",
    "metric_summaries",
    "model_aliases",
    "model_tags",
    "model_version_tags",
    "model_versions",
    "models",
    "registry_events",
    "run_params",
    "run_results",
    "run_tags",
    "runs",
    "used",
]
