"""Runs, executions, artifacts and what flowed between them; and what is executed now."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from .base import RowNumber, metadata, texts_of

experiments = Table(
    "experiments",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("experiment_id", ForeignKey("experiments.id"), nullable=False, index=True),
    Column("pipeline", Text),
    Column("status", String(16), nullable=False),
    Column("started_at", BigInteger, nullable=False, index=True),
    Column("finished_at", BigInteger),
    Column("heartbeat_at", BigInteger),
    Column("user", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("command", Text, nullable=False),
    Column("seed", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("error", Text),
    # No foreign key: describing the environment may go on while the run begins.
    Column("environment", Text),
    Column("code", Text),
    # A number is part of the ids of executions, so none is ever given out twice.
    sqlite_autoincrement=True,
)
Index("ix_runs_pipeline_number", runs.c.pipeline, runs.c.number)
Index("ix_runs_name", runs.c.name)
Index(
    "ix_runs_running",
    runs.c.host,
    sqlite_where=text("status = 'running'"),
    postgresql_where=text("status = 'running'"),
)

run_params = texts_of("run_params", "run_number", "runs.number")
run_tags = texts_of("run_tags", "run_number", "runs.number")

run_results = Table(
    "run_results",
    metadata,
    Column("run_number", ForeignKey("runs.number"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("artifact", Text, nullable=False, index=True),
    sqlite_with_rowid=False,
)

environments = Table(
    "environments",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("python", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("cpu", Text, nullable=False),
    Column("cpu_count", Integer, nullable=False),
    Column("distributions", Text, nullable=False),
    Column("variables", Text, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("components", Text, nullable=False),
    Column("distributions", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("warnings", Text, nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # All of these are empty when the bytes are not kept.
    Column("codec", Text),
    Column("size", BigInteger),
    Column("address", Text),
    Column("inline", LargeBinary),
    Column("pickled", Boolean),
)

executions = Table(
    "executions",
    metadata,
    Column(
        "id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    ),
    # Found by range of ids, so it has no index of its own.
    Column("run_number", ForeignKey("runs.number"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("key", Text),
    Column("cause", String(24), nullable=False),
    Column("reason", Text, nullable=False),
    Column("changes", Text),
    Column("code", ForeignKey("codes.digest")),
    Column("version", Text),
    Column("reused_from", ForeignKey("executions.id")),
    # Of a reused execution, by input: the step it came from in its own run, or its text.
    Column("bindings", Text),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("wall_seconds", Float, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
    Column("peak_memory_bytes", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("seed", Text),
    Column("seed_used", Boolean, nullable=False),
    Column("log", Text, nullable=False),
    Column("error", Text),
)
# Partial: a key is looked up among executed ones only, and a reused row costs no entry.
Index(
    "ix_executions_key",
    executions.c.key,
    sqlite_where=text("status = 'executed'"),
    postgresql_where=text("status = 'executed'"),
)
Index(
    "ix_executions_reused_from",
    executions.c.reused_from,
    executions.c.run_number,
    sqlite_where=text("reused_from IS NOT NULL"),
    postgresql_where=text("reused_from IS NOT NULL"),
)

# Which executions ran a code, for what a file or package went into.
Index(
    "ix_executions_code",
    executions.c.code,
    sqlite_where=text("status = 'executed'"),
    postgresql_where=text("status = 'executed'"),
)

execution_params = texts_of("execution_params", "execution_id", "executions.id")
execution_tags = texts_of("execution_tags", "execution_id", "executions.id")

used = Table(
    "used",
    metadata,
    Column("execution_id", ForeignKey("executions.id"), primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    # No foreign key: plain settings have a digest and no artifact.
    Column("artifact", Text, nullable=False),
    Column("value", Text),
    Column("source_step", Text),
    Column("source_output", Text),
    Column("ignored", Boolean, nullable=False),
    # The execution that the value was had from: of the source step, or what that reused.
    Column("source_execution", BigInteger),
    Index("ix_used_artifact_source_execution", "artifact", "source_execution"),
    sqlite_with_rowid=False,
)

generated = Table(
    "generated",
    metadata,
    Column("execution_id", ForeignKey("executions.id"), primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("artifact", ForeignKey("artifacts.digest"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

metric_summaries = Table(
    "metric_summaries",
    metadata,
    # No foreign key: a metric may be recorded while its step still runs.
    Column("execution_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("labels", Text, primary_key=True),
    # Empty stands for "not a number", which SQLite can't hold.
    Column("last", Float),
    Column("min", Float),
    Column("max", Float),
    Column("count", BigInteger, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_metric_summaries_key", metric_summaries.c.key, metric_summaries.c.last)

# A value that is a part of another one: an element of a list that a step returned.
derivations = Table(
    "derivations",
    metadata,
    Column("artifact", Text, primary_key=True),
    Column("source", ForeignKey("artifacts.digest"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

# Artifacts so small that equal ones may have nothing to do with each other; see `common`.
common_values = Table(
    "common_values",
    metadata,
    Column("digest", ForeignKey("artifacts.digest"), primary_key=True),
    sqlite_with_rowid=False,
)

# A step was reused because it was given from elsewhere what equalled what it had used: the
# execution that made the common value it was given that time.
matched = Table(
    "matched",
    metadata,
    Column("execution_id", ForeignKey("executions.id"), primary_key=True, autoincrement=False),
    Column("artifact", Text, primary_key=True),
    Column(
        "source_execution",
        ForeignKey("executions.id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    sqlite_with_rowid=False,
)

# What is being executed now. A row lasts as long as its step; none is a fact of the past.
leases = Table(
    "leases",
    metadata,
    Column("key", Text, primary_key=True),
    Column("seed", Text, primary_key=True),
    Column("run_number", ForeignKey("runs.number"), nullable=False, index=True),
    Column("taken_at", BigInteger, nullable=False),
    Column("renewed_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
