"""Comparing two things with all that made them: each a side, with its records at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lineal.digests.digest import Digest
from lineal.errors import LinealError, UserError
from lineal.records import Artifact, CodeIdentity, Environment, Execution

from .code import Read, code_changes
from .data import data_change
from .results import DataChange, Difference
from .settings import environment_change, metric_changes, value_changes
from .shape import shape_change

if TYPE_CHECKING:
    import pandas as pd

Frames = Callable[[Artifact, Artifact], "tuple[pd.DataFrame, pd.DataFrame] | str"]
"""Loads two values as tables, or says why they can't be compared as such."""


_DATASET = "dataset version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two things that are compared."""

    reference: str
    """What it was asked for as."""
    kind: str
    """run, model version, dataset version or artifact."""
    artifact: Artifact | None = None
    """The value that it is; None for a run."""
    executions: Sequence[Execution] = ()
    """The steps that made it, by position."""
    codes: Mapping[Digest, CodeIdentity] = field(default_factory=dict)
    artifacts: Mapping[Digest, Artifact] = field(default_factory=dict)
    """What its steps were given and gave."""
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    environment: Environment | None = None
    files: Mapping[str, Read] = field(default_factory=dict)
    """By path: what gives the text of a code file that was kept."""


def compare(before: Side, after: Side, frames: Frames, key: Sequence[str] = ()) -> Difference:
    """All that changed from one thing to another.

    Args:
        before: The first.
        after: The second.
        frames: Loads the tables that differ.
        key: Columns that tell rows apart.

    Raises:
        UserError: the two are values, and their rows can't be compared as was asked.
    """
    reached = {
        name for side in (before, after) for c in side.codes.values() for name in c.distributions
    }
    return Difference(
        before=before.reference,
        after=after.reference,
        kind=before.kind if before.kind == after.kind else f"{before.kind}, {after.kind}",
        code=code_changes(
            before.codes.values(),
            after.codes.values(),
            files_before=before.files,
            files_after=after.files,
        ),
        data=tuple(_data(before, after, frames, key)),
        params=value_changes(before.params, after.params),
        environment=environment_change(before.environment, after.environment, reached),
        metrics=metric_changes(before.metrics, after.metrics),
        shape=shape_change(before.executions, after.executions),
        notes=tuple(_notes(before, after)),
    )


def _data(before: Side, after: Side, frames: Frames, key: Sequence[str]) -> list[DataChange]:
    found = []
    one, other = before.artifact, after.artifact
    if one is not None and other is not None and one.digest != other.digest:
        # What was asked about is compared as it was asked, or refused.
        loaded = frames(one, other)
        if isinstance(loaded, str):
            if key and not loaded and before.kind == after.kind == _DATASET:
                raise UserError(
                    f"{before.reference} and {after.reference} are not both tables, so no column"
                    " tells their rows apart; compare them without a key."
                )
            found.append(data_change(one, other, note=loaded))
        else:
            found.append(data_change(one, other, frames=loaded, key=key))
    told = {(_digest(one), _digest(other))}
    old, new = _values(before), _values(after)
    for place in dict.fromkeys([*old, *new]):
        pair = old.get(place), new.get(place)
        digests = _digest(pair[0]), _digest(pair[1])
        # A value that goes by several names is told of once.
        if digests[0] != digests[1] and digests not in told:
            told.add(digests)
            found.append(_part(place, pair, frames, key))
    return found


def _digest(artifact: Artifact | None) -> Digest | None:
    return None if artifact is None else artifact.digest


def _values(side: Side) -> dict[tuple[str, str], Artifact]:
    """By role and name: what came from outside, and what the steps made."""
    found: dict[tuple[str, str], Artifact] = {}
    for execution in side.executions:
        for given in execution.inputs:
            artifact = side.artifacts.get(given.digest)
            plain = given.value is not None and (
                artifact is None or artifact.kind not in ("file", "tree")
            )
            if given.source is None and artifact is not None and not plain:
                found["input", f"{execution.step}.{given.name}"] = artifact
        for output in execution.outputs:
            artifact = side.artifacts.get(output.digest)
            if artifact is not None:
                found["output", f"{execution.step}.{output.name}"] = artifact
    return found


def _part(
    place: tuple[str, str],
    pair: tuple[Artifact | None, Artifact | None],
    frames: Frames,
    key: Sequence[str],
) -> DataChange:
    """A value on the way: compared as far as it goes, by the key where it has its columns."""
    role, name = place
    before, after = pair
    if before is None or after is None:
        return data_change(before, after, name=name, role=role)
    try:
        loaded = frames(before, after)
    except LinealError as problem:
        loaded = str(problem)
    if isinstance(loaded, str):
        return data_change(before, after, name=name, role=role, note=loaded)
    fits = bool(key) and all(set(key) <= set(frame.columns) for frame in loaded)
    return data_change(before, after, name=name, role=role, frames=loaded, key=key if fits else ())


def _notes(before: Side, after: Side) -> list[str]:
    notes = []
    for side in (before, after):
        if not side.executions:
            notes.append(f"Which steps made {side.reference} is not recorded.")
        elif side.environment is None:
            notes.append(f"Where {side.reference} was made is not recorded.")
    return notes
