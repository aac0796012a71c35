"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "artifacts",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("inline", sa.LargeBinary(), nullable=True),
        sa.Column("pickled", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_artifacts")),
    )
    op.create_table(
        "codes",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("distributions", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_codes")),
    )
    op.create_table(
        "environments",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("python", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("cpu", sa.Text(), nullable=False),
        sa.Column("cpu_count", sa.Integer(), nullable=False),
        sa.Column("distributions", sa.Text(), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_environments")),
    )
    op.create_table(
        "experiments",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("name", name=op.f("uq_experiments_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "metric_summaries",
        sa.Column("execution_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("last", sa.Float(), nullable=True),
        sa.Column("min", sa.Float(), nullable=True),
        sa.Column("max", sa.Float(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "key", "labels", name=op.f("pk_metric_summaries")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("metric_summaries", schema=None) as batch_op:
        batch_op.create_index("ix_metric_summaries_key", ["key", "last"], unique=False)

    op.create_table(
        "runs",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "experiment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("pipeline", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=True),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.UniqueConstraint("id", name=op.f("uq_runs_id")),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name=op.f("fk_runs_experiment_id_experiments")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_runs")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_experiment_id"), ["experiment_id"], unique=False)
        batch_op.create_index("ix_runs_name", ["name"], unique=False)
        batch_op.create_index("ix_runs_pipeline_number", ["pipeline", "number"], unique=False)
        batch_op.create_index(
            "ix_runs_running",
            ["host"],
            unique=False,
            sqlite_where=sa.text("status = 'running'"),
            postgresql_where=sa.text("status = 'running'"),
        )
        batch_op.create_index(batch_op.f("ix_runs_started_at"), ["started_at"], unique=False)

    op.create_table(
        "executions",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "run_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column(
            "reused_from", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("bindings", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("wall_seconds", sa.Float(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("peak_memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("seed_used", sa.Boolean(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_executions_run_number_runs")
        ),
        sa.ForeignKeyConstraint(["code"], ["codes.digest"], name=op.f("fk_executions_code_codes")),
        sa.ForeignKeyConstraint(
            ["reused_from"], ["executions.id"], name=op.f("fk_executions_reused_from_executions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executions")),
    )
    with op.batch_alter_table("executions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_executions_key",
            ["key"],
            unique=False,
            sqlite_where=sa.text("status = 'executed'"),
            postgresql_where=sa.text("status = 'executed'"),
        )
        batch_op.create_index(
            "ix_executions_reused_from",
            ["reused_from", "run_number"],
            unique=False,
            sqlite_where=sa.text("reused_from IS NOT NULL"),
            postgresql_where=sa.text("reused_from IS NOT NULL"),
        )

    op.create_table(
        "run_params",
        sa.Column(
            "run_number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_params_run_number_runs")
        ),
        sa.PrimaryKeyConstraint("run_number", "key", name=op.f("pk_run_params")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("run_params", schema=None) as batch_op:
        batch_op.create_index("ix_run_params_key", ["key"], unique=False)

    op.create_table(
        "run_results",
        sa.Column(
            "run_number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_results_run_number_runs")
        ),
        sa.PrimaryKeyConstraint("run_number", "position", name=op.f("pk_run_results")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("run_results", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_results_artifact"), ["artifact"], unique=False)

    op.create_table(
        "run_tags",
        sa.Column(
            "run_number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_tags_run_number_runs")
        ),
        sa.PrimaryKeyConstraint("run_number", "key", name=op.f("pk_run_tags")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("run_tags", schema=None) as batch_op:
        batch_op.create_index("ix_run_tags_key", ["key"], unique=False)

    op.create_table(
        "execution_params",
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.id"],
            name=op.f("fk_execution_params_execution_id_executions"),
        ),
        sa.PrimaryKeyConstraint("execution_id", "key", name=op.f("pk_execution_params")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("execution_params", schema=None) as batch_op:
        batch_op.create_index("ix_execution_params_key", ["key"], unique=False)

    op.create_table(
        "execution_tags",
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.id"],
            name=op.f("fk_execution_tags_execution_id_executions"),
        ),
        sa.PrimaryKeyConstraint("execution_id", "key", name=op.f("pk_execution_tags")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("execution_tags", schema=None) as batch_op:
        batch_op.create_index("ix_execution_tags_key", ["key"], unique=False)

    op.create_table(
        "generated",
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_generated_execution_id_executions")
        ),
        sa.ForeignKeyConstraint(
            ["artifact"], ["artifacts.digest"], name=op.f("fk_generated_artifact_artifacts")
        ),
        sa.PrimaryKeyConstraint("execution_id", "position", name=op.f("pk_generated")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("generated", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_generated_artifact"), ["artifact"], unique=False)

    op.create_table(
        "used",
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("source_step", sa.Text(), nullable=True),
        sa.Column("source_output", sa.Text(), nullable=True),
        sa.Column("ignored", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_used_execution_id_executions")
        ),
        sa.PrimaryKeyConstraint("execution_id", "position", name=op.f("pk_used")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("used", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_used_artifact"), ["artifact"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("used", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_used_artifact"))

    op.drop_table("used")
    with op.batch_alter_table("generated", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_generated_artifact"))

    op.drop_table("generated")
    with op.batch_alter_table("execution_tags", schema=None) as batch_op:
        batch_op.drop_index("ix_execution_tags_key")

    op.drop_table("execution_tags")
    with op.batch_alter_table("execution_params", schema=None) as batch_op:
        batch_op.drop_index("ix_execution_params_key")

    op.drop_table("execution_params")
    with op.batch_alter_table("run_tags", schema=None) as batch_op:
        batch_op.drop_index("ix_run_tags_key")

    op.drop_table("run_tags")
    with op.batch_alter_table("run_results", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_results_artifact"))

    op.drop_table("run_results")
    with op.batch_alter_table("run_params", schema=None) as batch_op:
        batch_op.drop_index("ix_run_params_key")

    op.drop_table("run_params")
    with op.batch_alter_table("executions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_executions_reused_from",
            sqlite_where=sa.text("reused_from IS NOT NULL"),
            postgresql_where=sa.text("reused_from IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_executions_key",
            sqlite_where=sa.text("status = 'executed'"),
            postgresql_where=sa.text("status = 'executed'"),
        )

    op.drop_table("executions")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_started_at"))
        batch_op.drop_index(
            "ix_runs_running",
            sqlite_where=sa.text("status = 'running'"),
            postgresql_where=sa.text("status = 'running'"),
        )
        batch_op.drop_index("ix_runs_pipeline_number")
        batch_op.drop_index("ix_runs_name")
        batch_op.drop_index(batch_op.f("ix_runs_experiment_id"))

    op.drop_table("runs")
    with op.batch_alter_table("metric_summaries", schema=None) as batch_op:
        batch_op.drop_index("ix_metric_summaries_key")

    op.drop_table("metric_summaries")
    op.drop_table("experiments")
    op.drop_table("environments")
    op.drop_table("codes")
    op.drop_table("artifacts")
