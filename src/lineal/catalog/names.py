"""The facade over names: models, deployments and datasets. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

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
        self,
        version: ModelVersion,
        events: Sequence[RegistryEvent],
        *,
        gates: Sequence[str] = (),
        judgement: Judgement | None = None,
    ) -> int | None:
        """Register a version with its tags and aliases, and gates its model is to have besides.

        Returns the number it is given; None, and nothing is written, when its content is a
        version of the model already. The number is put into the events that tell of a version.
        """
        with self._database.write() as connection:
            number = models.add_version(connection, version)
            if number is None:
                return None
            if gates:
                there = models.gates_now(connection, version.model)
                models.set_gates(connection, version.model, list(dict.fromkeys([*there, *gates])))
            if judgement is not None:
                id_ = models.version_id(connection, version.model, number)
                models.add_judgement(connection, id_, judgement)
            for event in events:
                told = event if event.action == "gate" else replace(event, version=number)
                models.add_event(connection, told)
            return number

    def describe(self, model: str, version: int | None, text: str, event: RegistryEvent) -> None:
        """Write what a version, or the model where none is named, is."""
        with self._database.write() as connection:
            if version is None:
                models.describe_model(connection, model, text)
            else:
                id_ = models.version_id(connection, model, version)
                models.change_version(connection, id_, description=clean(text))
            models.add_event(connection, event)

    def set_status(
        self, model: str, version: int, status: VersionStatus, event: RegistryEvent
    ) -> bool:
        """Archive a version, or bring it back; False when it can't be, since it is deployed."""
        with self._database.write() as connection:
            models.hold(connection, model)
            id_ = models.version_id(connection, model, version)
            if status is VersionStatus.ARCHIVED and deployments.is_in_force(connection, id_):
                return False
            models.change_version(connection, id_, status=status.value)
            models.add_event(connection, event)
            return True

    def set_gates(self, model: str, gates: Sequence[str], event: RegistryEvent) -> None:
        """Write a model's gates in place of those before."""
        with self._database.write() as connection:
            models.hold(connection, model)
            models.set_gates(connection, model, gates)
            models.add_event(connection, event)

    def add_gates(self, model: str, gates: Sequence[str], event: RegistryEvent) -> None:
        """Write gates beside those that a model has; nothing when it has them all."""
        with self._database.write() as connection:
            there = models.gates_now(connection, model)
            if not set(gates) <= set(there):
                models.set_gates(connection, model, list(dict.fromkeys([*there, *gates])))
                models.add_event(connection, event)

    def remove_gate(self, model: str, gate: str, event: RegistryEvent) -> bool:
        """Take a gate away; False, and nothing is written, when the model does not have it."""
        with self._database.write() as connection:
            there = models.gates_now(connection, model)
            if gate not in there:
                return False
            models.set_gates(connection, model, [kept for kept in there if kept != gate])
            models.add_event(connection, event)
            return True

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

        None, and nothing is written, when things are no longer as they were when it was
        judged: another deployment is in force than the one that it replaces, the version has
        been archived, or the model has other gates.
        """
        with self._database.write() as connection:
            id_ = models.version_id(connection, deployment.model, deployment.version)
            if deployment.action == "deploy":
                gates = models.gates_now(connection, deployment.model)
                judged = [clean(result.rule) for result in deployment.gates]
                if gates != judged or models.is_archived(connection, id_):
                    return None
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

    def tagged(self, execution_ids: Sequence[int], key: str) -> dict[int, str]:
        """The value of one tag of executions that have it, by execution."""
        with self._database.read() as connection:
            return models.tagged(connection, execution_ids, key)

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

    def dataset_versions(self, digests: Sequence[Digest]) -> dict[Digest, DatasetVersion]:
        """The dataset versions that some content is, by digest; of several, the oldest."""
        with self._database.read() as connection:
            return deployments.dataset_versions_of(connection, digests)
