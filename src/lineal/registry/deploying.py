"""Deploying: holding a version against the gates, putting it on a target, and going back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from lineal.errors import GateFailed, RegistryRefusal
from lineal.pipeline.naming import check_target, check_text
from lineal.pipeline.rules import parse
from lineal.records import (
    Approval,
    Deployment,
    GateResult,
    JudgedMetric,
    Judgement,
    ModelVersion,
    VersionStatus,
)

from . import gates
from .lookups import Lookups


class Deploying(Lookups):
    """What a registry does to targets. What it refuses changes nothing."""

    def set_gates(self, name: str, rules: Sequence[str]) -> tuple[str, ...]:
        """Give a model these gates in place of those it has; returns those it has now.

        Raises:
            ParameterError: one can't be understood.
        """
        for rule in rules:
            parse(rule)
        self.model(name)
        kept = list(dict.fromkeys(rules))
        self._names.set_gates(name, kept, self._event("gate", name, details={"set": kept}))
        return self.model(name).gates

    def add_gates(self, name: str, rules: Sequence[str]) -> tuple[str, ...]:
        """Give a model these gates besides those it has; returns those it has now.

        Raises:
            ParameterError: one can't be understood.
        """
        for rule in rules:
            parse(rule)
        self.model(name)
        self._names.add_gates(
            name, rules, self._event("gate", name, details={"added": list(rules)})
        )
        return self.model(name).gates

    def remove_gate(self, name: str, rule: str) -> tuple[str, ...]:
        """Take a gate away from a model; returns those it has now.

        Raises:
            RegistryRefusal: the model does not have it; names those it has.
        """
        there = self.model(name).gates
        event = self._event("ungate", name, details={"removed": rule})
        if not self._names.remove_gate(name, rule, event):
            raise RegistryRefusal(
                f"The model {name!r} has no gate {rule!r}; it has {'; '.join(there) or 'none'}."
            )
        return self.model(name).gates

    def approve(self, name: str, number: int, reason: str = "", by: str | None = None) -> Approval:
        """Say that a version may be deployed."""
        self.version(name, number)
        who = by or self._user
        approval = Approval(model=name, version=number, by=who, at=datetime.now(UTC), reason=reason)
        self._names.approve(approval, self._event("approve", name, number, reason=reason, by=by))
        return approval

    def deploy(
        self,
        name: str,
        number: int,
        target: str,
        *,
        reason: str,
        override: bool = False,
        by: str | None = None,
    ) -> Deployment:
        """Put a version on a target.

        Args:
            name: The model.
            number: Its version.
            target: A name the team chooses: ``production``.
            reason: Why.
            override: Deploy although a gate fails; stands out in every history.
            by: Who; the user by default.

        Raises:
            GateFailed: a gate fails, and it is not overridden; gives the numbers.
            RegistryRefusal: it is archived, it is on the target already, or somebody else
                deployed at the same time.
        """
        check_target(target)
        past = self._names.deployments(target)
        return self._put(name, number, target, "deploy", reason, past, override=override, by=by)

    def rollback(
        self,
        target: str,
        *,
        reason: str,
        to: int | None = None,
        override: bool = False,
        by: str | None = None,
    ) -> Deployment:
        """Put back the version that was on a target before the one that is.

        Rolling back twice goes back twice: what a rollback has left behind is passed over.
        Gates on metrics were passed when the version was deployed, and are not asked again.

        Args:
            target: The target.
            reason: Why.
            to: The version to go back to; the one before by default.
            override: Go back even to an archived version.
            by: Who; the user by default.

        Raises:
            RegistryRefusal: there is nothing to go back to.
        """
        past = self.deployments(target)
        current = past[0]
        earlier = _before(past)
        if to is not None:
            earlier = next(
                (d for d in past[1:] if d.version == to and d.model == current.model), None
            )
        if earlier is None:
            missing = f"version {to} was not" if to is not None else "no other version was"
            raise RegistryRefusal(
                f"{target} can't be rolled back: {missing} on it before"
                f" {current.reference}. `lineal deployments {target}` shows its history."
            )
        return self._put(
            earlier.model, earlier.version, target, "rollback", reason, past,
            override=override, by=by,
        )  # fmt: skip

    def _put(
        self,
        name: str,
        number: int,
        target: str,
        action: str,
        reason: str,
        past: Sequence[Deployment],
        *,
        override: bool,
        by: str | None,
    ) -> Deployment:
        version = self.version(name, number)
        if not reason.strip():
            raise RegistryRefusal(
                f"To {action} needs a reason, for those who will ask later: --reason '…'."
            )
        check_text(reason, "a reason")
        current = past[0] if past else None
        if current is not None and (current.model, current.version) == (name, number):
            raise RegistryRefusal(f"{version.reference} is on {target} already.")
        archived = version.status is VersionStatus.ARCHIVED
        if archived and not (override and action == "rollback"):
            raise RegistryRefusal(
                f"{version.reference} is archived and can't be deployed; `lineal model restore"
                f" {version.reference}` brings it back."
            )
        results = self._results(version) if action == "deploy" else ()
        failed = [result for result in results if not result.passed]
        judgement = self._judgement(version, action, results, target, reason, by)
        if failed and not override:
            self._names.judge(judgement)
            raise GateFailed(
                f"{version.reference} may not be deployed to {target}: "
                + "; ".join(f"{f.rule}: {f.text.removesuffix('.')}" for f in failed)
                + ". --override --reason '…' deploys it all the same, and is kept in the history."
            )
        overridden = bool(failed) or archived
        deployment = Deployment(
            id=0,
            target=target,
            model=name,
            version=number,
            at=judgement.at,
            by=judgement.by,
            reason=reason,
            action=action,
            replaces=current.id if current else None,
            overridden=overridden,
            gates=results,
        )
        details = {"target": target, "overridden": overridden}
        event = self._event(action, name, number, details=details, reason=reason, by=by)
        id_ = self._names.deploy(deployment, replace(judgement, overridden=overridden), event)
        if id_ is None:
            raise RegistryRefusal(
                f"Somebody else changed what is on {target}, or {version.reference} itself, at the"
                f" same moment; nothing was deployed. See `lineal deployments {target}`, then try"
                " again."
            )
        return replace(deployment, id=id_)

    def _results(self, version: ModelVersion) -> tuple[GateResult, ...]:
        approved = len(self._names.approvals(version.model, version.version))
        return self._judge(self.model(version.model).gates, version, approvals=approved)

    def _judge(
        self, rules: Sequence[str], version: ModelVersion, *, approvals: int
    ) -> tuple[GateResult, ...]:
        def rival(word: str) -> Sequence[JudgedMetric] | None:
            other = self._rival(version, word)
            return None if other is None else other.metrics

        return gates.judge(rules, version.metrics, rival=rival, approvals=approvals)

    def _rival(self, version: ModelVersion, word: str) -> ModelVersion | None:
        """The other version of a model that has an alias, or is on a target."""
        model = self._names.model(version.model)
        if model is None:
            return None
        number = model.aliases.get(word)
        if number is None:
            on_target = [d for d in self._names.deployments(word) if d.succeeded_by is None]
            number = next((d.version for d in on_target if d.model == model.name), None)
        if number is None or number == version.version:
            return None
        return self.version(model.name, number)

    def _judgement(
        self,
        version: ModelVersion,
        stage: str,
        results: tuple[GateResult, ...],
        target: str | None = None,
        reason: str = "",
        by: str | None = None,
    ) -> Judgement:
        return Judgement(
            model=version.model,
            version=version.version,
            stage=stage,
            target=target,
            at=datetime.now(UTC),
            by=by or self._user,
            results=results,
            reason=reason,
        )


def _before(past: Sequence[Deployment]) -> Deployment | None:
    """What was in force before the current deployment, as if rollbacks had undone what they undid.

    A deployment puts its version on a stack; a rollback takes versions off until the one it
    went back to lies on top. What lies below the top now is where to go back to.
    """
    stack: list[Deployment] = []
    for deployment in reversed(past):
        place = (deployment.model, deployment.version)
        if deployment.action == "rollback":
            while stack and (stack[-1].model, stack[-1].version) != place:
                stack.pop()
        if not stack or (stack[-1].model, stack[-1].version) != place:
            stack.append(deployment)
    return stack[-2] if len(stack) > 1 else None
