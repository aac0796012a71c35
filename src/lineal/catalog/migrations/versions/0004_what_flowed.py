"""From which execution an input was had; common values, by which no histories are joined."""

import json
import math
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MANY = 10_000


def upgrade() -> None:
    op.create_table(
        "common_values",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"], ["artifacts.digest"], name=op.f("fk_common_values_digest_artifacts")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_common_values")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "matched",
        sa.Column("execution_id", _ID, autoincrement=False, nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("source_execution", _ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_matched_execution_id_executions")
        ),
        sa.ForeignKeyConstraint(
            ["source_execution"],
            ["executions.id"],
            name=op.f("fk_matched_source_execution_executions"),
        ),
        sa.PrimaryKeyConstraint(
            "execution_id", "artifact", "source_execution", name=op.f("pk_matched")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_matched_source_execution"), "matched", ["source_execution"])
    op.drop_index(op.f("ix_used_artifact"), "used")
    if op.get_bind().dialect.name == "sqlite":
        _make_used_again()
    else:
        op.add_column("used", sa.Column("source_execution", sa.BigInteger(), nullable=True))
    _fill_in_sources()
    op.create_index("ix_used_artifact_source_execution", "used", ["artifact", "source_execution"])
    _note_common_values()


def downgrade() -> None:
    op.drop_index("ix_used_artifact_source_execution", "used")
    with op.batch_alter_table("used", schema=None) as batch_op:
        batch_op.drop_column("source_execution")
    op.create_index(op.f("ix_used_artifact"), "used", ["artifact"])
    op.drop_table("matched")
    op.drop_table("common_values")


def _make_used_again() -> None:
    """A column that SQLite adds stands behind the constraints, unlike in a new catalog."""
    op.rename_table("used", "used_before")
    op.create_table(
        "used",
        sa.Column("execution_id", _ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("source_step", sa.Text(), nullable=True),
        sa.Column("source_output", sa.Text(), nullable=True),
        sa.Column("ignored", sa.Boolean(), nullable=False),
        sa.Column("source_execution", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_used_execution_id_executions")
        ),
        sa.PrimaryKeyConstraint("execution_id", "position", name=op.f("pk_used")),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO used SELECT *, NULL FROM used_before")
    op.drop_table("used_before")


def _fill_in_sources() -> None:
    """Find the steps that inputs name; an index makes that quick, and is not kept."""
    op.create_index("ix_executions_step_for_now", "executions", ["run_number", "step"])
    op.execute(
        """
        UPDATE used SET source_execution = (
            SELECT coalesce(e.reused_from, e.id) FROM executions e
            WHERE e.step = used.source_step AND e.run_number = (
                SELECT run_number FROM executions WHERE id = used.execution_id))
        WHERE source_step IS NOT NULL
        """
    )
    op.drop_index("ix_executions_step_for_now", "executions")


def _note_common_values() -> None:
    connection = op.get_bind()
    named = {
        row[0]
        for table in ("dataset_versions", "model_versions")
        for row in connection.execute(sa.text(f"SELECT DISTINCT artifact FROM {table}"))  # noqa: S608
    }
    rows = connection.execute(
        sa.text(
            "SELECT digest, kind, profile, codec, inline, pickled FROM artifacts WHERE kind IN"
            " ('value', 'text', 'metrics', 'array', 'file', 'tree')"
        )
    )
    insert = sa.text("INSERT INTO common_values VALUES (:digest)")
    for some in rows.partitions(_MANY):
        found = [{"digest": r.digest} for r in some if r.digest not in named and _is_common(r)]
        if found:
            connection.execute(insert, found)


def _is_common(row: Any) -> bool:
    if row.kind in ("value", "text", "metrics"):
        if row.codec is None or row.inline is None:
            return row.codec is None
        return len(zlib.compress(row.inline, 1)) < (256 if row.pickled else 64)
    profile = json.loads(row.profile)
    if row.kind == "array":
        return "shape" in profile and math.prod(profile["shape"]) < 8
    return bool(profile.get("size") == 0)
