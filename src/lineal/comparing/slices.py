"""Metrics over slices, as a table for each dimension with the largest difference in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A metric over the whole, or over a slice."""

    key: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceTable:
    """The slices of one dimension."""

    dimension: str
    """``sex``, or ``age, sex`` where slices cross."""
    metrics: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]
    """Each slice with its metrics; None where one was not measured."""
    largest: tuple[float | None, ...]
    """By metric: how far the slices are apart at the most; None for less than two."""


def slice_tables(numbers: Sequence[Number]) -> list[SliceTable]:
    """A table for each dimension, by name."""
    by_dimension: dict[str, dict[str, dict[str, float]]] = {}
    for number in numbers:
        if number.labels:
            ordered = sorted(number.labels.items())
            dimension = ", ".join(name for name, _ in ordered)
            slice_ = ", ".join(value for _, value in ordered)
            slices = by_dimension.setdefault(dimension, {})
            slices.setdefault(slice_, {})[number.key] = number.value
    return [_table(name, by_dimension[name]) for name in sorted(by_dimension)]


def _table(dimension: str, slices: Mapping[str, Mapping[str, float]]) -> SliceTable:
    metrics = tuple(sorted({key for found in slices.values() for key in found}))
    rows = tuple((name, tuple(slices[name].get(m) for m in metrics)) for name in sorted(slices))
    largest = tuple(_range([values[i] for _, values in rows]) for i in range(len(metrics)))
    return SliceTable(dimension=dimension, metrics=metrics, rows=rows, largest=largest)


def _range(values: Sequence[float | None]) -> float | None:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    return max(finite) - min(finite) if len(finite) > 1 else None
