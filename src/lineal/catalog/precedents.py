"""The last executions of steps, with what it takes to tell what has changed since."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, cast, func, or_, select

from lineal.digests.digest import Digest
from lineal.records import ExecutionStatus, Input, Precedent

from .dialect import among, packed
from .glancing import Glance, ask
from .rows import clean
from .runs import POSITIONS
from .tables import executions, runs, used

_WINDOWS = (1, 4, 16, 64)
"""How many runs to look back over, further each time."""
_DONE = or_(
    executions.c.status == ExecutionStatus.EXECUTED.value,
    executions.c.status == ExecutionStatus.REUSED.value,
)


def precedents(glance: Glance, pipeline: str, steps: Sequence[str]) -> dict[str, Precedent]:
    """The latest execution of each step in recent runs of a pipeline, executed or reused."""
    numbers = [row[0] for row in ask(glance, _recent_runs, pipeline=pipeline)]
    wanted, found = {clean(step) for step in steps}, dict[str, int]()
    for size in _WINDOWS:
        window, numbers = numbers[:size], numbers[size:]
        missing = sorted(wanted - found.keys())
        if not window or not missing:
            break
        chosen = {"numbers": packed(glance, window), "steps": packed(glance, missing)}
        found |= {step: last for last, step in ask(glance, _last_of_steps, **chosen)}
    return _read(glance, sorted(found.values()))


def _read(glance: Glance, ids: Sequence[int]) -> dict[str, Precedent]:
    if not ids:
        return {}
    rows = ask(glance, _heads, ids=packed(glance, ids))
    owners = sorted({id_ for row in rows for id_ in row[:2] if id_ is not None})
    inputs: dict[int, list[Any]] = {}
    for owner, *given in ask(glance, _inputs, ids=packed(glance, owners)):
        inputs.setdefault(owner, []).append(given)
    return {
        step: Precedent(
            task=task,
            code=None if code is None else Digest(code),
            version=version,
            inputs=_merged(inputs.get(id_, ()), inputs.get(origin, ()), bindings),
        )
        for id_, origin, step, task, code, version, bindings in rows
    }


def _merged(
    own: Sequence[Any], of_origin: Sequence[Any], bindings: str | None
) -> tuple[Input, ...]:
    """What an execution was given; of what a shared key decides, its origin holds the digests."""
    if bindings is None:
        return tuple(_input(*given) for given in of_origin or own)
    bound = json.loads(bindings)
    return tuple(
        _input(name, digest, value if ignored else bound.get(name), ignored)
        for name, digest, value, ignored in [*(g for g in of_origin if not g[3]), *own]
    )


def _input(name: str, digest: str, value: Any, ignored: bool) -> Input:
    text = value if isinstance(value, str) else None
    return Input(name=name, digest=Digest(digest), value=text, ignored=bool(ignored))


# Statements; see `glancing.ask`.


def _recent_runs(_: Glance) -> Select[Any]:
    return (
        select(runs.c.number)
        .where(runs.c.pipeline == bindparam("pipeline"))
        .order_by(runs.c.number.desc())
        .limit(sum(_WINDOWS))
    )


def _last_of_steps(glance: Glance) -> Select[Any]:
    first = cast(runs.c.number, BigInteger) * POSITIONS
    return (
        select(func.max(executions.c.id), executions.c.step)
        .join_from(
            runs, executions, and_(executions.c.id >= first, executions.c.id < first + POSITIONS)
        )
        .where(
            among(glance, runs.c.number, "numbers"),
            among(glance, executions.c.step, "steps"),
            _DONE,
        )
        .group_by(executions.c.step)
    )


def _heads(glance: Glance) -> Select[Any]:
    e = executions.c
    return (
        select(e.id, e.reused_from, e.step, e.task, e.code, e.version, e.bindings)
        .where(among(glance, e.id, "ids"))
        .order_by(e.id)
    )


def _inputs(glance: Glance) -> Select[Any]:
    u = used.c
    return (
        select(u.execution_id, u.name, u.artifact, u.value, u.ignored)
        .where(among(glance, u.execution_id, "ids"))
        .order_by(u.execution_id, u.position)
    )
