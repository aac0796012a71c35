"""Sorted, zstd-compressed Parquet files of points, and which of them count.

A segment's name tells the range of its execution ids, so most need not be opened. Its
metadata lists the files it took the place of. Those are removed after it has appeared; in
between, or after a crash in between, the list says not to read them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineal.errors import BlobCorrupt, StoreVersionError

from .columns import Columns, Series, schema, to_table
from .files import SEGMENT, Places, new_id, unwritable, write_whole

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
ROWS_IN_GROUP = 2**17
_FORMAT, _REPLACES = b"lineal.format", b"lineal.replaces"


def write_segment(
    places: Places, series: Sequence[Series], columns: Columns, replaces: Collection[str]
) -> str:
    """Write points that are in order, at least one; return the new file's name."""
    import pyarrow.parquet as pq

    name = f"{series[0].execution_id:x}-{series[-1].execution_id:x}-{new_id()}{SEGMENT}"
    facts = {_FORMAT: str(FORMAT), _REPLACES: json.dumps(sorted(replaces))}
    table = to_table(series, columns).replace_schema_metadata(facts)

    def write(path: Path) -> None:
        pq.write_table(
            table,
            path,
            compression="zstd",
            compression_level=3,
            row_group_size=ROWS_IN_GROUP,
            use_dictionary=["execution_id", "key", "labels"],
            column_encoding={
                "step": "DELTA_BINARY_PACKED",
                "time": "DELTA_BINARY_PACKED",
                "value": "BYTE_STREAM_SPLIT",
            },
            write_page_checksum=True,
        )

    places.make()
    with unwritable(places.segments / name):
        write_whole(places.segments / name, write, scratch=places.live)
    return name


class Segment:
    """One segment: its metadata at once, its points when asked.

    Raises:
        FileNotFoundError: it has been merged into another; list again.
        BlobCorrupt: it is no Parquet file any more.
        StoreVersionError: a newer lineal wrote it.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            # Not kept open: a read may span more segments than a process may have files.
            self._metadata = pq.read_metadata(path)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise _corrupt(path, error) from None
        facts = self._metadata.metadata or {}
        if int(facts.get(_FORMAT, b"1")) > FORMAT:
            raise StoreVersionError(
                f"The metric segment {path} was written by a newer lineal; upgrade this one to"
                " read it."
            )
        self.replaces: frozenset[str] = frozenset(json.loads(facts.get(_REPLACES, b"[]")))

    def table(self, wanted: Collection[int] | None = None, key: str | None = None) -> pa.Table:
        """Its points, without the row groups in which no wanted execution or key can be."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        groups = [
            group
            for group in range(self._metadata.num_row_groups)
            if (wanted is None or self._may_hold(group, wanted)) and self._may_name(group, key)
        ]
        try:
            with pq.ParquetFile(
                self.path,
                metadata=self._metadata,
                read_dictionary=["key", "labels"],
                page_checksum_verification=True,
            ) as file:
                table = file.read_row_groups(groups)
        except FileNotFoundError:
            raise
        except (pa.ArrowInvalid, OSError) as error:
            raise _corrupt(self.path, error) from None
        return table.replace_schema_metadata(None).cast(schema())

    def _may_hold(self, group: int, wanted: Collection[int]) -> bool:
        facts = self._metadata.row_group(group).column(0).statistics
        if facts is None or not facts.has_min_max:
            return True
        return _within(facts.min, facts.max, wanted)

    def _may_name(self, group: int, key: str | None) -> bool:
        facts = self._metadata.row_group(group).column(1).statistics
        if key is None or facts is None or not facts.has_min_max:
            return True
        # Statistics of a long text may be cut off, which makes the greatest one smaller.
        return bool(facts.min <= key and (key <= facts.max or key.startswith(facts.max)))


def _corrupt(path: Path, error: Exception) -> BlobCorrupt:
    return BlobCorrupt(
        f"The metric segment {path} is damaged ({error}); put it back from a backup, or move it"
        " away to go on without its points."
    )


def overlapping(segments: Iterable[str], wanted: Collection[int]) -> list[str]:
    """The segments whose range of execution ids holds a wanted one."""
    return [name for name in segments if _within(*span(name), wanted)]


def _within(least: int, greatest: int, wanted: Collection[int]) -> bool:
    if isinstance(wanted, range) and wanted.step > 0:
        return bool(wanted) and wanted[0] <= greatest and least <= wanted[-1]
    return any(least <= one <= greatest for one in wanted)


def span(name: str) -> tuple[int, int]:
    """The least and greatest execution id of a segment, from its name."""
    least, greatest, _ = name.split("-", 2)
    return int(least, 16), int(greatest, 16)


def current(opened: dict[str, Segment]) -> tuple[dict[str, Segment], frozenset[str]]:
    """Those segments that none of the others took the place of, and all replaced names.

    What a segment took the place of never has points of executions outside its range, so
    looking at overlapping segments is enough.
    """
    replaced: frozenset[str] = frozenset().union(*(one.replaces for one in opened.values()))
    return {name: one for name, one in opened.items() if name not in replaced}, replaced


def worth_merging(sizes: dict[str, int], least: int, big: int) -> list[str]:
    """The small segments to merge now, none when there are fewer than `least`.

    From the smallest up, each is taken that is no larger than twice all smaller ones
    together: so a point is rewritten a logarithmic number of times (the rule of
    log-structured merge trees), and no more than about `least` small files stay.
    """
    chosen: list[str] = []
    total = 0
    for name, size in sorted(sizes.items(), key=lambda item: (item[1], item[0])):
        if size >= big or total >= big or (chosen and size > 2 * total):
            break
        chosen.append(name)
        total += size
    return chosen if len(chosen) >= max(least, 2) else []


def read_all(opened: Iterable[Segment]) -> Any:
    """All points of some segments as one Arrow table with one dictionary per text."""
    import pyarrow as pa

    return pa.concat_tables([one.table() for one in opened]).unify_dictionaries()
