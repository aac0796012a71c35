"""Read series from live journals and segments, each point once, while others write.

Files come and go during a read. A read starts over when one it had listed is gone, so it
always answers from one consistent set.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from .columns import from_table, gather, in_order, plain_schema, schema, to_table
from .files import Places
from .frames import decode
from .segments import Segment, current, overlapping
from .values import labels_text

if TYPE_CHECKING:
    import pyarrow as pa


def read(
    places: Places,
    wanted: Collection[int],
    key: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> pa.Table:
    """The points of some executions, sorted by series, step and time."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            parts = _read_once(places, wanted, key, labels)
            break
    import pyarrow as pa

    if not parts:
        found = schema().empty_table()
    elif len(parts) == 1:
        found = parts[0]
    else:
        series, columns = from_table(pa.concat_tables(parts).unify_dictionaries())
        found = to_table(*in_order(series, columns))
    return found.cast(plain_schema())


def _read_once(
    places: Places, wanted: Collection[int], key: str | None, labels: Mapping[str, str] | None
) -> list[Any]:
    journals, segments = places.listing()
    candidates = overlapping(segments, wanted)
    kept, replaced = current({name: Segment(places.segments / name) for name in candidates})
    tables = [segment.table(wanted, key) for segment in kept.values()]
    tables += [_journal(places, name) for name in journals if name not in replaced]
    filtered = (_only(table, wanted, key, labels) for table in tables)
    return [table for table in filtered if len(table)]


def _journal(places: Places, name: str) -> pa.Table:
    found = decode((places.live / name).read_bytes(), name)
    return to_table(*in_order(found.series, gather(found.parts)))


def _only(
    table: pa.Table,
    wanted: Collection[int],
    key: str | None,
    labels: Mapping[str, str] | None,
) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(wanted, range) and wanted.step == 1:
        ids = table["execution_id"]
        mask = pc.and_(pc.greater_equal(ids, wanted.start), pc.less(ids, wanted.stop))
    else:
        mask = pc.is_in(table["execution_id"], pa.array(list(wanted), pa.int64()))
    if key is not None:
        mask = pc.and_(mask, pc.equal(table["key"], key))
    if labels is not None:
        mask = pc.and_(mask, pc.equal(table["labels"], labels_text(labels)))
    return table.filter(mask)
