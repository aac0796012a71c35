"""Keys whose executions gave different content: tasks that are not deterministic.

Nothing is recorded for it. A key holds everything that is known to decide a result, so two
executions of one key that gave different content show that something else decides it, too.
Set apart are executions with another seed, when they drew random numbers, and those that
read something else unasked: these the record explains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal_column, or_, select

from lineal.digests.digest import Digest
from lineal.records import OBSERVED, Nondeterminism

from .statements import Among, Builder, read
from .tables import executions, generated, used

_e, _g, _u = executions.c, generated.c, used.c
# Spelled out as the partial indexes have it.
_executed = _e.status == literal_column("'executed'")
_identified = ~_g.artifact.startswith("unique:")
_seed = case((_e.seed_used, _e.seed))


def of_keys(connection: Connection, keys: Iterable[Digest]) -> list[Nondeterminism]:
    """Those of some keys that gave different content."""
    return _found(connection, _suspects_by_key, keys)


def of_codes(connection: Connection, codes: Iterable[Digest]) -> list[Nondeterminism]:
    """The keys of which some code made different content, whatever it was given."""
    return _found(connection, _suspects_by_code, codes)


def _found(
    connection: Connection, suspects: Builder, wanted: Iterable[Any]
) -> list[Nondeterminism]:
    keys = list(dict.fromkeys(row.key for row in read(connection, suspects, wanted)))
    rows = read(connection, _outputs, keys)
    observed = _observed(connection, {row.id for row in rows})
    contents: dict[tuple[Any, ...], dict[str, dict[str, int]]] = defaultdict(dict)
    for row in rows:
        alike = (row.key, row.task, row.code, row.seed, observed.get(row.id, frozenset()))
        contents[alike].setdefault(row.name, {}).setdefault(row.artifact, row.id)
    return list(_judged(contents))


def _judged(
    contents: dict[tuple[Any, ...], dict[str, dict[str, int]]],
) -> Iterator[Nondeterminism]:
    for (key, task, code, *_), outputs in contents.items():
        apart = {name: firsts for name, firsts in outputs.items() if len(firsts) > 1}
        if apart:
            yield Nondeterminism(
                task=task,
                key=Digest(key),
                code=None if code is None else Digest(code),
                outputs=tuple(apart),
                executions=tuple(
                    sorted({id_ for firsts in apart.values() for id_ in firsts.values()})
                ),
            )


def _observed(connection: Connection, ids: Iterable[int]) -> dict[int, frozenset[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in read(connection, _seen, ids):
        found[row.execution_id].add((row.name, row.artifact))
    return {id_: frozenset(pairs) for id_, pairs in found.items()}


# Statements; see `statements.read`.


def _suspects(chosen: ColumnElement[bool]) -> Select[Any]:
    return (
        select(_e.key)
        .join_from(executions, generated)
        .where(chosen, _e.key.is_not(None), _executed, _identified)
        .group_by(_e.key, _seed, _g.name)
        .having(func.min(_g.artifact) != func.max(_g.artifact))
    )


def _suspects_by_key(among: Among) -> Select[Any]:
    return _suspects(among(_e.key))


def _suspects_by_code(among: Among) -> Select[Any]:
    return _suspects(among(_e.code))


def _outputs(among: Among) -> Select[Any]:
    return (
        select(_e.id, _e.task, _e.key, _e.code, _seed.label("seed"), _g.name, _g.artifact)
        .join_from(executions, generated)
        .where(among(_e.key), _executed, _identified)
        .order_by(_e.id, _g.position)
    )


def _seen(among: Among) -> Select[Any]:
    kinds = or_(*(_u.name.startswith(kind) for kind in OBSERVED))
    return select(_u.execution_id, _u.name, _u.artifact).where(among(_u.execution_id), kinds)
