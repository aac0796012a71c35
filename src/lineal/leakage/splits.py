"""Finding the splits of a run in its record: tables that are kept apart to learn and to judge.

A split is looked for among the outputs of each step, among the arguments of each step, and
last among the arguments of all steps together, as training and test data may be loaded by
steps of their own. Names decide (``train``, ``X_test``, ``valid_rows``); where the outputs of
one step bear no such names, tables with the same columns are taken for the sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from lineal.digests.digest import Digest
from lineal.errors import LinealError
from lineal.records import Artifact, Execution, ExecutionStatus, RunRecord
from lineal.running import Services

from .roles import ORDER, role_of
from .tables import Group, Table, table_in

_DONE = (ExecutionStatus.EXECUTED, ExecutionStatus.REUSED)
_MOST_SIDES = 20
Piece = tuple[str, "Table | Group"]
"""What a table is called where it is met, and the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One side: its features, and their labels where these are a table of their own."""

    name: str
    table: Table
    labels: Table | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        """Tells its content from all others'."""
        return (self.table.identity, None if self.labels is None else self.labels.identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A split as it was found."""

    step: str
    parts: tuple[Part, ...]
    pairs: tuple[tuple[int, int], ...]
    """Places of the parts that are to be compared."""
    notes: tuple[str, ...] = ()


def find_splits(services: Services, record: RunRecord) -> tuple[list[Found], list[str]]:
    """Every split of a run, each pair of tables once; and what could not be looked into."""
    finder = _Finder(services, record)
    return list(finder.splits()), finder.notes


class _Finder:
    def __init__(self, services: Services, record: RunRecord) -> None:
        self.notes: list[str] = []
        self._values = services.values
        self._executions = [e for e in record.executions if e.position and e.status in _DONE]
        named = {output.digest for e in self._executions for output in e.outputs}
        named |= {given.digest for e in self._executions for given in e.inputs}
        self._artifacts: Mapping[Digest, Artifact] = services.catalog.artifacts(sorted(named))
        self._tables: dict[tuple[str, Digest], Table | Group | None] = {}
        self._compared: set[frozenset[Any]] = set()

    def splits(self) -> Iterator[Found]:
        for execution in self._executions:
            for parts in self._in_outputs(execution):
                yield from self._fresh(execution.step, parts)
            for parts in _by_name(self._arguments([execution])):
                yield from self._fresh(execution.step, parts)
        for parts in _by_name(self._arguments(self._executions)):
            yield from self._fresh("", parts)

    def _in_outputs(self, execution: Execution) -> Iterator[list[Part]]:
        pieces = list(self._pieces((o.name, o.digest) for o in execution.outputs))
        yield from _in(pieces)

    def _arguments(self, executions: Sequence[Execution]) -> list[Piece]:
        """Tables by the names under which steps take them, unless a name means several."""
        given: dict[str, set[Digest]] = {}
        for execution in executions:
            for item in execution.inputs:
                if not item.observed and role_of(item.name) is not None:
                    given.setdefault(item.name, set()).add(item.digest)
        return list(
            self._pieces(
                (name, digests.pop()) for name, digests in given.items() if len(digests) == 1
            )
        )

    def _pieces(self, named: Iterable[tuple[str, Digest]]) -> Iterator[Piece]:
        for name, digest in named:
            artifact = self._artifacts.get(digest)
            if artifact is None:
                continue
            if (name, digest) not in self._tables:
                self._tables[name, digest] = self._table(name, artifact)
            table = self._tables[name, digest]
            if table is not None:
                yield name, table

    def _table(self, name: str, artifact: Artifact) -> Table | Group | None:
        try:
            return table_in(self._values, name, artifact)
        except LinealError as error:
            self.notes.append(f"{name} can't be looked into: {error}")
            return None

    def _fresh(self, step: str, parts: list[Part]) -> Iterator[Found]:
        """A split with the pairs of it that were not met before."""
        notes = []
        if len(parts) > _MOST_SIDES:
            notes.append(f"only the first {_MOST_SIDES} of {len(parts)} tables were compared")
            parts = parts[:_MOST_SIDES]
        pairs = []
        for (i, one), (j, other) in combinations(enumerate(parts), 2):
            pair = frozenset((one.identity, other.identity))
            if pair not in self._compared:
                self._compared.add(pair)
                pairs.append((i, j))
        if pairs:
            yield Found(step=step, parts=tuple(parts), pairs=tuple(pairs), notes=tuple(notes))


def _in(pieces: list[Piece]) -> Iterator[list[Part]]:
    """The splits among some pieces, and inside of the containers among them."""
    splits = list(_by_name(pieces)) or list(_by_columns(pieces))
    yield from splits
    used = {part.table.identity for split in splits for part in split}
    for _, piece in pieces:
        if isinstance(piece, Group):
            pair = _features_and_labels(piece)
            if pair is None or pair[0].identity not in used:
                yield from _in([(_key(item.name), item) for item in piece.items])


def _key(name: str) -> str:
    """The last key of a place in a container: ``train`` of ``result['train']``."""
    return name[name.rindex("[") + 1 : -1].strip("'\"")


def _by_name(pieces: list[Piece]) -> Iterator[list[Part]]:
    """Splits of pieces whose names say on which side they are."""
    tables: dict[str, dict[str, Part]] = {}
    labels: dict[tuple[str, str], Table] = {}
    for name, piece in pieces:
        role = role_of(name)
        if role is None:
            continue
        features, own = _parted(piece)
        if features is None:
            continue
        if role.labels and own is None:
            labels[role.rest, role.side] = features
        else:
            part = Part(
                name=features.name if own is None else piece.name, table=features, labels=own
            )
            tables.setdefault(role.rest, {}).setdefault(role.side, part)
    for rest, sides in tables.items():
        parts = [
            _labelled(sides[side], labels.get((rest, side))) for side in ORDER if side in sides
        ]
        if len(parts) > 1 and _alike(parts):
            yield parts


def _by_columns(pieces: list[Piece]) -> Iterator[list[Part]]:
    """Splits of pieces whose names say nothing: tables that have the same columns."""
    found: dict[tuple[str, ...], list[Part]] = {}
    flat: list[Table] = []
    for _, piece in pieces:
        features, labels = _parted(piece)
        if features is None:
            continue
        if features.flat:
            flat.append(features)
        else:
            part = Part(name=piece.name, table=features, labels=labels)
            found.setdefault(features.schema, []).append(part)
    for parts in found.values():
        if len(parts) > 1:
            left = list(flat)
            yield [_labelled(part, _of_length(left, part.table.rows)) for part in parts]


def _parted(piece: Table | Group) -> tuple[Table | None, Table | None]:
    """The features and the labels of a piece that is a table, or a pair of them."""
    if isinstance(piece, Table):
        return piece, None
    return _features_and_labels(piece) or (None, None)


def _features_and_labels(group: Group) -> tuple[Table, Table] | None:
    """A container of nothing but a table and its labels."""
    if len(group.items) != 2:
        return None
    one, other = group.items
    if isinstance(one, Group) or isinstance(other, Group) or one.rows != other.rows:
        return None
    if one.flat == other.flat:
        return None
    return (other, one) if one.flat else (one, other)


def _labelled(part: Part, labels: Table | None) -> Part:
    if part.labels is not None or labels is None or labels.rows != part.table.rows:
        return part
    return Part(name=part.name, table=part.table, labels=labels)


def _of_length(flat: list[Table], rows: int) -> Table | None:
    """Takes the first of some columns that has so many rows."""
    for place, table in enumerate(flat):
        if table.rows == rows:
            return flat.pop(place)
    return None


def _alike(parts: list[Part]) -> bool:
    """Whether the sides have most of their columns in common."""
    schemas = [set(part.table.schema) for part in parts]
    common = set.intersection(*schemas)
    return 2 * len(common) >= max(map(len, schemas))
