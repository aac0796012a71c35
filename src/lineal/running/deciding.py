"""Deciding a wave of steps: their keys, one look-up for all, and a decision each.

Both a run and a plan go through here, so a plan says what a run would do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from msgspec import Struct

from lineal.catalog import Catalog
from lineal.digests.code import CodeResolver
from lineal.digests.digest import Digest, unique_digest
from lineal.digests.memo import StatMemo
from lineal.errors import UnhashableError
from lineal.pipeline import Task
from lineal.pipeline.graph import Leaf, Literal, Reference, StepNode
from lineal.planning import Execute, Policy, Request, Reuse, decide, explain, make_key
from lineal.records import Cause, CodeIdentity, Input, Key, Precedent, Prior, Source

from .guarding import Guard, guard_globals
from .observed import digests_now
from .seeding import step_seed

LONGEST_SETTING = 500
AHEAD = 64
"""Steps to come whose last executions are asked for with those that are wanted, at the least."""
_OPEN = (Cause.FIRST, Cause.SEED, Cause.EXPIRED, Cause.NOT_KEPT, Cause.OBSERVED)
"""Why a step may be executed although an older execution could stand for it."""
_NUMBERS = frozenset({type(None), bool, int, float})
_SCALARS = (type(None), bool, int, float, complex, str, Enum, Path)


class Decided(Struct, kw_only=True, gc=False):
    """A step, what its key is made of, and what is to become of it."""

    node: StepNode
    inputs: tuple[Input, ...]
    key: Key | None
    code: CodeIdentity | None
    decision: Reuse | Execute
    seed: int


class Decider:
    """Decides the steps of one run of one pipeline."""

    def __init__(
        self,
        catalog: Catalog,
        pipeline: str,
        policy: Policy,
        run_seed: int,
        memo: StatMemo | None = None,
    ) -> None:
        self._catalog = catalog
        self._pipeline = pipeline
        self._policy = policy
        self._run_seed = run_seed
        self._memo = memo
        self._resolver = CodeResolver()
        self._codes: dict[int, CodeIdentity | UnhashableError] = {}
        self._globals: dict[int, list[Guard]] = {}
        self._priors: dict[Digest, tuple[Prior, ...]] = dict(catalog.preload(pipeline))
        self._declared: list[str] = []
        self._last: dict[str, Precedent | None] = {}
        """Step -> its last execution in earlier runs, as far as that was asked for."""
        self._codes_before: dict[Digest, CodeIdentity] = {}
        self._looked_up: set[Digest] = set()
        """Keys whose every execution is known; of others only the newest run's may be."""

    @property
    def codes(self) -> list[CodeIdentity]:
        """The code of every task met so far."""
        return [code for code in self._codes.values() if isinstance(code, CodeIdentity)]

    def declared(self, step: StepNode) -> None:
        """A step will be decided; called in order of position."""
        self._declared.append(step.name)

    def globals_of(self, task: Task[..., Any]) -> list[Guard]:
        """What a task's code holds, and must be the same after each of its steps."""
        known = self._globals.get(id(task.fn))
        if known is None:
            identified = isinstance(self._code(task), CodeIdentity)
            known = guard_globals(self._resolver, task.fn) if identified else []
            self._globals[id(task.fn)] = known
        return known

    def remember(self, prior: Prior) -> None:
        """Let an execution of this very run be reused by its later steps."""
        self._priors[prior.key] = (prior, *self._priors.get(prior.key, ()))

    def forget(self, key: Digest) -> None:
        """Look a key up anew when it is decided next: another run may have executed it."""
        self._looked_up.discard(key)

    def decide(
        self, nodes: Sequence[StepNode], digest_of: Callable[[Reference], Digest]
    ) -> list[Decided]:
        """Decide steps whose inputs are all known."""
        prepared = [self._prepare(node, digest_of) for node in nodes]
        now = datetime.now(UTC)
        decided = [self._decided(*parts, now) for parts in prepared]
        if any(isinstance(item.decision, Execute) for item in decided):
            self._ask_further(decided, now)
            self._explain(decided)
        return decided

    def _decided(
        self,
        node: StepNode,
        inputs: tuple[Input, ...],
        key: Key | None,
        code: CodeIdentity | None,
        problem: str | None,
        now: datetime,
    ) -> Decided:
        """Decide a step by what is known so far."""
        options = node.task.options
        seed = step_seed(self._run_seed, node.name)
        priors = self._priors.get(key.digest, ()) if key is not None else ()
        request = Request(
            step=node.name,
            task_name=node.task.name,
            key=key,
            problem=problem,
            cache=options.cache,
            persist=options.persist,
            ttl=options.ttl,
            seed=seed,
            seen=self._seen_now(priors),
        )
        decision = decide(request, priors, self._policy, now)
        return Decided(node=node, inputs=inputs, key=key, code=code, decision=decision, seed=seed)

    def _seen_now(self, priors: Sequence[Prior]) -> dict[str, Digest]:
        """What past executions read unasked, as it is now."""
        names: set[str] = set()
        for prior in priors:
            if prior.observed:
                names.update(given.name for given in prior.observed)
        return digests_now(names, self._memo) if names else {}

    def _prepare(
        self, node: StepNode, digest_of: Callable[[Reference], Digest]
    ) -> tuple[StepNode, tuple[Input, ...], Key | None, CodeIdentity | None, str | None]:
        ignored = node.task.options.ignore
        problems: list[str] = []
        inputs = tuple(
            [
                _input(
                    name,
                    leaf,
                    bool(ignored) and name.partition("[")[0] in ignored,
                    digest_of,
                    problems,
                )
                for name, leaf in node.leaves
            ]
        )
        code = self._code(node.task)
        if isinstance(code, UnhashableError):
            return node, inputs, None, None, str(code)
        if problems:
            return node, inputs, None, code, "; ".join(problems)
        key = make_key(
            task=node.task.qualified_name,
            code=code,
            version=node.task.options.version,
            outputs=node.task.outputs,
            inputs=inputs,
            shapes=node.shapes(),
        )
        return node, inputs, key, code, None

    def _code(self, task: Task[..., Any]) -> CodeIdentity | UnhashableError:
        known = self._codes.get(id(task.fn))
        if known is None:
            try:
                known = self._resolver.identify(task.fn)
            except UnhashableError as error:
                known = error
            self._codes[id(task.fn)] = known
        return known

    def _ask_further(self, decided: list[Decided], now: datetime) -> None:
        """Decide anew, in one query, the steps for which only an older execution may do."""
        asking = {
            place: item.key.digest
            for place, item in enumerate(decided)
            if item.key is not None
            and isinstance(item.decision, Execute)
            and item.decision.reason.cause in _OPEN
            and item.key.digest not in self._looked_up
        }
        if not asking:
            return
        keys = list(dict.fromkeys(asking.values()))
        found = self._catalog.lookup(keys)
        self._looked_up.update(keys)
        for key, priors in found.items():
            known = {prior.execution_id: prior for prior in priors}
            known |= {prior.execution_id: prior for prior in self._priors.get(key, ())}
            self._priors[key] = tuple(known[place] for place in sorted(known, reverse=True))
        for place, key in asking.items():
            if key not in found:
                continue
            item = decided[place]
            decided[place] = self._decided(item.node, item.inputs, item.key, item.code, None, now)

    def _explain(self, decided: list[Decided]) -> None:
        """Name what changed since the last time, for steps that nothing else explains."""
        puzzling = [
            d for d in decided
            if isinstance(d.decision, Execute) and d.decision.reason.cause is Cause.FIRST
        ]  # fmt: skip
        if not puzzling:
            return
        self._recall([d.node for d in puzzling])
        for item in puzzling:
            previous = self._last[item.node.name]
            if previous is not None and item.key is not None:
                code = self._codes_before.get(previous.code) if previous.code else None
                reason = explain(item.key, previous, code)
                if reason is not None:
                    item.decision = Execute(reason=reason)

    def _recall(self, nodes: Sequence[StepNode]) -> None:
        """Find the last executions of steps, and of as many of those to come as were asked for.

        Where a change runs down a chain, each step is a wave of its own; asking ahead twice
        as far each time, from `AHEAD` on, keeps queries few and asks for little in vain.
        """
        wanted = {node.name for node in nodes if node.name not in self._last}
        if not wanted:
            return
        first = nodes[-1].position
        ahead = self._declared[first : first + max(len(self._last), AHEAD)]
        wanted.update(name for name in ahead if name not in self._last)
        found = self._catalog.precedents(self._pipeline, sorted(wanted))
        self._last.update({name: found.get(name) for name in wanted})
        codes = {e.code for e in found.values() if e.code} - self._codes_before.keys()
        if codes:
            self._codes_before |= self._catalog.codes(sorted(codes))


def _input(
    name: str,
    leaf: Leaf,
    ignored: bool,
    digest_of: Callable[[Reference], Digest],
    problems: list[str],
) -> Input:
    if isinstance(leaf, Literal):
        if leaf.digest is None and not ignored:
            problems.append(leaf.problem or name)
        return Input(
            name=name,
            digest=leaf.digest or unique_digest(),
            value=as_setting(leaf.value) if leaf.source is None else None,
            source=leaf.source,
            ignored=ignored,
        )
    digest = digest_of(leaf)
    if digest.startswith("unique:") and not ignored:
        problems.append(
            f"argument {name} comes from {leaf.step.name}, whose result has no identity of its own"
        )
    source = Source(step=leaf.step.name, output=leaf.output)
    return Input(name=name, digest=digest, source=source, ignored=ignored)


def as_setting(value: Any) -> str | None:
    """A plain value as the text of a parameter; None for what is data."""
    if type(value) in _NUMBERS:  # most of what steps are given
        text = str(value)
        return text if len(text) <= LONGEST_SETTING else None
    if isinstance(value, _SCALARS):
        text = value.as_posix() if isinstance(value, Path) else str(value)
        return text if len(text) <= LONGEST_SETTING else None
    if isinstance(value, (list, tuple, dict, set, frozenset)) and len(value) <= LONGEST_SETTING:
        items = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
        if all(as_setting(item) is not None for item in items):
            text = repr(value)
            return text if len(text) <= LONGEST_SETTING else None
    return None
