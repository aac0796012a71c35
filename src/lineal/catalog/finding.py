"""What names and places lead to: versions, aliases, targets, files, packages.

Each function answers for one kind of reference; several answers are for the caller to
tell apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, bindparam, func, literal, select, union
from sqlalchemy import cast as as_type

from lineal.digests.digest import Digest

from .dialect import like
from .rows import clean
from .statements import named
from .tables import (
    artifacts,
    codes,
    dataset_versions,
    datasets,
    deployments,
    model_aliases,
    model_versions,
    models,
    used,
)
from .walking import FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A version of a model or a dataset that a name leads to."""

    kind: str
    """model or dataset"""
    name: str
    version: int
    artifact: Digest
    model_version: int | None = None
    """Id of the model version."""
    dataset: int | None = None
    """Id of the dataset."""
    deployment: int | None = None
    """Id of the deployment that put it on the target that was named."""
    alias: str | None = None
    """The alias that was named."""


def versions(connection: Connection, name: str, version: int) -> list[Named]:
    """The model version and the dataset version of this name."""
    asked = {"name": clean(name), "version": version}
    return [
        *(_model(name, row) for row in named(connection, _MODEL_VERSION, **asked)),
        *(
            _named("dataset", name, row, dataset=row.dataset_id)
            for row in named(connection, _DATASET_VERSION, **asked)
        ),
    ]


def deployed(connection: Connection, name: str, target: str) -> Named | None:
    """The version of a model that is on a target, if the target holds this model."""
    for row in named(connection, _DEPLOYED, target=clean(target)):
        if row.name == clean(name):
            return _model(name, row, deployment=row.deployment)
    return None


def aliased(connection: Connection, name: str, alias: str) -> Named | None:
    """The version of a model that has an alias."""
    for row in named(connection, _ALIASED, name=clean(name), alias=clean(alias)):
        return _model(name, row, alias=alias)
    return None


def _model(name: str, row: Any, **how: Any) -> Named:
    return _named("model", name, row, model_version=row.id, **how)


def _named(kind: str, name: str, row: Any, **more: Any) -> Named:
    return Named(kind=kind, name=name, version=row.version, artifact=Digest(row.artifact), **more)


def known(connection: Connection) -> list[str]:
    """Every reference by name that answers now: ``fraud@v3``, ``fraud@production``."""
    version = as_type(model_versions.c.version, String)
    dataset_version = as_type(dataset_versions.c.version, String)
    statement = union(
        select((models.c.name + literal("@v") + version).label("reference")).join_from(
            model_versions, models
        ),
        select((models.c.name + literal("@") + model_aliases.c.alias).label("reference")).join_from(
            model_aliases, models, models.c.id == model_aliases.c.model_id
        ),
        select((models.c.name + literal("@") + deployments.c.target).label("reference"))
        .join_from(deployments, model_versions)
        .join(models)
        .where(
            deployments.c.id.in_(select(func.max(deployments.c.id)).group_by(deployments.c.target))
        ),
        select((datasets.c.name + literal("@v") + dataset_version).label("reference")).join_from(
            dataset_versions, datasets
        ),
    ).order_by("reference")
    return list(connection.execute(statement).scalars())


def codes_in_file(connection: Connection, path: str) -> list[Digest]:
    """The codes of which a part stands in a file."""
    rows = connection.execute(
        select(codes.c.digest, codes.c.files).where(like(connection, codes.c.files, _holding(path)))
    )
    return [Digest(row.digest) for row in rows if path in json.loads(row.files)]


def codes_with_package(connection: Connection, name: str, version: str) -> list[Digest]:
    """The codes that reached a version of a distribution."""
    rows = connection.execute(
        select(codes.c.digest, codes.c.distributions).where(
            like(connection, codes.c.distributions, _holding(name))
        )
    )
    return [Digest(r.digest) for r in rows if json.loads(r.distributions).get(name) == version]


def packages(connection: Connection) -> list[str]:
    """Every version of a distribution that some code reached: ``numpy==2.4.0``."""
    found: set[str] = set()
    for text in connection.execute(select(codes.c.distributions).distinct()).scalars():
        found.update(f"{name}=={version}" for name, version in json.loads(text).items())
    return sorted(found)


def read_as(connection: Connection, path: str) -> list[Digest]:
    """The contents that were read under a path, in no order of time."""
    statement = (
        select(used.c.artifact)
        .join_from(used, artifacts, artifacts.c.digest == used.c.artifact)
        .where(used.c.value == clean(path), artifacts.c.kind.in_(FILES))
        .distinct()
        .order_by(used.c.artifact)
    )
    return [Digest(digest) for digest in connection.execute(statement).scalars()]


def paths_read(connection: Connection) -> list[str]:
    """Every path under which a file or folder was read, except by steps that were reused."""
    statement = (
        select(used.c.value)
        .join_from(used, artifacts, artifacts.c.digest == used.c.artifact)
        .where(used.c.value.is_not(None), artifacts.c.kind.in_(FILES))
        .distinct()
        .order_by(used.c.value)
    )
    return list(connection.execute(statement).scalars())


def _holding(text: str) -> str:
    """The pattern of JSON that holds a text; it lets in others too, for the caller to drop."""
    return f"%{json.dumps(text)}%"


# Statements that are built once; see `statements.named`.

_v, _d = model_versions.c, deployments.c
_VERSION = select(_v.id, _v.version, _v.artifact)
_MODEL_VERSION = _VERSION.join_from(model_versions, models).where(
    models.c.name == bindparam("name"), _v.version == bindparam("version")
)
_DATASET_VERSION = (
    select(dataset_versions.c.dataset_id, dataset_versions.c.version, dataset_versions.c.artifact)
    .join_from(dataset_versions, datasets)
    .where(datasets.c.name == bindparam("name"), dataset_versions.c.version == bindparam("version"))
)
_DEPLOYED = (
    _VERSION.add_columns(_d.id.label("deployment"), models.c.name)
    .join_from(deployments, model_versions)
    .join(models)
    .where(_d.target == bindparam("target"))
    .order_by(_d.id.desc())
    .limit(1)
)
_ALIASED = (
    _VERSION.join_from(model_aliases, model_versions)
    .join(models, models.c.id == model_aliases.c.model_id)
    .where(models.c.name == bindparam("name"), model_aliases.c.alias == bindparam("alias"))
)
