"""The split that whoever asks names: two outputs or arguments of the run."""

from __future__ import annotations

from collections.abc import Iterator

from lineal.digests.digest import Digest
from lineal.errors import UserError
from lineal.records import RunRecord
from lineal.running import Services

from .splits import Found, Part
from .tables import Table, table_in


def asked_split(services: Services, record: RunRecord, train: str, test: str) -> Found:
    """Two sides by name, as if they had been found.

    Raises:
        UserError: one is not there, is several things, or is no table.
    """
    parts = [Part(name=name, table=_named(services, record, name)) for name in (train, test)]
    if parts[0].identity == parts[1].identity:
        raise UserError(f"{train!r} and {test!r} are the same table; name two.")
    return Found(step="", parts=tuple(parts), pairs=((0, 1),))


def _named(services: Services, record: RunRecord, name: str) -> Table:
    known = list(_names(record))
    found = {digest for called, digest in known if called == name}
    if not found:
        there = ", ".join(sorted({called for called, _ in known if "." in called})[:20])
        raise UserError(
            f"Run #{record.number} has no output or argument {name!r}; it has {there or 'none'}."
        )
    if len(found) > 1:
        steps = ", ".join(
            sorted({called for called, digest in known if digest in found and "." in called})
        )
        raise UserError(f"{name!r} is several things in run #{record.number}: {steps}. Name one.")
    artifact = services.catalog.artifacts([*found]).get(found.pop())
    table = None if artifact is None else table_in(services.values, name, artifact)
    if not isinstance(table, Table):
        raise UserError(f"{name!r} of run #{record.number} is no frame or array that was kept.")
    return table


def _names(record: RunRecord) -> Iterator[tuple[str, Digest]]:
    """What outputs and arguments can be called, the step before the point or left out."""
    for execution in record.executions:
        step = execution.step
        for output in execution.outputs:
            yield f"{step}.{output.name}", output.digest
            yield (output.name if output.name != "result" else step), output.digest
        for given in execution.inputs:
            if given.value is None and not given.observed:
                yield f"{step}.{given.name}", given.digest
                yield given.name, given.digest
