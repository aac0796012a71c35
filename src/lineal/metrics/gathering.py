"""Turn points that wait in a journal's memory into columns, with their steps counted on."""

from __future__ import annotations

from collections.abc import Iterator
from time import time_ns
from typing import TYPE_CHECKING, Any

from lineal.errors import ParameterError

from .columns import Columns, Series, gather
from .frames import encode_all
from .values import integer, number

if TYPE_CHECKING:
    from .columns import Floats, Ints


class Batch:
    """Points of one series that came together; the arrays are the journal's own."""

    __slots__ = ("execution_id", "key", "labels", "steps", "times", "values")

    def __init__(self, series: Series, steps: Ints | None, times: Ints, values: Floats) -> None:
        self.execution_id, self.key, self.labels = series
        self.steps, self.times, self.values = steps, times, values


def execution_of(point: Any) -> int:
    """The execution that a point, or a batch of them, belongs to."""
    return int(point.execution_id if type(point) is Batch else point[0])


class Gathering:
    """What waited, turned into columns, with series numbered and steps counted on.

    It works on copies of the journal's numbering: only what was written changes that.
    """

    def __init__(
        self, place: dict[tuple[int, str, str], int], next_step: list[int], waiting: list[Any]
    ) -> None:
        self.place = dict(place)
        self.next_step = list(next_step)
        self._known = len(place)
        self._parts: list[Columns] = []
        self._rows: tuple[list[int], list[int], list[int], list[float]] = ([], [], [], [])
        places, steps, times, values = self._rows
        place, next_step = self.place, self.next_step
        for point in waiting:
            if type(point) is Batch:
                self._end_rows()
                places, steps, times, values = self._rows
                self._batch(point)
                continue
            execution_id, key, labels, step, time, value = point
            series = (execution_id, key, labels)
            at = place.get(series)
            if at is None:
                # NumPy integers and members of enumerations are equal to what they stand for.
                series = (int(execution_id), str.__str__(key), labels)
                at = place[series] = len(next_step)
                next_step.append(0)
            if step is None:
                step = next_step[at]
                next_step[at] = step + 1
            elif step >= next_step[at]:
                next_step[at] = step + 1
            places.append(at)
            steps.append(step)
            times.append(time)
            values.append(value)
        self._end_rows()
        self.columns = gather(self._parts)

    def series(self) -> list[Series]:
        """All series so far, by number."""
        return [Series(*one) for one in self.place]

    def frames(self) -> Iterator[bytes]:
        """The points as frames; the first names the series that are new."""
        return encode_all(self.series()[self._known :], self.columns)

    def _end_rows(self) -> None:
        import numpy as np

        places, steps, times, values = self._rows
        if places:
            self._parts.append(
                Columns(
                    place=np.array(places, dtype=np.uint32),
                    step=np.array(steps, dtype=np.int64),
                    time=np.array(times, dtype=np.int64),
                    value=np.array(values, dtype=np.float64),
                )
            )
        self._rows = ([], [], [], [])

    def _batch(self, batch: Batch) -> None:
        import numpy as np

        series = (batch.execution_id, batch.key, batch.labels)
        at = self.place.setdefault(series, len(self.next_step))
        if at == len(self.next_step):
            self.next_step.append(0)
        count = len(batch.values)
        first = self.next_step[at]
        steps = batch.steps
        if steps is None:
            steps = np.arange(first, first + count, dtype=np.int64)
        self.next_step[at] = max(first, int(np.max(steps)) + 1)
        self._parts.append(
            Columns(
                place=np.full(count, at, dtype=np.uint32),
                step=steps,
                time=batch.times,
                value=batch.values,
            )
        )


def floats(key: str, values: Any) -> Floats:
    """The values of a batch, copied; the caller may change its own.

    Raises:
        ParameterError: one is no number, or they are no plain sequence.
    """
    import numpy as np

    try:
        array = np.asarray(values)
    except ValueError:  # sequences among the numbers
        array = np.empty(len(values), dtype=object)
    if array.ndim != 1:
        raise ParameterError(
            f"The values of the metric {key!r} have {array.ndim} dimensions; give a sequence of"
            " numbers."
        )
    if array.dtype.kind in "biuf":
        return np.array(array, dtype=np.float64)  # a copy: the caller may change its own
    return np.array([number(key, value) for value in values], dtype=np.float64)


def integers(key: str, values: Any, what: str, count: int) -> Ints:
    """The steps or times of a batch, copied.

    Raises:
        ParameterError: there are not `count` of them, or one is no 64-bit integer.
    """
    import numpy as np

    array = np.asarray(values)
    if array.shape != (count,):
        raise ParameterError(
            f"The metric {key!r} was given {count} values, but {what} of shape {array.shape};"
            " give one for each value."
        )
    if array.dtype.kind in "bi":
        return np.array(array, dtype=np.int64)
    return np.array([integer(value, what[:-1], key) for value in values], dtype=np.int64)


def now_column(count: int) -> Ints:
    """The present time, `count` times."""
    import numpy as np

    return np.full(count, time_ns(), dtype=np.int64)
