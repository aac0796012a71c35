"""What is named: datasets, models and their versions, and where these are deployed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from .base import RowNumber, metadata, texts_of

datasets = Table(
    "datasets",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

dataset_versions = Table(
    "dataset_versions",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id"), primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("artifact", ForeignKey("artifacts.digest"), nullable=False, index=True),
    Column("execution_id", ForeignKey("executions.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("dataset_id", "artifact"),
    sqlite_with_rowid=False,
)

models = Table(
    "models",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("gates", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
model_tags = texts_of("model_tags", "model_id", "models.id")

model_versions = Table(
    "model_versions",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("model_id", ForeignKey("models.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("artifact", ForeignKey("artifacts.digest"), nullable=False, index=True),
    Column("execution_id", ForeignKey("executions.id"), nullable=False),
    Column("output", Text, nullable=False),
    Column("run_number", ForeignKey("runs.number"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("description", Text, nullable=False),
    Column("signature", Text),
    Column("metrics", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("model_id", "version"),
    UniqueConstraint("model_id", "artifact"),
)
model_version_tags = texts_of("model_version_tags", "model_version_id", "model_versions.id")

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("model_id", ForeignKey("models.id"), primary_key=True, autoincrement=False),
    Column("alias", Text, primary_key=True),
    Column("model_version_id", ForeignKey("model_versions.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

approvals = Table(
    "approvals",
    metadata,
    Column(
        "model_version_id", ForeignKey("model_versions.id"), primary_key=True, autoincrement=False
    ),
    Column("by", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("model_version_id", ForeignKey("model_versions.id"), nullable=False, index=True),
    Column("stage", String(16), nullable=False),
    Column("target", Text),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("results", Text, nullable=False),
    Column("overridden", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("target", Text, nullable=False),
    Column("model_version_id", ForeignKey("model_versions.id"), nullable=False, index=True),
    Column("action", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # A deployment is succeeded once; two at a time on one target exclude each other by this.
    Column("replaces", ForeignKey("deployments.id"), unique=True),
    Column("overridden", Boolean, nullable=False),
    Column("gates", Text, nullable=False),
    Index("ix_deployments_target_id", "target", "id"),
    sqlite_autoincrement=True,
)

registry_events = Table(
    "registry_events",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("action", String(24), nullable=False),
    Column("model_id", ForeignKey("models.id"), nullable=False, index=True),
    Column("version", Integer),
    Column("details", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)
