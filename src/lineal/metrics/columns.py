"""Points as columns in memory: gathered, sorted, summed up. Knows nothing of files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lineal.records import MetricSummary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Places = npt.NDArray[np.uint32]


class Series(NamedTuple):
    """What points with a common history share; its order is the order of segments."""

    execution_id: int
    key: str
    labels: str
    """Canonical JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Points, one row each; four arrays of one length."""

    place: Places
    """Index of the point's series in a list that is kept beside."""
    step: Ints
    time: Ints
    """Nanoseconds since 1970-01-01 UTC."""
    value: Floats

    def __len__(self) -> int:
        return len(self.value)

    def of(self, rows: Any) -> Columns:
        """Some of the points, by a slice or a mask."""
        return Columns(
            place=self.place[rows], step=self.step[rows], time=self.time[rows],
            value=self.value[rows],
        )  # fmt: skip


def gather(parts: Sequence[Columns]) -> Columns:
    """All parts in one, in their order."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]

    def column(name: str, dtype: Any) -> Any:
        return np.concatenate([getattr(part, name) for part in parts] or [np.empty(0, dtype)])

    return Columns(
        place=column("place", np.uint32),
        step=column("step", np.int64),
        time=column("time", np.int64),
        value=column("value", np.float64),
    )


def in_order(series: Sequence[Series], columns: Columns) -> tuple[list[Series], Columns]:
    """Sorted by series, step and time; points equal in all three stay as they were logged.

    The series come back sorted too, and only those that have points.
    """
    import numpy as np

    present = np.unique(columns.place)
    ordered = sorted((series[place], int(place)) for place in present)
    rank = np.zeros(len(series), dtype=np.uint32)
    for new, (_, old) in enumerate(ordered):
        rank[old] = new
    place = rank[columns.place]
    names = [name for name, _ in ordered]
    if _is_sorted(place, columns.step, columns.time):
        return names, Columns(
            place=place, step=columns.step, time=columns.time, value=columns.value
        )
    order = np.lexsort((columns.time, columns.step, place))
    return names, Columns(
        place=place[order],
        step=columns.step[order],
        time=columns.time[order],
        value=columns.value[order],
    )


def _is_sorted(place: Places, step: Ints, time: Ints) -> bool:
    same_place = place[1:] == place[:-1]
    same_step = same_place & (step[1:] == step[:-1])
    rising = (place[1:] > place[:-1]) | (same_place & (step[1:] > step[:-1]))
    return bool((rising | (same_step & (time[1:] >= time[:-1]))).all())


def summaries(series: Sequence[Series], columns: Columns) -> list[MetricSummary]:
    """What the catalog keeps of each series; the columns are in order.

    The last value is that of the highest step, and of the latest time where the step has
    several. NaN counts as least and greatest only where there is nothing else.
    """
    import numpy as np

    if not len(columns):
        return []
    starts = np.flatnonzero(np.diff(columns.place, prepend=columns.place[0] + 1) != 0)
    ends = np.append(starts[1:], len(columns))
    least = np.fmin.reduceat(columns.value, starts)
    greatest = np.fmax.reduceat(columns.value, starts)
    found = []
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        one = series[columns.place[start]]
        found.append(
            MetricSummary(
                execution_id=one.execution_id,
                key=one.key,
                labels=json.loads(one.labels),
                last=float(columns.value[end - 1]),
                min=float(least[i]),
                max=float(greatest[i]),
                count=end - start,
                last_step=int(columns.step[end - 1]),
            )
        )
    return found


def to_table(series: Sequence[Series], columns: Columns) -> pa.Table:
    """The points as an Arrow table, in the order they have here."""
    import numpy as np
    import pyarrow as pa

    ids = np.array([one.execution_id for one in series], dtype=np.int64)
    return pa.table(
        [
            pa.array(ids[columns.place] if len(ids) else np.empty(0, np.int64)),
            _texts([one.key for one in series], columns.place),
            _texts([one.labels for one in series], columns.place),
            pa.array(columns.step),
            pa.array(columns.time),
            pa.array(columns.value),
        ],
        schema=schema(),
    )


def _texts(texts: list[str], place: Places) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    unique = list(dict.fromkeys(texts))
    at = {text: i for i, text in enumerate(unique)}
    codes = np.array([at[text] for text in texts], dtype=np.int32)
    indices = codes[place] if len(codes) else np.empty(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(unique, pa.string()))


def from_table(table: pa.Table) -> tuple[list[Series], Columns]:
    """The reverse of `to_table`; the series are in no particular order."""
    import numpy as np
    import pyarrow as pa

    codes, texts = {}, {}
    for name in ("key", "labels"):
        column = table[name].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        codes[name] = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        texts[name] = column.dictionary.to_pylist()
    execution = table["execution_id"].to_numpy()
    ids, id_code = np.unique(execution, return_inverse=True)
    width_key, width_labels = max(len(texts["key"]), 1), max(len(texts["labels"]), 1)
    mixed = (id_code * width_key + codes["key"]) * width_labels + codes["labels"]
    distinct, place = np.unique(mixed, return_inverse=True)
    series = [
        Series(
            int(ids[code // width_labels // width_key]),
            texts["key"][code // width_labels % width_key],
            texts["labels"][code % width_labels],
        )
        for code in distinct.tolist()
    ]
    return series, Columns(
        place=place.astype(np.uint32),
        step=table["step"].to_numpy(),
        time=table["time"].to_numpy(),
        value=table["value"].to_numpy(),
    )


def schema() -> pa.Schema:
    """The columns of a table of points; texts are kept once each."""
    import pyarrow as pa

    return _schema(pa.dictionary(pa.int32(), pa.string()))


def plain_schema() -> pa.Schema:
    """The same with texts as texts, for users."""
    import pyarrow as pa

    return _schema(pa.string())


def _schema(text: pa.DataType) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("execution_id", pa.int64(), nullable=False),
            pa.field("key", text, nullable=False),
            pa.field("labels", text, nullable=False),
            pa.field("step", pa.int64(), nullable=False),
            pa.field("time", pa.int64(), nullable=False),
            pa.field("value", pa.float64(), nullable=False),
        ]
    )
