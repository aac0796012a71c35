"""Records to rows and back: texts, times, JSON, and the order of columns in an insertion."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from lineal.digests.digest import Digest
from lineal.records import (
    Artifact,
    Cause,
    Change,
    CodeIdentity,
    Environment,
    Execution,
    ExecutionStatus,
    Input,
    MetricSummary,
    Output,
    Reason,
    Resources,
    RunRecord,
    RunStatus,
    Source,
    Stored,
)

from .snapshots import snapshot_of, snapshot_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A row as the driver gives it, with its columns as attributes.
Row = Any
_MICROSECOND = timedelta(microseconds=1)
_NAN = float("nan")

_quoted = json.encoder.encode_basestring_ascii
compact = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=True).encode
"""JSON with sorted keys and no spaces: one text for one value."""
in_order = json.JSONEncoder(separators=(",", ":")).encode
"""The same with keys in their own order, where it carries meaning."""


def micros(moment: datetime | None) -> int | None:
    """A moment as microseconds since 1970 in UTC; one without a zone is local time."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.astimezone(UTC)
    return (moment - _EPOCH) // _MICROSECOND


def moment(stamp: int) -> datetime:
    """The moment that a number of microseconds stands for, in UTC."""
    return _EPOCH + timedelta(microseconds=stamp)


def maybe_moment(stamp: int | None) -> datetime | None:
    """The moment, or None where there is none."""
    return None if stamp is None else moment(stamp)


def clean(text: str) -> str:
    """The text with what no database can hold written out: lone surrogates and NUL."""
    if text.isascii():
        return text.replace("\x00", "\\x00") if "\x00" in text else text
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def maybe_clean(text: str | None) -> str | None:
    """`clean`, or None where there is none."""
    return None if text is None else clean(text)


# Of a digest or a member of an enumeration the driver first asks whether it adapts itself to a
# database, which takes it longer than the insertion of a plain text; so each is made one.


def artifact_row(artifact: Artifact, created_at: int) -> tuple[Any, ...]:
    """A row of `artifacts`."""
    stored = artifact.stored
    head = (
        str(artifact.digest),
        artifact.kind,
        clean(artifact.type),
        in_order(dict(artifact.profile)) if artifact.profile else "{}",
        created_at,
    )
    if stored is None:
        return (*head, None, None, None, None, None)
    address = None if stored.address is None else str(stored.address)
    return (*head, stored.codec, stored.size, address, stored.inline, stored.pickled)


def artifact_of(row: Sequence[Any]) -> Artifact:
    """The artifact in a row of `artifacts`, whose columns are in their order."""
    digest, kind, type_, profile, _, codec, size, address, inline, pickled = row
    stored = None
    if codec is not None:
        stored = Stored(
            codec=codec,
            size=size,
            address=_digest(address),
            inline=inline,
            pickled=bool(pickled),
        )
    return Artifact(
        digest=Digest(digest),
        kind=kind,
        type=type_,
        stored=stored,
        profile={} if profile == "{}" else json.loads(profile),
    )


def code_row(code: CodeIdentity) -> tuple[Any, ...]:
    """A row of `codes`."""
    return (
        code.digest,
        in_order(dict(code.components)),
        in_order(dict(code.distributions)),
        json.dumps(code.files),
        json.dumps(code.warnings),
    )


def code_of(row: Row) -> CodeIdentity:
    """The code in a row of `codes`."""
    return CodeIdentity(
        digest=Digest(row.digest),
        components={k: Digest(v) for k, v in json.loads(row.components).items()},
        distributions=json.loads(row.distributions),
        files=tuple(json.loads(row.files)),
        warnings=tuple(json.loads(row.warnings)),
    )


def environment_row(environment: Environment) -> tuple[Any, ...]:
    """A row of `environments`."""
    return (
        environment.digest,
        clean(environment.python),
        clean(environment.platform),
        clean(environment.cpu),
        environment.cpu_count,
        in_order(dict(environment.distributions)),
        in_order(dict(environment.variables)),
    )


def environment_of(row: Row) -> Environment:
    """The environment in a row of `environments`."""
    return Environment(
        digest=Digest(row.digest),
        python=row.python,
        platform=row.platform,
        cpu=row.cpu,
        cpu_count=row.cpu_count,
        distributions=json.loads(row.distributions),
        variables=json.loads(row.variables),
    )


def execution_row(execution: Execution) -> tuple[Any, ...]:
    """A row of `executions`."""
    e = execution
    changes = e.reason.changes
    resources = e.resources
    return (
        e.id,
        e.id >> 24,
        e.position,
        clean(e.step),
        clean(e.task),
        str(e.status),
        None if e.key is None else str(e.key),
        str(e.reason.cause),
        clean(e.reason.text),
        compact([(c.component, c.name, c.before, c.after) for c in changes]) if changes else None,
        None if e.code is None else str(e.code),
        maybe_clean(e.version),
        e.reused_from,
        bindings_of(e.inputs) if e.reused_from is not None else None,
        micros(e.started_at),
        micros(e.finished_at),
        resources.wall_seconds,
        resources.cpu_seconds,
        resources.peak_memory_bytes,
        e.attempts,
        None if e.seed is None else str(e.seed),
        e.seed_used,
        clean(e.log),
        maybe_clean(e.error),
    )


def bindings_of(inputs: Sequence[Input]) -> str | None:
    """By input, the step it came from or its text: what a shared key does not decide."""
    if not inputs:
        return None
    # What `compact` gives, in a third of its time.
    bound = [
        f"{_quoted(i.name)}:[{_quoted(source.step)},{_quoted(source.output)}]"
        if (source := i.source) is not None
        else f"{_quoted(i.name)}:{_quoted(i.value or '')}"
        for i in (inputs if len(inputs) == 1 else sorted(inputs, key=_by_name))
        if not i.ignored and (i.source is not None or i.value is not None)
    ]
    return "{" + ",".join(bound) + "}"


_by_name = attrgetter("name")


def execution_of(
    row: Row,
    run_id: str,
    *,
    inputs: tuple[Input, ...],
    outputs: tuple[Output, ...],
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> Execution:
    """The execution in a row of `executions`, with what was read beside it."""
    changes = json.loads(row.changes) if row.changes else ()
    return Execution(
        id=row.id,
        run_id=run_id,
        position=row.position,
        step=row.step,
        task=row.task,
        status=ExecutionStatus(row.status),
        key=_digest(row.key),
        reason=Reason(
            cause=Cause(row.cause),
            text=row.reason,
            changes=tuple(Change(component=c, name=n, before=b, after=a) for c, n, b, a in changes),
        ),
        inputs=inputs,
        outputs=outputs,
        code=_digest(row.code),
        version=row.version,
        reused_from=row.reused_from,
        started_at=maybe_moment(row.started_at),
        finished_at=maybe_moment(row.finished_at),
        resources=Resources(
            wall_seconds=row.wall_seconds,
            cpu_seconds=row.cpu_seconds,
            peak_memory_bytes=row.peak_memory_bytes,
        ),
        attempts=row.attempts,
        seed=None if row.seed is None else int(row.seed),
        seed_used=row.seed_used,
        log=row.log,
        error=row.error,
        params=params,
        tags=tags,
    )


def used_row(execution_id: int, position: int, given: Input, maker: int | None) -> tuple[Any, ...]:
    """A row of `used`; the maker is the execution that the value was had from."""
    source = given.source
    return (
        execution_id,
        position,
        clean(given.name),
        str(given.digest),
        maybe_clean(given.value),
        None if source is None else clean(source.step),
        None if source is None else clean(source.output),
        given.ignored,
        maker,
    )


def input_of(row: Row, bindings: Mapping[str, Any] | None) -> Input:
    """The input in a row of `used`; bindings are those of the execution that reused it."""
    value, source = row.value, None
    if bindings is not None and not row.ignored:
        bound = bindings.get(row.name)
        value = bound if isinstance(bound, str) else None
        source = Source(step=bound[0], output=bound[1]) if isinstance(bound, list) else None
    elif row.source_step is not None:
        source = Source(step=row.source_step, output=row.source_output)
    return Input(
        name=row.name,
        digest=Digest(row.artifact),
        value=value,
        source=source,
        ignored=row.ignored,
    )


def metric_row(summary: MetricSummary) -> tuple[Any, ...]:
    """A row of `metric_summaries`."""
    return (
        summary.execution_id,
        clean(summary.key),
        compact(dict(summary.labels)),
        _number(summary.last),
        _number(summary.min),
        _number(summary.max),
        summary.count,
        summary.last_step,
    )


def metric_of(row: Row) -> MetricSummary:
    """The summary in a row of `metric_summaries`, under the execution that shows it."""
    return MetricSummary(
        execution_id=row.shown_by,
        key=row.key,
        labels={} if row.labels == "{}" else json.loads(row.labels),
        last=_NAN if row.last is None else row.last,
        min=_NAN if row.min is None else row.min,
        max=_NAN if row.max is None else row.max,
        count=row.count,
        last_step=row.last_step,
    )


def run_row(record: RunRecord, experiment_id: int) -> dict[str, Any]:
    """A row of `runs`, without the number that the catalog gives it."""
    return {
        "id": record.id,
        "name": clean(record.name),
        "experiment_id": experiment_id,
        "pipeline": maybe_clean(record.pipeline),
        "status": record.status.value,
        "started_at": micros(record.started_at),
        "finished_at": micros(record.finished_at),
        "heartbeat_at": micros(record.started_at),
        "user": clean(record.user),
        "host": clean(record.host),
        "pid": record.pid,
        "command": clean(record.command),
        "seed": str(record.seed),
        "note": clean(record.note),
        "error": maybe_clean(record.error),
        "environment": record.environment,
        "code": snapshot_text(record.code),
    }


def run_of(row: Row, **beside: Any) -> RunRecord:
    """The run in a row of `runs` joined with its experiment's name."""
    return RunRecord(
        id=row.id,
        number=row.number,
        name=row.name,
        experiment=row.experiment,
        pipeline=row.pipeline,
        status=RunStatus(row.status),
        started_at=moment(row.started_at),
        finished_at=maybe_moment(row.finished_at),
        user=row.user,
        host=row.host,
        pid=row.pid,
        command=row.command,
        seed=int(row.seed),
        note=row.note,
        error=row.error,
        environment=_digest(row.environment),
        code=snapshot_of(row.code),
        **beside,
    )


def _digest(text: str | None) -> Digest | None:
    return None if text is None else Digest(text)


def _number(value: float) -> float | None:
    """SQLite has no NaN; an empty place says the same in every database."""
    return None if value != value else float(value)
