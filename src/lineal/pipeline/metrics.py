"""Metrics: the mapping of numbers that a step returns to have them recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lineal.errors import ParameterError

Slices = Mapping[str, Mapping[str, Mapping[str, float]]]


def _number(name: str, value: Any) -> float:
    if isinstance(value, (str, bytes)):
        raise ParameterError(f"The metric {name!r} is {value!r}; a metric is a number.")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ParameterError(
            f"The metric {name!r} is a {type(value).__name__}; a metric is a number."
        ) from None


class Metrics(Mapping[str, float]):
    """Numbers that judge a result, over the whole and by slice.

    Returned from a task, they are recorded without further ado.

    Args:
        values: Name to number, over everything.
        slices: Dimension to group to the numbers of that group:
            ``{"site": {"hungarian": {"auc": 0.91}}}``.

    Raises:
        ParameterError: a value is not a number.
    """

    __slots__ = ("overall", "slices")

    overall: dict[str, float]
    slices: dict[str, dict[str, dict[str, float]]]

    def __init__(self, values: Mapping[str, float] = {}, slices: Slices = {}, **more: float):  # noqa: B006
        self.overall = {
            str(name): _number(name, value) for name, value in {**values, **more}.items()
        }
        self.slices = {
            str(dimension): {
                str(group): {str(name): _number(name, value) for name, value in numbers.items()}
                for group, numbers in groups.items()
            }
            for dimension, groups in slices.items()
        }

    def __getitem__(self, name: str) -> float:
        return self.overall[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.overall)

    def __len__(self) -> int:
        return len(self.overall)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Metrics):
            return self.overall == other.overall and self.slices == other.slices
        return not self.slices and self.overall == other

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[Metrics], tuple[dict[str, float], Slices]]:
        return Metrics, (self.overall, self.slices)

    def __repr__(self) -> str:
        slices = f", slices={self.slices!r}" if self.slices else ""
        return f"Metrics({self.overall!r}{slices})"

    def points(self) -> Iterator[tuple[str, dict[str, str] | None, float]]:
        """Every number as (name, labels, value); labels are None over the whole."""
        for name, value in self.overall.items():
            yield name, None, value
        for dimension, groups in self.slices.items():
            for group, numbers in groups.items():
                for name, value in numbers.items():
                    yield name, {dimension: group}, value
