"""Comparing two values: what their profiles say, and their rows where they are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lineal.records import Artifact

from .results import ColumnChange, DataChange, RowChanges, Status, ValueChange
from .rows import rows_by_content, rows_by_key
from .settings import value_changes
from .tables import ColumnFacts, column_facts

if TYPE_CHECKING:
    import pandas as pd

_OWN = ("rows", "columns")
"""Facts of a profile that are compared as what they are."""
_NOTHING = ColumnFacts(type="", nulls=None, min=None, max=None)


def data_change(
    before: Artifact | None,
    after: Artifact | None,
    *,
    name: str = "",
    role: str = "output",
    frames: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    key: Sequence[str] = (),
    note: str = "",
) -> DataChange:
    """What differs between two values.

    Args:
        before: The record of the first; None where there is none.
        after: The record of the second.
        name: What the two are to whoever compares.
        role: input or output.
        frames: Both as tables, when they are tables and were loaded.
        key: Columns that tell their rows apart.
        note: Why they were not loaded.

    Raises:
        UserError: a column of the key is not in both tables.
    """
    known = after if after is not None else before
    assert known is not None
    rows = None if frames is None else _rows(frames, key)
    counts = [_row_count(a, frames[i] if frames else None) for i, a in enumerate((before, after))]
    return DataChange(
        name=name,
        status=Status.of(before, after),
        role=role,
        kind=known.kind,
        digest_before=None if before is None else before.digest,
        digest_after=None if after is None else after.digest,
        rows_before=counts[0],
        rows_after=counts[1],
        columns=_columns(before, after, frames, rows),
        rows=rows,
        facts=_facts(before, after),
        note=note,
    )


def _rows(frames: tuple[pd.DataFrame, pd.DataFrame], key: Sequence[str]) -> RowChanges:
    return rows_by_key(*frames, key) if key else rows_by_content(*frames)


def _row_count(artifact: Artifact | None, frame: pd.DataFrame | None) -> int | None:
    if frame is not None:
        return len(frame)
    return None if artifact is None else artifact.profile.get("rows")


def _columns(
    before: Artifact | None,
    after: Artifact | None,
    frames: tuple[pd.DataFrame, pd.DataFrame] | None,
    rows: RowChanges | None,
) -> tuple[ColumnChange, ...]:
    if before is None or after is None:
        return ()
    old, new = _described(before, frames and frames[0]), _described(after, frames and frames[1])
    found = []
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) == new.get(name):
            continue
        if frames is None:
            facts = [_recorded(artifact, name) for artifact in (before, after)]
        else:
            facts = [column_facts(f[name]) if name in f.columns else None for f in frames]
        by_column = rows.by_column if rows is not None and rows.key else None
        moved = None if by_column is None else by_column.get(name, 0)
        found.append(_column(name, old.get(name), new.get(name), facts, moved))
    return tuple(found)


def _recorded(artifact: Artifact, name: str) -> ColumnFacts | None:
    """What the profile says of a column, where the table is not at hand."""
    for column in artifact.profile.get("columns", ()):
        if column["name"] == name:
            least, most = column.get("min"), column.get("max")
            return ColumnFacts(
                type=str(column["type"]),
                nulls=column.get("nulls"),
                min=None if least is None else str(least),
                max=None if most is None else str(most),
            )
    return None


def _described(artifact: Artifact, frame: pd.DataFrame | None) -> dict[str, tuple[str, str]]:
    """Type and digest of each column, from the profile; from the table where it has none."""
    columns: Sequence[Mapping[str, Any]] = artifact.profile.get("columns", ())
    named = {str(c["name"]): (str(c["type"]), str(c.get("digest", ""))) for c in columns}
    if frame is None or (named and set(named) >= set(frame.columns)):
        return named
    from lineal.digests.canonical import value_digest

    read = {
        str(name): (str(frame[name].dtype), value_digest(frame[name].reset_index(drop=True)))
        for name in frame.columns
    }
    return {**read, **named}


def _column(
    name: str,
    old: tuple[str, str] | None,
    new: tuple[str, str] | None,
    facts: Sequence[ColumnFacts | None],
    moved: int | None,
) -> ColumnChange:
    before, after = (known or _NOTHING for known in facts)
    status = Status.of(old, new)
    return ColumnChange(
        name=name,
        status=status,
        type_before=old and old[0],
        type_after=new and new[0],
        nulls_before=before.nulls,
        nulls_after=after.nulls,
        min_before=before.min,
        min_after=after.min,
        max_before=before.max,
        max_after=after.max,
        rows_changed=moved if status is Status.CHANGED else None,
    )


def _facts(before: Artifact | None, after: Artifact | None) -> tuple[ValueChange, ...]:
    if before is None or after is None:
        return ()
    return value_changes(_flat(_named(before)), _flat(_named(after)))


def _named(artifact: Artifact) -> dict[str, Any]:
    facts = {"type": artifact.type, "kind": artifact.kind}
    return facts | {k: v for k, v in artifact.profile.items() if k not in _OWN}


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + str(name)] = str(value)
    return flat
