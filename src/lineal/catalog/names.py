"""The facade over names: models, deployments and datasets. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lineal.digests.digest import Digest
from lineal.records import (
    Approval,
    Dataset,
    DatasetVersion,
    Deployment,
    Judgement,
    Model,
    ModelVersion,
    RegistryEvent,
    VersionStatus,
)

from . import deployments, models
from .database import Database
from .rows import clean


class Names:
    """What has a name in one catalog. Every method may be called from any thread.

    A writing method takes the entry of the history that tells of it, and writes both or
    neither. Models and versions that are written to must be there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # Writing

    def add_version(
        self, version: ModelVersion, event: RegistryEvent, judgement: Judgement | None = None
    ) -> int:
        """Register a version; returns the number it is given."""
        with self._database.write() as connection:
            number = models.add_version(connection, version)
            if judgement is not None:
                id_ = models.version_id(connection, version.model, number)
                models.add_judgement(connection, id_, judgement)
            models.add_event(connection, replace(event, version=number))
            return number

    def describe(self, model: str, version: int | None, text: str, event: RegistryEvent) -> None:
        """Write what a version, or the model where none is named, is."""
        with self._database.write() as connection:
            if version is None:
                models.change_model(connection, model, description=clean(text))
            else:
                id_ = models.version_id(connection, model, version)
                models.change_version(connection, id_, description=clean(text))
            models.add_event(connection, event)

    def set_status(
        self, model: str, version: int, status: VersionStatus, event: RegistryEvent
    ) -> None:
        """Archive a version, or bring it back."""
        with self._database.write() as connection:
            id_ = models.version_id(connection, model, version)
            models.change_version(connection, id_, status=status.value)
            models.add_event(connection, event)

    def set_gates(self, model: str, gates: Sequence[str], event: RegistryEvent) -> None:
        """Write a model's gates in place of those before."""
        with self._database.write() as connection:
            models.change_model(connection, model, gates=[clean(gate) for gate in gates])
            models.add_event(connection, event)

    def set_alias(self, model: str, alias: str, version: int | None, event: RegistryEvent) -> None:
        """Have an alias mean a version; None takes it away."""
        with self._database.write() as connection:
            id_ = None if version is None else models.version_id(connection, model, version)
            models.set_alias(connection, model, alias, id_)
            models.add_event(connection, event)

    def set_tag(
        self, model: str, version: int | None, key: str, value: str | None, event: RegistryEvent
    ) -> None:
        """Put a tag on a version, or on the model where none is named; None takes it off."""
        with self._database.write() as connection:
            id_ = None if version is None else models.version_id(connection, model, version)
            models.set_tag(connection, model, id_, key, value)
            models.add_event(connection, event)

    def approve(self, approval: Approval, event: RegistryEvent) -> None:
        """Write an approval."""
        with self._database.write() as connection:
            id_ = models.version_id(connection, approval.model, approval.version)
            models.add_approval(connection, id_, approval)
            models.add_event(connection, event)

    def judge(self, judgement: Judgement) -> None:
        """Write what came of the gates when nothing else came of it."""
        with self._database.write() as connection:
            id_ = models.version_id(connection, judgement.model, judgement.version)
            models.add_judgement(connection, id_, judgement)

    def deploy(
        self, deployment: Deployment, judgement: Judgement, event: RegistryEvent
    ) -> int | None:
        """Put a version on a target; returns the deployment's id.

        None, and nothing is written, when another deployment is in force by now than the one
        that it replaces.
        """
        with self._database.write() as connection:
            id_ = models.version_id(connection, deployment.model, deployment.version)
            number = deployments.add_deployment(connection, id_, deployment)
            if number is not None:
                models.add_judgement(connection, id_, judgement)
                models.add_event(connection, event)
            return number

    def name_dataset(self, name: str, artifact: Digest, execution_id: int) -> DatasetVersion:
        """Have recorded content be a version of a dataset: the one it was, or the next."""
        with self._database.write() as connection:
            return deployments.name_dataset(connection, name, artifact, execution_id)

    # Reading

    def models(self) -> list[Model]:
        """Every model with its versions, by name."""
        with self._database.read() as connection:
            return models.all_models(connection)

    def model(self, name: str) -> Model | None:
        """The model of this name."""
        with self._database.read() as connection:
            found = models.all_models(connection, name)
            return found[0] if found else None

    def approvals(self, model: str, version: int) -> list[Approval]:
        """Who approved a version, oldest first."""
        with self._database.read() as connection:
            return models.approvals_of(connection, model, version)

    def judgements(self, model: str, version: int) -> list[Judgement]:
        """What came of the gates each time a version was judged, oldest first."""
        with self._database.read() as connection:
            return models.judgements_of(connection, model, version)

    def events(self, model: str) -> list[RegistryEvent]:
        """The history of a model, oldest first."""
        with self._database.read() as connection:
            return models.events_of(connection, model)

    def deployments(self, target: str | None = None) -> list[Deployment]:
        """Every deployment, or those of one target, newest first."""
        with self._database.read() as connection:
            return deployments.all_deployments(connection, target)

    def datasets(self) -> list[Dataset]:
        """Every dataset with its versions, by name."""
        with self._database.read() as connection:
            return deployments.all_datasets(connection)

    def dataset(self, name: str) -> Dataset | None:
        """The dataset of this name."""
        with self._database.read() as connection:
            found = deployments.all_datasets(connection, name)
            return found[0] if found else None
