"""Comparing two values: which columns and cells differ, by how much, and where first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lineal.digests.canonical import value_digest
from lineal.errors import LinealError
from lineal.pipeline import Metrics

from .job import Tolerance

_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """How one column, or one part of a value, differs."""

    name: str
    """The column, or the place in the value."""
    cells: int
    """How many cells differ at all."""
    beyond: int
    """How many differ by more than the tolerance allows."""
    largest: float | None
    """The largest difference of numbers; None where they are not numbers."""
    first: str
    """The first cell that differs: where, and the two values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How two values differ."""

    comparable: bool = True
    summary: str
    within: bool = False
    """Whether all differences lie within the tolerance."""
    columns: tuple[Cells, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def about(self, what: str) -> Found:
        """The same, said of something that stands for the values."""
        return replace(self, summary=f"{what}: {self.summary}")


def compare_values(old: Any, new: Any, tolerance: Tolerance) -> Found:
    """How a value differs from the one that was recorded."""
    if type(old) is not type(new):
        return _apart(f"it was a {type(old).__qualname__} and is a {type(new).__qualname__}")
    if isinstance(old, Path):
        return _paths(old, new)
    if isinstance(old, Metrics):
        return _parts(dict(_points(old)), dict(_points(new)), tolerance)
    if hasattr(old, "column_names") and hasattr(old, "to_pandas"):  # Arrow
        return compare_values(old.to_pandas(), new.to_pandas(), tolerance)
    if type(old).__module__.partition(".")[0] == "polars":
        return compare_values(old.to_pandas(), new.to_pandas(), tolerance)
    if type(old).__module__.partition(".")[0] == "pandas":
        return _frames(old, new, tolerance)
    if type(old).__module__ == "numpy":
        return _arrays(old, new, tolerance)
    if isinstance(old, (dict, list, tuple, float, int, str, bool, type(None))):
        return _parts(dict(_leaves("", old)), dict(_leaves("", new)), tolerance)
    return Found(
        comparable=False, summary=f"two {type(old).__qualname__} that have no cells to compare"
    )


def _apart(summary: str) -> Found:
    return Found(summary=summary, within=False)


def _frames(old: Any, new: Any, tolerance: Tolerance) -> Found:
    if not hasattr(old, "columns"):
        old, new = old.to_frame("values"), new.to_frame("values")
    if list(old.columns) != list(new.columns):
        gone = [str(c) for c in old.columns if c not in set(new.columns)]
        come = [str(c) for c in new.columns if c not in set(old.columns)]
        told = "; ".join(
            part
            for part in (
                f"columns gone: {', '.join(gone)}" if gone else "",
                f"new columns: {', '.join(come)}" if come else "",
            )
            if part
        )
        return _apart(told or "the columns are in another order")
    if len(old) != len(new):
        return _apart(f"there were {len(old)} rows and are {len(new)}")
    found = []
    if not old.index.equals(new.index):
        cells = _column("(index)", old.index.to_numpy(), new.index.to_numpy(), tolerance)
        found += [cells] if cells else []
    for place, name in enumerate(old.columns):
        left, right = old.iloc[:, place], new.iloc[:, place]
        if left.dtype != right.dtype:
            told = f"was {left.dtype}, is {right.dtype}"
            found.append(
                Cells(name=str(name), cells=len(left), beyond=len(left), largest=None, first=told)
            )
            continue
        cells = _column(str(name), left.to_numpy(), right.to_numpy(), tolerance)
        found += [cells] if cells else []
    return _summed(found, f"{len(old)} x {len(old.columns)}")


def _arrays(old: Any, new: Any, tolerance: Tolerance) -> Found:
    import numpy as np

    old, new = np.asarray(old), np.asarray(new)
    if old.shape != new.shape or old.dtype != new.dtype:
        return _apart(f"it was {old.dtype}{old.shape} and is {new.dtype}{new.shape}")
    cells = _column("values", old, new, tolerance)
    return _summed([cells] if cells else [], "x".join(map(str, old.shape)) or "1")


def _column(
    name: str,
    old: Any,
    new: Any,
    tolerance: Tolerance,
) -> Cells | None:
    import numpy as np

    if old.dtype.kind in "fciu":
        wide = complex if old.dtype.kind == "c" else float
        same = (old == new) | (_nan(old) & _nan(new))
        with np.errstate(invalid="ignore"):  # infinity less infinity, or none of it
            gap = np.abs(old.astype(wide) - new.astype(wide))
            size = np.maximum(np.abs(old.astype(wide)), np.abs(new.astype(wide)))
            allowed = tolerance.atol + tolerance.rtol * size
        beyond = ~same & ~(np.isfinite(gap) & (gap <= allowed))
        finite = gap[~same & np.isfinite(gap)]
        largest = float(finite.max()) if finite.size else None
    else:
        left, right = np.asarray(old, dtype=object), np.asarray(new, dtype=object)
        same = np.array(
            [_same(a, b) for a, b in zip(left.ravel(), right.ravel(), strict=True)], dtype=bool
        ).reshape(left.shape)
        beyond, largest = ~same, None
    if bool(same.all()):
        return None
    at = np.unravel_index(int(np.argmax(~same)), same.shape)
    where = ", ".join(str(int(i)) for i in at)
    return Cells(
        name=name,
        cells=int((~same).sum()),
        beyond=int(beyond.sum()),
        largest=largest,
        first=f"[{where}] {_shown(old[at])} -> {_shown(new[at])}",
    )


def _nan(values: Any) -> Any:
    return values != values


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    try:
        return bool(a == b) or (bool(a != a) and bool(b != b))
    except (TypeError, ValueError):
        return _digests_agree(a, b)


def _digests_agree(a: Any, b: Any) -> bool:
    try:
        return value_digest(a) == value_digest(b)
    except LinealError:
        return False


def _parts(old: dict[str, Any], new: dict[str, Any], tolerance: Tolerance) -> Found:
    """Leaves of nested values, or metrics, each as a cell."""
    if old.keys() != new.keys():
        odd = sorted(old.keys() ^ new.keys())
        return _apart(f"these parts are in one of them only: {', '.join(odd[:5])}")
    found = []
    for name, left in old.items():
        right = new[name]
        if _same(left, right) and type(left) is type(right):
            continue
        numbers = all(
            isinstance(x, (int, float)) and not isinstance(x, bool) for x in (left, right)
        )
        gap = abs(left - right) if numbers else math.inf
        allowed = tolerance.atol + tolerance.rtol * max(abs(left), abs(right)) if numbers else -1.0
        found.append(
            Cells(
                name=name or "value",
                cells=1,
                beyond=int(not (math.isfinite(gap) and gap <= allowed)),
                largest=float(gap) if numbers and math.isfinite(gap) else None,
                first=f"{_shown(left)} -> {_shown(right)}",
            )
        )
    return _summed(found, f"{len(old)}")


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{place}[{key!r}]", item)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _leaves(f"{place}[{number}]", item)
    else:
        yield place, value


def _points(metrics: Metrics) -> Iterator[tuple[str, float]]:
    for key, labels, number in metrics.points():
        part = ",".join(f"{k}={v}" for k, v in sorted((labels or {}).items()))
        yield (f"{key}[{part}]" if part else key), number


def _paths(old: Path, new: Path) -> Found:
    if old.is_dir() != new.is_dir():
        return _apart("one is a file, the other a folder")
    if old.is_file():
        return _apart(_bytes_apart(old, new) or "their names or modes differ")
    names = [
        {p.relative_to(base).as_posix() for p in base.rglob("*") if p.is_file()}
        for base in (old, new)
    ]
    odd = sorted(names[0] ^ names[1])
    if odd:
        return _apart(f"these files are in one of them only: {', '.join(odd[:5])}")
    for name in sorted(names[0]):
        told = _bytes_apart(old / name, new / name)
        if told:
            return _apart(f"{name}: {told}")
    return _apart("their modes or links differ")


def _bytes_apart(old: Path, new: Path) -> str | None:
    left, right = old.read_bytes(), new.read_bytes()
    if left == right:
        return None
    lines = zip(left.split(b"\n"), right.split(b"\n"), strict=False)
    for number, (a, b) in enumerate(lines, 1):
        if a != b:
            return f"line {number}: {_shown(a)} -> {_shown(b)}"
    return f"it had {len(left)} bytes and has {len(right)}"


def _summed(found: list[Cells], size: str) -> Found:
    if not found:
        return Found(summary=f"no cell of {size} differs", within=True)
    cells, beyond = sum(c.cells for c in found), sum(c.beyond for c in found)
    gaps = [c.largest for c in found if c.largest is not None]
    largest = f", by at most {max(gaps):.3g}" if gaps else ""
    names = ", ".join(c.name for c in found[:4]) + (", …" if len(found) > 4 else "")
    return Found(
        summary=f"{cells} of {size} cells differ{largest} (in {names})",
        within=beyond == 0,
        columns=tuple(found),
    )


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(getattr(value, "item", lambda: value)())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
