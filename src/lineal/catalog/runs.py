"""Runs: begin, finish, annotate, find and list them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    Table,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from lineal.digests.digest import Digest
from lineal.errors import ParameterError, ReferenceNotFound
from lineal.records import CodeSnapshot, MetricSummary, Output, RunRecord, RunStatus

from .batch import Experiment
from .dialect import among, packed, upsert
from .rows import clean, maybe_clean, metric_of, micros, moment, run_of, run_row
from .snapshots import snapshot_text
from .statements import Among, read
from .tables import (
    executions,
    experiments,
    metric_summaries,
    run_params,
    run_results,
    run_tags,
    runs,
)
from .writing import put

POSITIONS = 1 << 24
"""How many executions a run's number leaves room for; see `records.execution_id`."""

_MANY_NAMESAKES = 100


def begin(connection: Connection, record: RunRecord) -> int:
    """Write a new run with its parameters and tags; returns the number it was given."""
    experiment_id = _experiment(connection, clean(record.experiment))
    written = connection.execute(insert(runs), run_row(record, experiment_id))
    assert written.inserted_primary_key is not None
    number = int(written.inserted_primary_key[0])
    put(connection, run_params, _texts(number, record.params))
    put(connection, run_tags, _texts(number, record.tags))
    _put_result(connection, number, record.result)
    return number


def _experiment(connection: Connection, name: str) -> int:
    """The id of an experiment, which is made when there is none of this name."""
    wanted = select(experiments.c.id).where(experiments.c.name == name)
    known: int | None = connection.execute(wanted).scalar()
    if known is None:
        connection.execute(upsert(connection, experiments), {"name": name, "created_at": now()})
        known = connection.execute(wanted).scalar_one()
    return known


def finish(
    connection: Connection,
    number: int,
    *,
    status: RunStatus,
    finished_at: datetime,
    error: str | None,
    result: Sequence[Output],
    code: CodeSnapshot | None,
) -> None:
    """Write how a run ended; what is not given stays as it was."""
    values: dict[str, Any] = {
        "status": status.value,
        "finished_at": micros(finished_at),
        "error": maybe_clean(error),
    }
    if code is not None:
        values["code"] = snapshot_text(code)
    change(connection, number, values)
    _put_result(connection, number, result)


def change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Set columns of one run.

    Raises:
        ReferenceNotFound: When no run has the number.
    """
    if connection.execute(update(runs).where(runs.c.number == number), values).rowcount == 0:
        raise ReferenceNotFound(f"There is no run #{number}; `lineal runs` lists those there are.")


def set_tags(connection: Connection, number: int, tags: Mapping[str, str]) -> None:
    """Write tags; a tag of the same name is replaced."""
    put(connection, run_tags, _texts(number, tags), replacing=("value",))


def set_params(connection: Connection, number: int, params: Mapping[str, str]) -> None:
    """Write parameters, which never change once written.

    Raises:
        ParameterError: When one was written with another value before.
    """
    put(connection, run_params, _texts(number, params))
    kept = _texts_of(connection, run_params, [number])[number]
    for name, value in params.items():
        before = kept[clean(name)]
        if before != clean(value):
            raise ParameterError(
                f"Parameter {name!r} of run #{number} is {before!r} and can't become {value!r}: a "
                "run's parameters never change. Log it under another name, or begin another run."
            )


def now() -> int:
    """The present, as the catalog writes times."""
    stamp = micros(datetime.now(UTC))
    assert stamp is not None
    return stamp


def base() -> Select[Any]:
    """Every run with its experiment's name."""
    return select(*runs.c, experiments.c.name.label("experiment")).join_from(runs, experiments)


def records(connection: Connection, rows: Sequence[Row[Any]], **beside: Any) -> list[RunRecord]:
    """The runs in rows of `base`, with parameters, tags, results and metrics.

    The number of queries does not depend on the number of runs.
    """
    numbers = [row.number for row in rows]
    if not numbers:
        return []
    params = _texts_of(connection, run_params, numbers)
    tags = _texts_of(connection, run_tags, numbers)
    metrics = _metrics_of(connection, numbers)
    results = _results_of(connection, numbers)
    return [
        run_of(
            row,
            params=params[row.number],
            tags=tags[row.number],
            metrics=tuple(metrics[row.number]),
            result=tuple(results[row.number]),
            **beside,
        )
        for row in rows
    ]


def metrics_of(connection: Connection, number: int) -> tuple[MetricSummary, ...]:
    """The metrics of one run, as `records` gives them."""
    return tuple(_metrics_of(connection, [number])[number])


def row_of(connection: Connection, reference: str | int) -> Row[Any]:
    """The row of `base` for a run's id or number.

    Raises:
        ReferenceNotFound: When there is no such run.
    """
    wanted = runs.c.number if isinstance(reference, int) else runs.c.id
    row = connection.execute(base().where(wanted == reference)).one_or_none()
    if row is None:
        shown = f"#{reference}" if isinstance(reference, int) else reference
        raise ReferenceNotFound(
            f"No run answers to {shown!r}; `lineal runs` lists the runs there are."
        )
    return row


def find(connection: Connection, reference: str) -> list[str]:
    """The ids of the runs that a reference may mean, newest first.

    In order of precedence: ``latest``, a whole id, a number (``#12`` or ``12``), a name, and
    the beginning of an id.
    """
    reference = clean(reference.strip())
    newest = select(runs.c.id).order_by(runs.c.number.desc()).limit(_MANY_NAMESAKES)
    if reference == "latest":
        return list(connection.execute(newest.limit(1)).scalars())
    conditions = [runs.c.id == reference]
    if re.fullmatch(r"#?[0-9]{1,18}", reference, re.ASCII):
        conditions.append(runs.c.number == int(reference.lstrip("#")))
    conditions.append(runs.c.name == reference)
    if re.fullmatch(r"[0-9a-f]+", reference, re.ASCII):
        conditions.append(and_(runs.c.id >= reference, runs.c.id < reference + "g"))
    for condition in conditions:
        found = list(connection.execute(newest.where(condition)).scalars())
        if found:
            return found
    return []


def places_of(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """The id of the run, and the step, of executions."""
    e = executions.c
    statement = (
        select(e.id, runs.c.id.label("run_id"), e.step)
        .join_from(executions, runs, runs.c.number == e.run_number)
        .where(among(connection, e.id, "ids"))
    )
    rows = connection.execute(statement, {"ids": packed(connection, ids)})
    return {row.id: (row.run_id, row.step) for row in rows}


def heard_of(connection: Connection, number: int, stamp: int) -> None:
    """Note that a run goes on; also one that was taken for lost, which it is not."""
    going = or_(still_running(), runs.c.status == RunStatus.LOST.value)
    connection.execute(
        update(runs)
        .where(runs.c.number == number, going)
        .values(heartbeat_at=stamp, status=RunStatus.RUNNING.value, finished_at=None)
    )


def going_on(connection: Connection, host: str, silent_since: int) -> list[RunRecord]:
    """The runs of a machine that are not known to have ended, and others that fell silent.

    Args:
        connection: A transaction that reads.
        host: The machine, as its runs have it.
        silent_since: In microseconds, when runs of other machines were last heard of.
    """
    silent = runs.c.heartbeat_at < silent_since
    condition = and_(still_running(), or_(runs.c.host == host, silent))
    return records(connection, connection.execute(base().where(condition)).all())


def mark_lost(connection: Connection, numbers: Iterable[int]) -> list[RunRecord]:
    """Mark those that still run as lost, ended when there was the last sign of them."""
    condition = and_(among(connection, runs.c.number, "numbers"), still_running())
    chosen = {"numbers": packed(connection, numbers)}
    lost = list(connection.execute(select(runs.c.number).where(condition), chosen).scalars())
    chosen = {"numbers": packed(connection, lost)}
    connection.execute(
        update(runs)
        .where(among(connection, runs.c.number, "numbers"))
        .values(status=RunStatus.LOST.value, finished_at=_last_seen()),
        chosen,
    )
    rows = connection.execute(
        base().where(among(connection, runs.c.number, "numbers")).order_by(runs.c.number.desc()),
        chosen,
    ).all()
    return records(connection, rows)


def _last_seen() -> ColumnElement[int]:
    """The last heartbeat of a run, or when its last step ended if that was later."""
    e = executions.c
    ended = (
        select(func.max(e.finished_at))
        .where(e.id >= runs.c.number * POSITIONS, e.id < (runs.c.number + 1) * POSITIONS)
        .scalar_subquery()
    )
    return case((ended > runs.c.heartbeat_at, ended), else_=runs.c.heartbeat_at)


def still_running() -> Any:
    """The condition that a run goes on, written as the index of running runs has it."""
    return runs.c.status == literal(RunStatus.RUNNING.value, literal_execute=True)


def all_experiments(connection: Connection) -> list[Experiment]:
    """Every experiment, in the order they were made."""
    statement = (
        select(*experiments.c, func.count(runs.c.number).label("runs"))
        .join_from(experiments, runs, isouter=True)
        .group_by(*experiments.c)
        .order_by(experiments.c.id)
    )
    return [
        Experiment(id=row.id, name=row.name, created_at=moment(row.created_at), runs=row.runs)
        for row in connection.execute(statement)
    ]


def _texts(owner: int, texts: Mapping[str, str]) -> list[tuple[Any, ...]]:
    return [(owner, clean(name), clean(value)) for name, value in texts.items()]


def _texts_of(
    connection: Connection, table: Table, owners: Sequence[int]
) -> dict[int, dict[str, str]]:
    """The texts of many runs, by run and name."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    statement = select(table).where(among(connection, table.c.run_number, "owners"))
    for owner, name, value in connection.execute(statement, {"owners": packed(connection, owners)}):
        found[owner][name] = value
    return found


def _put_result(connection: Connection, number: int, result: Sequence[Output]) -> None:
    rows = [(number, place, clean(o.name), o.digest) for place, o in enumerate(result)]
    put(connection, run_results, rows, replacing=("name", "artifact"))


def _results_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Output]]:
    found: dict[int, list[Output]] = defaultdict(list)
    statement = (
        select(run_results)
        .where(among(connection, run_results.c.run_number, "numbers"))
        .order_by(run_results.c.run_number, run_results.c.position)
    )
    for row in connection.execute(statement, {"numbers": packed(connection, numbers)}):
        found[row.run_number].append(Output(name=row.name, digest=Digest(row.artifact)))
    return found


def _metrics_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[MetricSummary]]:
    """The metrics of many runs: their own, and those of the executions they reused.

    A reused metric is shown under the execution that reused it.
    """
    found: dict[int, list[MetricSummary]] = defaultdict(list)
    for row in read(connection, _metrics, numbers):
        found[row.run_number].append(metric_of(row))
    return found


def _metrics(among: Among) -> CompoundSelect[Any]:
    m = metric_summaries
    first = cast(runs.c.number, BigInteger) * POSITIONS
    own = (
        select(runs.c.number.label("run_number"), m.c.execution_id.label("shown_by"), *m.c)
        .join_from(runs, m, and_(m.c.execution_id >= first, m.c.execution_id < first + POSITIONS))
        .where(among(runs.c.number))
    )
    reused = (
        select(executions.c.run_number, executions.c.id.label("shown_by"), *m.c)
        .join_from(
            runs, executions, and_(executions.c.id >= first, executions.c.id < first + POSITIONS)
        )
        .join(m, m.c.execution_id == executions.c.reused_from)
        .where(among(runs.c.number), executions.c.reused_from.is_not(None))
    )
    return union_all(own, reused).order_by("shown_by", "key", "labels")
