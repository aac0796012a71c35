"""Deciding: whether a step's result can be reused, purely from facts handed in.

Constructive traces with early cutoff, after Mokhov, Mitchell and Peyton Jones, "Build
Systems à la Carte" (ICFP 2018): a key holds the digests of the values a step is given,
so a step upstream that ran again and gave the same bytes changes nothing below.

Ordering is not decided here, and nothing here reads a clock, a store or a catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct

from lineal.digests.digest import Digest
from lineal.errors import UserError
from lineal.records import Cause, Change, Key, Prior, Reason

from .plan import Execute, Reuse

_UNCHANGED = Reason(cause=Cause.UNCHANGED, text="Nothing that decides it has changed.")
_PINNED = Reason(cause=Cause.UNCHANGED, text="The run was told to take it as recorded.")
_FIRST = Reason(cause=Cause.FIRST, text="Nothing with this key has run before.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What whoever runs the pipeline asked for."""

    force: frozenset[str] = frozenset()
    """Steps and tasks to execute whatever is known of them."""
    no_cache: bool = False
    """Execute everything."""
    pinned: Mapping[str, Prior] = field(default_factory=dict)
    """By step: past executions whose outputs are taken for its own, whatever its key."""
    hermetic: bool = False
    """Whether no execution is reused that read what it was not given."""

    def forces(self, step: str, task_name: str) -> bool:
        """Whether a step is to be executed: by its name, its map's name or its task's."""
        return bool(self.force) and not self.force.isdisjoint(_names(step, task_name))

    def refuse_unknown(self, steps: Iterable[tuple[str, str]]) -> None:
        """Refuse to force what there is not.

        Args:
            steps: Every step with the name of its task.

        Raises:
            UserError: no step or task has the name; it tells those there are.
        """
        if not self.force:
            return
        known = dict.fromkeys(name for step in steps for name in _names(*step))
        for name in sorted(self.force - known.keys()):
            some = ", ".join([k for k in known if "[" not in k][:20]) or "none"
            raise UserError(f"There is no step or task {name!r} to force; there is {some}.")


def _names(step: str, task_name: str) -> tuple[str, str, str]:
    """What a step answers to: its name, its map's and its task's."""
    return step, step.partition("[")[0], task_name


class Request(Struct, kw_only=True, gc=False):
    """A step whose inputs are known, as planning sees it."""

    step: str
    task_name: str
    key: Key | None
    problem: str | None = None
    """Why there is no key."""
    cache: bool = True
    persist: bool = True
    ttl: float | None = None
    """Seconds."""
    seed: int | None = None
    seen: Mapping[str, Digest] = {}
    """What the observed inputs of past executions are now, by name."""


def decide(
    request: Request, priors: Sequence[Prior], policy: Policy, now: datetime
) -> Reuse | Execute:
    """Whether to reuse one of the executions that the key found, newest first.

    The reason of an Execute is what speaks against the newest one; what changed since the last
    time is for `explain` to add.
    """
    pinned = policy.pinned.get(request.step)
    if pinned is not None:
        return Reuse(prior=pinned, reason=_PINNED)
    barred = _barred(request, policy)
    if barred is not None:
        return Execute(reason=barred)
    newest: Reason | None = None
    for prior in priors:
        objection = _objection(request, prior, policy, now)
        if objection is None:
            return Reuse(prior=prior, reason=_UNCHANGED)
        newest = newest or objection
    return Execute(reason=newest or _FIRST)


def _barred(request: Request, policy: Policy) -> Reason | None:
    if policy.forces(request.step, request.task_name):
        return Reason(cause=Cause.FORCED, text="It was forced.")
    if policy.no_cache:
        return Reason(cause=Cause.NO_CACHE, text="The run was asked to reuse nothing.")
    if not request.cache:
        return Reason(cause=Cause.NO_CACHE, text="The task is declared with cache=False.")
    if not request.persist:
        return Reason(
            cause=Cause.NO_CACHE, text="The task is declared with persist=False: nothing is kept."
        )
    if request.key is None:
        return Reason(cause=Cause.UNCACHEABLE, text=f"It can't be cached: {request.problem}")
    return None


def _objection(request: Request, prior: Prior, policy: Policy, now: datetime) -> Reason | None:
    if not prior.kept:
        return Reason(cause=Cause.NOT_KEPT, text="Its outputs are no longer in the store.")
    if prior.seed_used and prior.seed != request.seed:
        return Reason(
            cause=Cause.SEED,
            text=f"It draws random numbers, and its seed was {prior.seed}, not {request.seed}.",
        )
    for given in prior.observed:
        if policy.hermetic:
            return Reason(
                cause=Cause.OBSERVED,
                text=f"It read what it does not take, which this run forbids: {given.name}.",
            )
        now_it_is = request.seen.get(given.name)
        if now_it_is != given.digest:
            change = Change(
                component="observed", name=given.name, before=given.digest, after=now_it_is
            )
            return Reason(
                cause=Cause.OBSERVED,
                text=f"What it read without taking it has changed: {given.name}.",
                changes=(change,),
            )
    if request.ttl is not None and prior.finished_at + timedelta(seconds=request.ttl) <= now:
        return Reason(
            cause=Cause.EXPIRED, text=f"Its last result is older than its ttl of {request.ttl:g} s."
        )
    return None
