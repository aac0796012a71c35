"""The registry: decides what may be registered, named and described, and has it written.

Whatever it refuses changes nothing. Whatever it does is one transaction with the entry of
the history that tells of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from lineal.errors import RegistryRefusal
from lineal.pipeline.naming import check_alias, check_name, check_tag, check_text, tags_of
from lineal.pipeline.rules import parse
from lineal.records import Model, ModelVersion, VersionStatus

from .deploying import Deploying


class Registry(Deploying):
    """The models, deployments and datasets of one catalog."""

    def register(
        self, version: ModelVersion, *, rules: Sequence[str] = (), alias: str | None = None
    ) -> ModelVersion:
        """Register a model as the next version of its name, and hold it against the gates.

        The version, its tags and alias, the gates and the history are one transaction.

        Args:
            version: All but its number and who registers it.
            rules: Gates that its model is to have besides those it has.
            alias: An alias that is to mean it.

        Raises:
            RegistryRefusal: the content is a version of this model already.
            ParameterError: the name, the alias or a gate can't be understood.
        """
        number = self._add(version, rules, alias)
        if number is None:
            same = self._same(version)
            raise RegistryRefusal(
                f"This model is {same.reference if same else 'registered'} already; nothing has"
                " been registered."
            )
        return self.version(version.model, number)

    def ensure(
        self, version: ModelVersion, *, rules: Sequence[str] = (), alias: str | None = None
    ) -> ModelVersion:
        """The version with this content: registered now, or the one that it is already.

        What is found again is given the gates and the alias that it lacks, so that a gate
        written into a pipeline counts although its model has not changed.
        """
        number = self._add(version, rules, alias)
        if number is not None:
            return self.version(version.model, number)
        same = self._same(version)
        assert same is not None, "what the catalog refused as known is there: nothing is deleted"
        self.add_gates(same.model, rules)
        if alias is not None and alias not in same.aliases:
            self.alias(same.model, alias, same.version)
        return self.version(same.model, same.version)

    def _same(self, version: ModelVersion) -> ModelVersion | None:
        known = self._names.model(version.model)
        versions = known.versions if known else ()
        return next((v for v in versions if v.artifact == version.artifact), None)

    def _add(self, version: ModelVersion, rules: Sequence[str], alias: str | None) -> int | None:
        name = check_name(version.model, "model")
        for rule in rules:
            parse(rule)
        if alias is not None:
            check_alias(alias)
        check_text(version.description, "a description")
        tags_of(version.tags)
        known = self._names.model(name)
        there = known.gates if known else ()
        version = replace(
            version,
            created_by=version.created_by or self._user,
            created_at=datetime.now(UTC),
            aliases=() if alias is None else (alias,),
        )
        events = [self._event("register", name, details={"artifact": version.artifact})]
        events += [
            self._event("tag", name, details={"key": key, "value": value})
            for key, value in version.tags.items()
        ]
        if alias is not None:
            before = known.aliases.get(alias) if known else None
            events.append(self._event("alias", name, details={"alias": alias, "before": before}))
        new = [rule for rule in dict.fromkeys(rules) if rule not in there]
        if new:
            events.append(self._event("gate", name, details={"added": new}))
        judgement = None
        if declared := [*there, *new]:
            results = self._judge(declared, version, approvals=0)
            judgement = self._judgement(version, "register", results)
        return self._names.add_version(version, events, gates=new, judgement=judgement)

    def alias(self, name: str, alias: str, number: int | None) -> Model | ModelVersion:
        """Have an alias mean a version; None takes it away.

        Returns the version as it is now; the model, where the alias was taken away.
        """
        check_alias(alias)
        if number is not None:
            self.version(name, number)
        elif alias not in (there := self.model(name).aliases):
            raise RegistryRefusal(
                f"The model {name!r} has no alias {alias!r} to take away; it has"
                f" {', '.join(there) or 'none'}."
            )
        action = "alias" if number is not None else "unalias"
        before = self.model(name).aliases.get(alias)
        event = self._event(action, name, number, details={"alias": alias, "before": before})
        self._names.set_alias(name, alias, number, event)
        return self.model_or_version(name, number)

    def tag(
        self, name: str, number: int | None, key: str, value: str | None
    ) -> Model | ModelVersion:
        """Put a tag on a version, or on the model where none is named; None takes it off.

        Returns what has the tag, or had it, as it is now.
        """
        there = self.model_or_version(name, number).tags
        if value is not None:
            check_tag(key, value)
        if value is None and key not in there:
            place = name if number is None else f"{name}@v{number}"
            known = ", ".join(there) or "none"
            raise RegistryRefusal(f"{place!r} has no tag {key!r} to take off; it has {known}.")
        action = "tag" if value is not None else "untag"
        event = self._event(action, name, number, details={"key": key, "value": value})
        self._names.set_tag(name, number, key, value, event)
        return self.model_or_version(name, number)

    def describe(self, name: str, number: int | None, text: str) -> Model | ModelVersion:
        """Say what a version, or the model where none is named, is; returns it as it is now."""
        self.model_or_version(name, number)
        check_text(text, "a description")
        event = self._event("describe", name, number, details={"description": text})
        self._names.describe(name, number, text, event)
        return self.model_or_version(name, number)

    def archive(self, name: str, number: int, reason: str = "") -> ModelVersion:
        """Keep a version from being deployed; returns it as it is now.

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
        if not self._names.set_status(name, number, VersionStatus.ARCHIVED, event):
            raise RegistryRefusal(
                f"{name}@v{number} was deployed at the same moment, and has not been archived."
            )
        return self.version(name, number)

    def restore(self, name: str, number: int, reason: str = "") -> ModelVersion:
        """Let an archived version be deployed again; returns it as it is now."""
        self.version(name, number)
        event = self._event("restore", name, number, reason=reason)
        self._names.set_status(name, number, VersionStatus.ACTIVE, event)
        return self.version(name, number)
