"""Looking names up: models, versions, datasets, deployments, and what was done to them."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, TypeVar

from lineal.catalog import Catalog
from lineal.errors import ReferenceNotFound
from lineal.pipeline.naming import check_text
from lineal.records import (
    Approval,
    Dataset,
    Deployment,
    Judgement,
    Model,
    ModelVersion,
    RegistryEvent,
)


class Lookups:
    """What a registry can be asked.

    Args:
        catalog: Where the names are kept.
        user: Who acts, unless a call says otherwise; the user of the process by default.
    """

    def __init__(self, catalog: Catalog, user: str | None = None) -> None:
        self._names = catalog.names
        self._user = user or _who()

    def models(self) -> list[Model]:
        """Every model with its versions, by name."""
        return self._names.models()

    def model(self, name: str) -> Model:
        """The model of this name.

        Raises:
            ReferenceNotFound: there is none; names near ones.
        """
        return _there("model", name, self._names.model(name), self._names.models)

    def version(self, name: str, number: int) -> ModelVersion:
        """One version of a model.

        Raises:
            ReferenceNotFound: there is none; names those there are.
        """
        model = self.model(name)
        for version in model.versions:
            if version.version == number:
                return version
        there = ", ".join(f"v{v.version}" for v in model.versions)
        raise ReferenceNotFound(f"The model {name!r} has no version {number}; it has {there}.")

    def model_or_version(self, name: str, number: int | None) -> Model | ModelVersion:
        """One version of a model; the model itself where no version is named.

        Raises:
            ReferenceNotFound: there is none; names those there are.
        """
        return self.model(name) if number is None else self.version(name, number)

    def datasets(self) -> list[Dataset]:
        """Every dataset with its versions, by name."""
        return self._names.datasets()

    def dataset(self, name: str) -> Dataset:
        """The dataset of this name.

        Raises:
            ReferenceNotFound: there is none; names near ones.
        """
        return _there("dataset", name, self._names.dataset(name), self._names.datasets)

    def history(self, name: str) -> list[RegistryEvent]:
        """All that was done to a model, oldest first."""
        return self._names.events(self.model(name).name)

    def judgements(self, name: str, number: int) -> list[Judgement]:
        """What came of the gates each time a version was judged, oldest first."""
        self.version(name, number)
        return self._names.judgements(name, number)

    def approvals(self, name: str, number: int) -> list[Approval]:
        """Who approved a version, oldest first."""
        self.version(name, number)
        return self._names.approvals(name, number)

    def in_force(self) -> list[Deployment]:
        """The deployment in force on each target, by target."""
        current = [d for d in self._names.deployments() if d.succeeded_by is None]
        return sorted(current, key=lambda deployment: deployment.target)

    def deployments(self, target: str | None = None) -> list[Deployment]:
        """Every deployment (of one target), newest first; nothing is ever overwritten."""
        found = self._names.deployments(target)
        if target is not None and not found:
            known = sorted({d.target for d in self._names.deployments()})
            raise ReferenceNotFound(_unknown("target", target, known))
        return found

    def _event(
        self,
        action: str,
        model: str,
        version: int | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        reason: str = "",
        by: str | None = None,
    ) -> RegistryEvent:
        return RegistryEvent(
            at=datetime.now(UTC),
            by=check_text(by, "who did it") if by else self._user,
            action=action,
            model=model,
            version=version,
            details=details or {},
            reason=check_text(reason, "a reason"),
        )


def _who() -> str:
    """The user of the process; its number where, as in some containers, it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


_Thing = TypeVar("_Thing", Model, Dataset)


def _there(
    kind: str, name: str, found: _Thing | None, known: Callable[[], Sequence[_Thing]]
) -> _Thing:
    if found is None:
        raise ReferenceNotFound(_unknown(kind, name, [thing.name for thing in known()]))
    return found


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=5, cutoff=0.5) or list(known)[:10]
    return f"There is no {kind} {name!r}; there are {', '.join(near) or 'none yet'}."
