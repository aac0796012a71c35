"""The registry: decides what may be registered, named and described, and has it written.

Whatever it refuses changes nothing. Whatever it does is one transaction with the entry of
the history that tells of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from lineal.errors import RegistryRefusal
from lineal.pipeline.naming import check_name
from lineal.records import ModelVersion, VersionStatus

from . import gates
from .deploying import Deploying


class Registry(Deploying):
    """The models, deployments and datasets of one catalog."""

    def register(
        self, version: ModelVersion, *, rules: Sequence[str] = (), alias: str | None = None
    ) -> ModelVersion:
        """Register a model as the next version of its name, and hold it against the gates.

        Args:
            version: All but its number and who registers it.
            rules: Gates that its model is to have besides those it has.
            alias: An alias that is to mean it.

        Raises:
            RegistryRefusal: the content is a version of this model already.
            ParameterError: the name or a gate can't be understood.
        """
        name = check_name(version.model, "model")
        for rule in rules:
            gates.parse(rule)
        known = self._names.model(name)
        same = [v for v in known.versions if v.artifact == version.artifact] if known else []
        if same:
            raise RegistryRefusal(
                f"This model is {same[0].reference} already; nothing has been registered."
            )
        declared = list(dict.fromkeys([*(known.gates if known else ()), *rules]))
        version = replace(
            version, created_by=version.created_by or self._user, created_at=datetime.now(UTC)
        )
        judgement = None
        if declared:
            results = self._judge(declared, version, approvals=0)
            judgement = self._judgement(version, "register", results)
        event = self._event("register", name, details={"artifact": version.artifact})
        number = self._names.add_version(version, event, judgement)
        if declared != list(known.gates if known else ()):
            self._names.set_gates(
                name, declared, self._event("gate", name, details={"gates": declared})
            )
        if alias is not None:
            self.alias(name, alias, number)
        return self.version(name, number)

    def alias(self, name: str, alias: str, number: int | None) -> None:
        """Have an alias mean a version; None takes it away."""
        check_name(alias, "alias")
        if number is not None:
            self.version(name, number)
        elif alias not in self.model(name).aliases:
            raise RegistryRefusal(f"The model {name!r} has no alias {alias!r} to take away.")
        action = "alias" if number is not None else "unalias"
        before = self.model(name).aliases.get(alias)
        event = self._event(action, name, number, details={"alias": alias, "before": before})
        self._names.set_alias(name, alias, number, event)

    def tag(self, name: str, number: int | None, key: str, value: str | None) -> None:
        """Put a tag on a version, or on the model where none is named; None takes it off."""
        there = self.model(name).tags if number is None else self.version(name, number).tags
        if value is None and key not in there:
            raise RegistryRefusal(f"There is no tag {key!r} to take off.")
        action = "tag" if value is not None else "untag"
        event = self._event(action, name, number, details={"key": key, "value": value})
        self._names.set_tag(name, number, key, value, event)

    def describe(self, name: str, number: int | None, text: str) -> None:
        """Say what a version, or the model where none is named, is."""
        self.model(name) if number is None else self.version(name, number)
        event = self._event("describe", name, number, details={"description": text})
        self._names.describe(name, number, text, event)

    def archive(self, name: str, number: int, reason: str = "") -> None:
        """Keep a version from being deployed.

        Raises:
            RegistryRefusal: it is deployed now.
        """
        self.version(name, number)
        for deployment in self.in_force():
            if (deployment.model, deployment.version) == (name, number):
                raise RegistryRefusal(
                    f"{deployment.reference} is on {deployment.target} now and can't be archived;"
                    " deploy another version first."
                )
        event = self._event("archive", name, number, reason=reason)
        self._names.set_status(name, number, VersionStatus.ARCHIVED, event)

    def restore(self, name: str, number: int, reason: str = "") -> None:
        """Let an archived version be deployed again."""
        self.version(name, number)
        event = self._event("restore", name, number, reason=reason)
        self._names.set_status(name, number, VersionStatus.ACTIVE, event)
