"""The tables among a run's values: frames and arrays, also those inside of containers.

What a table is like is read off its artifact's profile; only containers are loaded for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lineal.errors import LinealError
from lineal.lineage.diff import as_frame
from lineal.records import Artifact
from lineal.store import ValueStore

if TYPE_CHECKING:
    import pandas as pd

_CONTAINERS = ("builtins.tuple", "builtins.list", "builtins.dict")
_FLAT = ("series.Series", "pandas.Series")
_MOST_ITEMS = 200
_WIDE = 1_000
"""Columns of an array above which they are not named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A frame or an array of a run."""

    name: str
    artifact: Artifact
    place: tuple[Any, ...] = ()
    """Keys that lead to it, where the artifact is a container."""
    schema: tuple[str, ...]
    """Names of its columns, or for an array what stands for them."""
    rows: int
    flat: bool
    """Whether it is a single column without a name for it: a series, or a list of numbers."""

    @property
    def identity(self) -> tuple[Any, ...]:
        """Tells it from all other tables."""
        return (self.artifact.digest, *self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A container, with what is in it that matters here."""

    name: str
    items: tuple[Table | Group, ...]


def table_in(values: ValueStore, name: str, artifact: Artifact) -> Table | Group | None:
    """An artifact as a table or a group of tables; None for what is neither.

    Raises:
        StoreError: a container can't be loaded.
    """
    if artifact.stored is None:
        return None
    if artifact.kind in ("frame", "array"):
        return _profiled(name, artifact)
    if artifact.type in _CONTAINERS:
        return _group(name, values.load(artifact), artifact, ())
    return None


def load(values: ValueStore, table: Table) -> pd.DataFrame:
    """A table as a frame with a row for each of its rows.

    Raises:
        StoreError: its bytes are gone, or can't be loaded here.
        UserError: two of its columns have one name.
    """
    import numpy as np
    import pandas as pd

    value = values.load(table.artifact)
    for key in table.place:
        value = value[key]
    if hasattr(value, "numpy") and type(value).__module__.partition(".")[0] == "torch":
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.ndim > 2:
        value = value.reshape(len(value), -1)
    frame = as_frame(value)
    return frame if frame is not None else pd.DataFrame({"value": list(value)})


def _profiled(name: str, artifact: Artifact) -> Table | None:
    facts = artifact.profile
    if "columns" in facts and "rows" in facts:
        columns = tuple(str(column["name"]) for column in facts["columns"])
        flat = artifact.type.endswith(_FLAT)
        return Table(name=name, artifact=artifact, schema=columns, rows=facts["rows"], flat=flat)
    shape = facts.get("shape")
    return _shaped(name, artifact, (), shape) if shape else None


def _shaped(name: str, artifact: Artifact, place: tuple[Any, ...], shape: Any) -> Table:
    width = math.prod(shape[1:])
    schema = tuple(map(str, range(width))) if width <= _WIDE else (f"{width} values",)
    flat = len(shape) == 1
    return Table(name=name, artifact=artifact, place=place, schema=schema, rows=shape[0], flat=flat)


def _group(name: str, value: Any, artifact: Artifact, place: tuple[Any, ...]) -> Group | None:
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    items = list(_items(name, pairs[:_MOST_ITEMS], artifact, place))
    return Group(name=name, items=tuple(items)) if items else None


def _items(
    name: str, pairs: list[tuple[Any, Any]], artifact: Artifact, place: tuple[Any, ...]
) -> Iterator[Table | Group]:
    for key, item in pairs:
        inner = f"{name}[{key!r}]"
        if isinstance(item, (tuple, list, dict)):
            group = _group(inner, item, artifact, (*place, key))
            if group is not None:
                yield group
        elif (table := _table(inner, item, artifact, (*place, key))) is not None:
            yield table


def _table(name: str, value: Any, artifact: Artifact, place: tuple[Any, ...]) -> Table | None:
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not shape:
        return None
    if hasattr(value, "columns") or hasattr(value, "column_names"):
        try:
            frame = as_frame(value)
        except LinealError:
            return None
        if frame is not None:
            return Table(
                name=name, artifact=artifact, place=place, schema=tuple(frame.columns),
                rows=len(frame), flat=False,
            )  # fmt: skip
    return _shaped(name, artifact, place, [int(n) for n in shape])


Load = Callable[[Table], "pd.DataFrame"]
