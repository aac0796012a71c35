"""Checking a run for leakage: find its splits, sieve their rows, prove what they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import StoreError, UserError
from lineal.records import RunRecord
from lineal.running import Services

from .asked import asked_split
from .labels import LabelColumns
from .overlaps import Question, Sieve, candidates, overlap
from .report import Leakage, Level, Overlap, Side, Split
from .splits import Found, Part, find_splits
from .tables import load

if TYPE_CHECKING:
    import pandas as pd

HELD = 1 << 29
"""Bytes of tables that are kept at hand; those beyond are loaded again when needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What whoever checks can ask for."""

    keys: tuple[str, ...] = ()
    """Columns that name subjects or sites."""
    train: str | None = None
    """The one side: an output (``split.train``) or an argument; else the record tells both."""
    test: str | None = None
    labels: tuple[str, ...] = ()
    """Columns that no model is given; found from the record by default."""

    def __post_init__(self) -> None:
        if (self.train is None) != (self.test is None):
            raise UserError("Name both sides, with --train and --test, or neither.")


def check(services: Services, record: RunRecord, asked: Asked | None = None) -> Leakage:
    """Say what stands on both sides of the splits of a run.

    Args:
        services: Where it is recorded.
        record: The run, with its executions.
        asked: About which columns and sides.

    Raises:
        UserError: a side that was named is not there, or no split has a key that was asked
            about.
        StoreError: a side that was named has no bytes any more.
    """
    asked = asked or Asked()
    notes: list[str] = []
    if asked.train is not None and asked.test is not None:
        found = [asked_split(services, record, asked.train, asked.test)]
    else:
        found, notes = find_splits(services, record)
    labels = LabelColumns(services.catalog, record, asked.labels)
    splits = []
    for one in found:
        try:
            splits.append(_checked(services, one, asked, labels))
        except StoreError as error:
            if asked.train is not None:
                raise
            notes.append(f"{one.step or 'the run'}: {error}")
    _refuse_unknown(asked, record, splits)
    if not splits:
        notes.append(
            "No split was found in it: tables with the same columns that are outputs of one step,"
            " or are called train, valid or test. Name two with --train and --test."
        )
    return Leakage(
        run=record.id,
        number=record.number,
        name=record.name,
        keys=asked.keys,
        splits=tuple(splits),
        notes=tuple(notes),
    )


def _refuse_unknown(asked: Asked, record: RunRecord, splits: list[Split]) -> None:
    for key in asked.keys:
        lacking = [
            s for s in splits if any(note.startswith(f"no column {key!r}") for note in s.notes)
        ]
        if splits and len(lacking) == len(splits):
            raise UserError(
                f"No split of run #{record.number} has a column {key!r} on both sides; name one"
                " that is still there when the data is split."
            )


def _checked(services: Services, found: Found, asked: Asked, known: LabelColumns) -> Split:
    frames = _Frames(services, found.parts)
    columns = frames.common()
    notes = list(found.notes)
    lacking = [key for key in asked.keys if key not in columns]
    notes += [f"no column {key!r} on both sides" for key in lacking]
    labels = tuple(c for c in columns if c in known.of(columns) or c in frames.label_columns)
    features = tuple(c for c in columns if c not in labels)
    rows = Question(level=Level.ROWS, columns=columns)
    questions = [rows]
    if labels and features:
        questions.append(Question(level=Level.FEATURES, columns=features, labels=labels))
    questions += [
        Question(level=Level.KEY, columns=(key,)) for key in asked.keys if key not in lacking
    ]
    sieves = [
        Sieve.of(part.name, frames[place], questions) for place, part in enumerate(found.parts)
    ]
    overlaps = [
        one
        for left, right in found.pairs
        for one in _overlaps(frames, (left, right), sieves, questions)
    ]
    return Split(
        step=found.step,
        sides=tuple(Side(name=s.name, rows=s.rows, repeated=s.repeated(rows)) for s in sieves),
        columns=len(columns),
        labels=labels,
        overlaps=tuple(overlaps),
        notes=tuple(notes),
    )


def _overlaps(
    frames: _Frames, pair: tuple[int, int], sieves: Sequence[Sieve], questions: Sequence[Question]
) -> Iterator[Overlap]:
    left, right = (sieves[place] for place in pair)
    for question in questions:
        places = candidates(left, right, question)
        if not len(places[0]):
            continue
        chosen = (frames[pair[0]].iloc[places[0]], frames[pair[1]].iloc[places[1]])
        found = overlap((left.name, right.name), question, chosen, places)
        if found is not None:
            yield found


class _Frames:
    """The tables of a split, with their labels beside their features."""

    def __init__(self, services: Services, parts: Sequence[Part]) -> None:
        self._values = services.values
        self._parts = parts
        self._kept: dict[int, pd.DataFrame] = {}
        self._size = 0
        self.label_columns: set[str] = set()
        """Those that came from a table of labels."""

    def common(self) -> tuple[str, ...]:
        """The columns that all have, in the order of the first."""
        columns = [list(self[place].columns) for place in range(len(self._parts))]
        return tuple(c for c in columns[0] if all(c in others for others in columns[1:]))

    def __getitem__(self, place: int) -> pd.DataFrame:
        """A table by its place among the sides."""
        if place in self._kept:
            return self._kept[place]
        frame = self._load(self._parts[place])
        size = int(frame.memory_usage().sum())
        if self._size + size <= HELD:
            self._kept[place] = frame
            self._size += size
        return frame

    def _load(self, part: Part) -> pd.DataFrame:
        frame = load(self._values, part.table).reset_index(drop=True)
        if part.labels is None:
            return frame
        labels = load(self._values, part.labels).reset_index(drop=True)
        taken = set(frame.columns)
        labels = labels.set_axis([c if c not in taken else f"{c} (label)" for c in labels], axis=1)
        self.label_columns.update(map(str, labels.columns))
        return frame.assign(**{str(name): labels[name] for name in labels})
