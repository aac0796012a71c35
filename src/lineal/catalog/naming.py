"""Names in lineage: dataset versions, model versions and deployments, and what they lead to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, select

from lineal.digests.digest import Digest
from lineal.records import ExecutionStatus

from .flow import Flow, Start
from .runs import POSITIONS
from .statements import Among, Many, read
from .tables import (
    dataset_versions,
    datasets,
    deployments,
    executions,
    model_aliases,
    model_version_tags,
    model_versions,
    models,
)


def settled(connection: Connection, start: Start) -> Start:
    """A start with the artifacts and executions that the names in it lead to."""
    put = [row.model_version_id for row in read(connection, _deployed, start.deployments)]
    registered = tuple(dict.fromkeys([*start.models, *put]))
    versions = read(connection, _models, registered)
    named = [_dataset_artifact(connection, *version) for version in start.datasets]
    ran = [row.id for row in read(connection, _ran, start.executions)]
    ran += [row.id for row in read(connection, _running_code, start.codes)]
    for number in start.runs:
        ran += [row.id for row in connection.execute(_of_run(number))]
    pins = [*start.pins, *((Digest(v.artifact), v.execution_id) for v in versions)]
    origins = {row.given: row.id for row in read(connection, _ran, [id_ for _, id_ in pins])}
    return replace(
        start,
        models=registered,
        artifacts=tuple(
            dict.fromkeys([*start.artifacts, *(Digest(v.artifact) for v in versions), *named])
        ),
        executions=tuple(dict.fromkeys(ran)),
        pins=tuple((digest, origins.get(id_, id_)) for digest, id_ in pins),
    )


def names_of(connection: Connection, flow: Flow, *, below: bool) -> Flow:
    """The names of what was reached.

    Data keeps its names in every direction. Model versions and deployments stand below
    their artifacts: towards the causes, only versions of models on the way count, and of
    what was asked about only what was asked for by name.
    """
    start = flow.start
    reached = Many(connection, (row[0] for row in flow.artifacts if row[6]))
    apart = () if below else start.artifacts
    found = read(connection, _models_of, reached)
    versions = {row.id: row for row in found if row.artifact not in apart}
    versions.update((row.id, row) for row in read(connection, _models, start.models))
    put = {row.id: row for row in read(connection, _deployments, start.deployments)}
    if below:
        put.update((row.id, row) for row in read(connection, _deployments_of, versions))
    return replace(
        flow,
        datasets=read(connection, _datasets_of, reached),
        models=[versions[id_] for id_ in sorted(versions)],
        model_tags=read(connection, _tags, versions),
        model_aliases=read(connection, _aliases, versions),
        deployments=[put[id_] for id_ in sorted(put)],
    )


def _dataset_artifact(connection: Connection, dataset_id: int, version: int) -> Digest:
    v = dataset_versions.c
    statement = select(v.artifact).where(v.dataset_id == dataset_id, v.version == version)
    return Digest(connection.execute(statement).scalar_one())


def _of_run(number: int) -> Select[Any]:
    e = executions.c
    return (
        select(func.coalesce(e.reused_from, e.id).label("id"))
        .where(e.id >= number * POSITIONS, e.id < (number + 1) * POSITIONS)
        .where(e.status != ExecutionStatus.SKIPPED.value)
    )


def _ran(ids: Among) -> Select[Any]:
    e = executions.c
    return select(e.id.label("given"), func.coalesce(e.reused_from, e.id).label("id")).where(
        ids(e.id)
    )


def _running_code(ids: Among) -> Select[Any]:
    e = executions.c
    # Spelled out as the partial index has it.
    return select(e.id).where(ids(e.code), e.status == literal_column("'executed'"))


def _version_columns() -> Select[Any]:
    v = model_versions.c
    return select(
        v.id, models.c.name, v.version, v.artifact, v.execution_id, v.status, v.description,
        v.signature, v.metrics, v.created_at, v.created_by,
    ).join_from(model_versions, models)  # fmt: skip


def _models(ids: Among) -> Select[Any]:
    return _version_columns().where(ids(model_versions.c.id))


def _models_of(ids: Among) -> Select[Any]:
    return _version_columns().where(ids(model_versions.c.artifact))


def _tags(ids: Among) -> Select[Any]:
    return select(model_version_tags).where(ids(model_version_tags.c.model_version_id))


def _aliases(ids: Among) -> Select[Any]:
    a = model_aliases.c
    return select(a.model_version_id, a.alias).where(ids(a.model_version_id)).order_by(a.alias)


def _datasets_of(ids: Among) -> Select[Any]:
    v = dataset_versions.c
    return (
        select(v.dataset_id, datasets.c.name, v.version, v.artifact, v.execution_id, v.created_at)
        .join_from(dataset_versions, datasets)
        .where(ids(v.artifact))
        .order_by(v.dataset_id, v.version)
    )


def _deployed(ids: Among) -> Select[Any]:
    return select(deployments.c.model_version_id).where(ids(deployments.c.id))


def _deployment_columns() -> Select[Any]:
    d, after = deployments.c, deployments.alias("after")
    return (
        select(
            d.id, d.target, d.model_version_id, models.c.name, model_versions.c.version,
            d.action, d.at, d.by, d.reason, d.replaces, d.overridden,
            after.c.id.label("succeeded_by"),
        )
        .join_from(deployments, model_versions)
        .join(models)
        .join(after, after.c.replaces == d.id, isouter=True)
    )  # fmt: skip


def _deployments(ids: Among) -> Select[Any]:
    return _deployment_columns().where(ids(deployments.c.id))


def _deployments_of(ids: Among) -> Select[Any]:
    return _deployment_columns().where(ids(deployments.c.model_version_id))
