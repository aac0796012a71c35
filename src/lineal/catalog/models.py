"""Models and their versions: statements that write them, and rows read back as records.

Whoever calls these has decided that what is written may be: `lineal.registry` does.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from lineal.digests.digest import Digest
from lineal.records import (
    Approval,
    GateResult,
    JudgedMetric,
    Judgement,
    Model,
    ModelVersion,
    RegistryEvent,
    VersionStatus,
)

from . import common
from .dialect import exclude_others, upsert
from .rows import clean, compact, in_order, micros, moment
from .runs import now
from .statements import Among, read
from .tables import (
    approvals,
    execution_tags,
    judgements,
    model_aliases,
    model_tags,
    model_version_tags,
    model_versions,
    models,
    registry_events,
    runs,
)

# Writing


def model_id(connection: Connection, name: str) -> int | None:
    """The id of the model of this name."""
    found = connection.execute(select(models.c.id).where(models.c.name == clean(name))).scalar()
    return None if found is None else int(found)


def version_id(connection: Connection, name: str, version: int) -> int:
    """The id of a model version that is there."""
    statement = (
        select(model_versions.c.id)
        .join_from(model_versions, models)
        .where(models.c.name == clean(name), model_versions.c.version == version)
    )
    return int(connection.execute(statement).scalar_one())


def hold(connection: Connection, name: str) -> None:
    """Keep other writers of a model waiting, so that what is read of it stays so."""
    exclude_others(connection, f"model {name}")


def add_version(connection: Connection, version: ModelVersion) -> int | None:
    """Write a version under the next number of its model, which is made if it is new.

    Its tags and aliases are written with it. Returns the number, whatever the version says of
    it; None, and nothing is written, when its content is a version of the model already.
    """
    hold(connection, version.model)
    connection.execute(
        upsert(connection, models),
        {"name": clean(version.model), "description": "", "gates": "[]", "created_at": now()},
    )
    owner = model_id(connection, version.model)
    of_model = model_versions.c.model_id == owner
    same = of_model, model_versions.c.artifact == version.artifact
    if connection.execute(select(model_versions.c.id).where(*same)).first() is not None:
        return None
    last = connection.execute(select(func.max(model_versions.c.version)).where(of_model)).scalar()
    number = int(last or 0) + 1
    connection.execute(
        insert(model_versions),
        {
            "model_id": owner,
            "version": number,
            "artifact": version.artifact,
            "execution_id": version.execution_id,
            "output": clean(version.output),
            "run_number": version.run_number,
            "status": version.status.value,
            "description": clean(version.description),
            "signature": None if version.signature is None else in_order(version.signature),
            "metrics": json.dumps([asdict(metric) for metric in version.metrics]),
            "created_at": micros(version.created_at),
            "created_by": clean(version.created_by),
        },
    )
    common.forget(connection, [version.artifact])
    id_ = version_id(connection, version.model, number)
    for key, value in version.tags.items():
        set_tag(connection, version.model, id_, key, value)
    for alias in version.aliases:
        set_alias(connection, version.model, alias, id_)
    return number


def describe_model(connection: Connection, name: str, text: str) -> None:
    """Write a model's description."""
    connection.execute(
        update(models).where(models.c.name == clean(name)).values(description=clean(text))
    )


def gates_now(connection: Connection, name: str) -> list[str]:
    """The gates of a model, which nobody else changes until the transaction ends."""
    hold(connection, name)
    statement = select(models.c.gates).where(models.c.name == clean(name))
    return list(json.loads(connection.execute(statement).scalar_one()))


def set_gates(connection: Connection, name: str, gates: Sequence[str]) -> None:
    """Write a model's gates."""
    text = json.dumps([clean(gate) for gate in gates])
    connection.execute(update(models).where(models.c.name == clean(name)).values(gates=text))


def is_archived(connection: Connection, id_: int) -> bool:
    """Whether a version is archived."""
    statement = select(model_versions.c.status).where(model_versions.c.id == id_)
    return bool(connection.execute(statement).scalar_one() == VersionStatus.ARCHIVED.value)


def change_version(connection: Connection, id_: int, **values: Any) -> None:
    """Write a version's description or status."""
    connection.execute(update(model_versions).where(model_versions.c.id == id_).values(**values))


def set_alias(connection: Connection, name: str, alias: str, id_: int | None) -> None:
    """Have an alias mean a version, or nothing any more."""
    owner = model_id(connection, name)
    if id_ is None:
        connection.execute(
            delete(model_aliases).where(
                model_aliases.c.model_id == owner, model_aliases.c.alias == clean(alias)
            )
        )
        return
    connection.execute(
        upsert(connection, model_aliases, replacing=("model_version_id",)),
        {"model_id": owner, "alias": clean(alias), "model_version_id": id_},
    )


def set_tag(
    connection: Connection, name: str, id_: int | None, key: str, value: str | None
) -> None:
    """Put a tag on a version, or on the model where none is named; None takes it off."""
    table = model_tags if id_ is None else model_version_tags
    owner = table.c[0]
    of = model_id(connection, name) if id_ is None else id_
    if value is None:
        connection.execute(delete(table).where(owner == of, table.c.key == clean(key)))
        return
    connection.execute(
        upsert(connection, table, replacing=("value",)),
        {owner.name: of, "key": clean(key), "value": clean(value)},
    )


def add_approval(connection: Connection, id_: int, approval: Approval) -> None:
    """Write somebody's approval; a second one of the same person replaces the first."""
    connection.execute(
        upsert(connection, approvals, replacing=("at", "reason")),
        {
            "model_version_id": id_,
            "by": clean(approval.by),
            "at": micros(approval.at),
            "reason": clean(approval.reason),
        },
    )


def add_judgement(connection: Connection, id_: int, judgement: Judgement) -> None:
    """Write what came of the gates."""
    connection.execute(
        insert(judgements),
        {
            "model_version_id": id_,
            "stage": judgement.stage,
            "target": None if judgement.target is None else clean(judgement.target),
            "at": micros(judgement.at),
            "by": clean(judgement.by),
            "results": gates_text(judgement.results),
            "overridden": judgement.overridden,
            "reason": clean(judgement.reason),
        },
    )


def add_event(connection: Connection, event: RegistryEvent) -> None:
    """Write an entry of the history."""
    connection.execute(
        insert(registry_events),
        {
            "at": micros(event.at),
            "by": clean(event.by),
            "action": event.action,
            "model_id": model_id(connection, event.model),
            "version": event.version,
            "details": compact(dict(event.details)),
            "reason": clean(event.reason),
        },
    )


# Reading


def all_models(connection: Connection, name: str | None = None) -> list[Model]:
    """Every model, or the one of this name, with its versions; by name."""
    statement = select(models).order_by(models.c.name)
    if name is not None:
        statement = statement.where(models.c.name == clean(name))
    rows = connection.execute(statement).all()
    owned = _versions(connection, [row.id for row in rows])
    tags = _texts(connection, model_tags, [row.id for row in rows])
    return [
        Model(
            name=row.name,
            created_at=moment(row.created_at),
            description=row.description,
            tags=tags[row.id],
            aliases={a: v.version for v in owned[row.id] for a in v.aliases},
            gates=tuple(json.loads(row.gates)),
            versions=tuple(owned[row.id]),
        )
        for row in rows
    ]


def _versions(connection: Connection, owners: Sequence[int]) -> dict[int, list[ModelVersion]]:
    v = model_versions.c
    rows = connection.execute(
        select(*v, models.c.name.label("model"), runs.c.id.label("run_id"))
        .join_from(model_versions, models)
        .join(runs, runs.c.number == v.run_number)
        .where(v.model_id.in_(owners))
        .order_by(v.model_id, v.version)
    ).all()
    tags = _texts(connection, model_version_tags, [row.id for row in rows])
    aliases: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(
        select(model_aliases).where(model_aliases.c.model_id.in_(owners))
    ):
        aliases[row.model_version_id].append(row.alias)
    found: dict[int, list[ModelVersion]] = defaultdict(list)
    for row in rows:
        found[row.model_id].append(_version(row, tags[row.id], sorted(aliases[row.id])))
    return found


def _version(row: Any, tags: Mapping[str, str], aliases: Sequence[str]) -> ModelVersion:
    return ModelVersion(
        model=row.model,
        version=row.version,
        artifact=Digest(row.artifact),
        execution_id=row.execution_id,
        run_id=row.run_id,
        run_number=row.run_number,
        output=row.output,
        created_at=moment(row.created_at),
        created_by=row.created_by,
        status=VersionStatus(row.status),
        description=row.description,
        signature=None if row.signature is None else json.loads(row.signature),
        metrics=tuple(JudgedMetric(**metric) for metric in json.loads(row.metrics)),
        tags=tags,
        aliases=tuple(aliases),
    )


def approvals_of(connection: Connection, name: str, version: int) -> list[Approval]:
    """The approvals of a version, oldest first."""
    of = version_id(connection, name, version)
    rows = connection.execute(
        select(approvals).where(approvals.c.model_version_id == of).order_by(approvals.c.at)
    )
    return [
        Approval(model=name, version=version, by=row.by, at=moment(row.at), reason=row.reason)
        for row in rows
    ]


def judgements_of(connection: Connection, name: str, version: int) -> list[Judgement]:
    """What came of the gates each time a version was judged, oldest first."""
    of = version_id(connection, name, version)
    rows = connection.execute(
        select(judgements).where(judgements.c.model_version_id == of).order_by(judgements.c.id)
    )
    return [
        Judgement(
            model=name,
            version=version,
            stage=row.stage,
            target=row.target,
            at=moment(row.at),
            by=row.by,
            results=gates_of(row.results),
            overridden=row.overridden,
            reason=row.reason,
        )
        for row in rows
    ]


def events_of(connection: Connection, name: str) -> list[RegistryEvent]:
    """The history of a model, oldest first."""
    rows = connection.execute(
        select(registry_events)
        .where(registry_events.c.model_id == model_id(connection, name))
        .order_by(registry_events.c.id)
    )
    return [
        RegistryEvent(
            at=moment(row.at),
            by=row.by,
            action=row.action,
            model=name,
            version=row.version,
            details=json.loads(row.details),
            reason=row.reason,
        )
        for row in rows
    ]


def tagged(connection: Connection, ids: Iterable[int], key: str) -> dict[int, str]:
    """The value of one tag of executions that have it, by execution."""
    return {row.execution_id: row.value for row in read(connection, _tags, ids, key=key)}


def _tags(among: Among) -> Select[Any]:
    return select(execution_tags.c.execution_id, execution_tags.c.value).where(
        execution_tags.c.key == bindparam("key"), among(execution_tags.c.execution_id)
    )


def gates_text(results: Sequence[GateResult]) -> str:
    """Results of gates as the text of a column."""
    return json.dumps([asdict(result) for result in results])


def gates_of(text: str) -> tuple[GateResult, ...]:
    """Results of gates from the text of a column."""
    return tuple(GateResult(**result) for result in json.loads(text))


def _texts(connection: Connection, table: Any, owners: Sequence[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    rows = connection.execute(select(table).where(table.c[0].in_(owners)).order_by(table.c.key))
    for owner, key, value in rows:
        found[owner][key] = value
    return found
