"""What tables are made of, so that every one is made alike."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives out row numbers only for a column declared INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


def texts_of(table: str, owner: str, parent: str) -> Table:
    """A table of texts by name: the parameters or tags of a run or an execution."""
    return Table(
        table,
        metadata,
        Column(owner, ForeignKey(parent), primary_key=True, autoincrement=False),
        Column("key", Text, primary_key=True),
        Column("value", Text, nullable=False),
        Index(f"ix_{table}_key", "key"),
        sqlite_with_rowid=False,
    )
