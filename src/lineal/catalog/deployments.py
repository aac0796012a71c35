"""Deployments: added, never changed; and datasets' versions, which are added likewise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from lineal.digests.digest import Digest
from lineal.records import Dataset, DatasetVersion, Deployment

from . import common
from .dialect import among, exclude_others, packed, upsert
from .models import gates_of, gates_text
from .rows import clean, micros, moment
from .runs import now
from .tables import dataset_versions, datasets, deployments, model_versions, models


def add_deployment(connection: Connection, id_: int, deployment: Deployment) -> int | None:
    """Put a version on a target, after the deployment that it `replaces`.

    Returns its id; None, and nothing is written, when another deployment is in force on the
    target than the one it replaces.
    """
    exclude_others(connection, f"deploy {deployment.target}")
    if in_force(connection, deployment.target) != deployment.replaces:
        return None
    written = connection.execute(
        insert(deployments),
        {
            "target": clean(deployment.target),
            "model_version_id": id_,
            "action": deployment.action,
            "at": micros(deployment.at),
            "by": clean(deployment.by),
            "reason": clean(deployment.reason),
            "replaces": deployment.replaces,
            "overridden": deployment.overridden,
            "gates": gates_text(deployment.gates),
        },
    )
    assert written.inserted_primary_key is not None
    return int(written.inserted_primary_key[0])


def in_force(connection: Connection, target: str) -> int | None:
    """The id of the deployment that is in force on a target."""
    found = connection.execute(
        select(func.max(deployments.c.id)).where(deployments.c.target == clean(target))
    ).scalar()
    return None if found is None else int(found)


def is_in_force(connection: Connection, id_: int) -> bool:
    """Whether a model version is on any target now."""
    after = deployments.alias("after")
    statement = (
        select(deployments.c.id)
        .join(after, after.c.replaces == deployments.c.id, isouter=True)
        .where(deployments.c.model_version_id == id_, after.c.id.is_(None))
    )
    return connection.execute(statement).first() is not None


def all_deployments(connection: Connection, target: str | None = None) -> list[Deployment]:
    """Every deployment (of one target), newest first."""
    statement = _deployments()
    if target is not None:
        statement = statement.where(deployments.c.target == clean(target))
    return [_deployment(row) for row in connection.execute(statement)]


def _deployments() -> Select[Any]:
    d, after = deployments.c, deployments.alias("after")
    return (
        select(
            *d,
            models.c.name.label("model"),
            model_versions.c.version,
            after.c.id.label("succeeded_by"),
        )
        .join_from(deployments, model_versions)
        .join(models)
        .join(after, after.c.replaces == d.id, isouter=True)
        .order_by(d.id.desc())
    )


def _deployment(row: Any) -> Deployment:
    return Deployment(
        id=row.id,
        target=row.target,
        model=row.model,
        version=row.version,
        at=moment(row.at),
        by=row.by,
        reason=row.reason,
        action=row.action,
        replaces=row.replaces,
        succeeded_by=row.succeeded_by,
        overridden=row.overridden,
        gates=gates_of(row.gates),
    )


def name_dataset(
    connection: Connection, name: str, artifact: Digest, execution_id: int
) -> DatasetVersion:
    """Have content be a version of a dataset: the one it was already, or the next."""
    connection.execute(
        upsert(connection, datasets),
        {"name": clean(name), "description": "", "created_at": now()},
    )
    exclude_others(connection, f"dataset {name}")
    owner = connection.execute(
        select(datasets.c.id).where(datasets.c.name == clean(name))
    ).scalar_one()
    v = dataset_versions.c
    known = connection.execute(
        select(dataset_versions).where(v.dataset_id == owner, v.artifact == artifact)
    ).one_or_none()
    if known is None:
        last = connection.execute(select(func.max(v.version)).where(v.dataset_id == owner)).scalar()
        connection.execute(
            insert(dataset_versions),
            {
                "dataset_id": owner,
                "version": int(last or 0) + 1,
                "artifact": artifact,
                "execution_id": execution_id,
                "created_at": now(),
            },
        )
        common.forget(connection, [artifact])
        known = connection.execute(
            select(dataset_versions).where(v.dataset_id == owner, v.artifact == artifact)
        ).one()
    return _dataset_version(name, known)


def all_datasets(connection: Connection, name: str | None = None) -> list[Dataset]:
    """Every dataset, or the one of this name, with its versions; by name."""
    statement = select(datasets).order_by(datasets.c.name)
    if name is not None:
        statement = statement.where(datasets.c.name == clean(name))
    found = []
    for row in connection.execute(statement).all():
        versions = connection.execute(
            select(dataset_versions)
            .where(dataset_versions.c.dataset_id == row.id)
            .order_by(dataset_versions.c.version)
        )
        found.append(
            Dataset(
                name=row.name,
                created_at=moment(row.created_at),
                description=row.description,
                versions=tuple(_dataset_version(row.name, version) for version in versions),
            )
        )
    return found


def dataset_versions_of(
    connection: Connection, digests: Iterable[Digest]
) -> dict[Digest, DatasetVersion]:
    """The dataset versions that some content is, by digest; of several, the oldest."""
    v = dataset_versions.c
    statement = (
        select(*v, datasets.c.name)
        .join_from(dataset_versions, datasets)
        .where(among(connection, v.artifact, "digests"))
        .order_by(v.created_at.desc(), v.dataset_id.desc())
    )
    rows = connection.execute(statement, {"digests": packed(connection, digests)})
    return {Digest(row.artifact): _dataset_version(row.name, row) for row in rows}


def _dataset_version(name: str, row: Any) -> DatasetVersion:
    return DatasetVersion(
        dataset=name,
        version=row.version,
        artifact=Digest(row.artifact),
        execution_id=row.execution_id,
        created_at=moment(row.created_at),
    )
