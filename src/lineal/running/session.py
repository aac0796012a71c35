"""A session: the steps of one run, driven from declared to recorded.

One thread at a time decides, orders and records: the one that runs the pipeline's body.
Steps are executed by a runner. A step is decided when all it takes is known; what is reused
is known at once, what is stale is known when the runner hands it back.

Where steps come one by one, as in a chain, handing each over and back would take longer
than a small step itself. A thread of the runner then goes on with the session, and the
pipeline's thread waits until there is something for it to do (see `baton`).
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from typing import Any

from lineal.digests.digest import Digest
from lineal.errors import RunCancelled
from lineal.metrics import Journal
from lineal.pipeline.graph import Reference, StepNode
from lineal.planning import Reuse
from lineal.recorder import Recorder
from lineal.records import Cause, Execution, Lease, Reason

from .accounts import Accounts
from .base import Lender, Runner, RunOptions, Services
from .baton import Baton, Errand
from .deciding import Decided, Decider
from .execute import Outcome
from .flights import Flights
from .interrupts import Interrupts
from .leases import QUICK, Leases, reason_of
from .naming import SAID, text_of
from .observed import UNSEEN, told, unseen_by
from .recording import (
    entry_of_failure,
    entry_of_outcome,
    entry_of_reuse,
    outcome_of,
    prior_of,
)
from .seeding import argument_seed, lent
from .shelf import Shelf

_CANCELLED = Reason(cause=Cause.CANCELLED, text="The run was cancelled.")


class Session:
    """Drives one run; the engine behind its trace."""

    def __init__(
        self,
        *,
        services: Services,
        options: RunOptions,
        run_id: str,
        run_number: int,
        decider: Decider,
        recorder: Recorder,
        journal: Journal,
        runner: Runner,
        leases: Leases,
    ) -> None:
        self._options = options
        self._run_id = run_id
        self._run_number = run_number
        self._decider = decider
        self._journal = journal
        self._runner = runner
        self._leases = leases
        self._shelf = Shelf(services.values, services.catalog, services.memo, recorder.artifact)
        self._accounts = Accounts(
            shelf=self._shelf,
            recorder=recorder,
            observer=options.observer,
            run_id=run_id,
            run_number=run_number,
        )
        self._flights = Flights(
            services=services,
            options=options,
            run_number=run_number,
            journal=journal,
            runner=runner,
            shelf=self._shelf,
            globals_of=decider.globals_of,
        )
        self._baton = Baton()
        self._interrupts = Interrupts()
        self._executing: dict[Digest, list[StepNode]] = {}
        """Key being executed -> steps of the same key that wait for it."""
        self._awaited: dict[int, Decided] = {}
        """By position: steps whose key another run executes."""
        self._ready: deque[StepNode] = deque()
        self._stale: deque[Decided] = deque()
        self._lent = False
        """Whether the random generators are the steps' for now."""
        self.warnings: dict[str, str] = {}
        """By task: one line about what its steps did unasked."""
        self.failure: BaseException | None = None
        """The first error of a step."""

    def in_order(self) -> list[Execution]:
        """What became of each step so far, in the order they were declared."""
        return self._accounts.in_order()

    # What the trace asks for.

    def digest(self, value: Any) -> Digest:
        """Identity of a value that the pipeline's body gives to a step."""
        return self._shelf.identify(value)

    def seed(self, step: str, argument: str) -> int:
        """The seed that a step is given as an argument."""
        return argument_seed(self._options.seed, step, argument)

    def declared(self, step: StepNode) -> None:
        """Count on a step that the pipeline's body has declared."""
        self._shelf.declared(step)
        self._decider.declared(step)

    def demand(self, step: StepNode, output: str) -> Any:
        """The value of an output, running what it needs."""
        if step not in self._shelf:
            self.drive([step])
        error = self._accounts.error_of(step)
        if error is not None:
            raise error
        return self._shelf.value(Reference(step, output))

    def identity(self, step: StepNode, output: str) -> Digest:
        """The digest of an output that was demanded."""
        return self._shelf.digest(Reference(step, output))

    def output_digest(self, reference: Reference) -> Digest:
        """The digest of an output of a step that succeeded."""
        return self._shelf.digest(reference)

    def conclude(self, steps: Iterable[StepNode], returned: Iterable[Reference]) -> None:
        """Bring all steps to an end, after the pipeline's body has returned."""
        wanted = list(returned)
        self._shelf.body_ended(wanted)
        self.drive(steps)
        self._shelf.find(reference for reference in wanted if reference.step in self._shelf)

    # The loop.

    def drive(self, targets: Iterable[StepNode]) -> None:
        """Bring steps, and all they need, to an end. Errors are kept, not raised."""
        with self._interrupts.held_back(), self._baton.held(), ExitStack() as stack:
            self._ready.extend(self._accounts.enlist(targets))
            while self._ready or self._stale or self._flights or self._awaited:
                if self._stopping:
                    self._drop_what_waits()
                if self._ready:
                    self._decide_ready()
                if self._stale and not self._lent:
                    self._lent = True
                    stack.enter_context(lent())
                    stack.callback(setattr, self, "_lent", False)
                if self._lone and isinstance(self._runner, Lender):
                    self._hand_over(self._runner)
                    continue
                while self._stale and not self._flights.enough:
                    self._begin(self._stale.popleft(), self._flights.submit)
                if (self._flights or self._awaited) and not self._ready:
                    self._collect()

    @property
    def _lone(self) -> bool:
        """Whether one step is to be executed, and nothing else can be done meanwhile."""
        waiting = self._ready or self._flights or self._awaited
        return len(self._stale) == 1 and not waiting and not self._stopping

    def _hand_over(self, runner: Lender) -> None:
        """Wait while a thread of the runner drives, for as long as steps come one by one."""

        def execute(decided: Decided) -> None:
            self._flights.execute(decided, runner, self._baton)

        def go_on(errand: Errand) -> None:
            while self._lone:
                self._begin(self._stale.popleft(), execute)
                if errand.recalled:
                    return
                if self._flights:
                    self._ended(*self._flights.next_done())
                if self._ready:
                    self._decide_ready()

        self._baton.passed(
            runner.lend,
            go_on,
            waiting=self._interrupts.let_in,
            now_and_then=self._tend,
            every=QUICK,
        )

    @property
    def _stopping(self) -> bool:
        return self.failure is not None and not self._options.keep_going

    def _decide_ready(self) -> None:
        wave = []
        while self._ready:
            node = self._ready.popleft()
            if not self._accounts.settled(node):
                wave.append(node)
        deeper = []
        for decided in self._decider.decide(wave, self._shelf.digest):
            if isinstance(decided.decision, Reuse):
                self._reuse(decided)
            elif self._is_twin(decided):
                continue
            elif decided.node.upstream:
                deeper.append(decided)
            else:
                self._stale.append(decided)
        # What takes values comes before what only makes them, so that few lie in memory.
        self._stale.extendleft(reversed(deeper))

    def _is_twin(self, decided: Decided) -> bool:
        """Whether the same key is being executed already: then it waits, and reuses."""
        if decided.key is None or not decided.node.task.options.cache:
            return False
        twins = self._executing.get(decided.key.digest)
        if twins is None:
            self._executing[decided.key.digest] = []
            return False
        twins.append(decided.node)
        return True

    def _reuse(self, decided: Decided) -> None:
        entry = entry_of_reuse(decided, self._run_id, self._run_number)
        assert isinstance(decided.decision, Reuse)
        entry.leased = self._leases.released(decided)
        outputs = {o.name: o.digest for o in decided.decision.prior.outputs}
        self._shelf.reused(decided.node, outputs)
        self._runner.reused(decided.node)
        self._ready.extend(self._accounts.succeeded(decided.node, entry))

    def _begin(self, decided: Decided, execute: Callable[[Decided], None]) -> None:
        """Execute a step, unless another run does so now or has done so meanwhile."""
        claimed = self._leases.claim(decided)
        if isinstance(claimed, Lease):
            self._awaited[decided.node.position] = decided
            self._leases.await_one()
            self._options.observer.waiting(decided.node.name, reason_of(claimed))
            return
        if claimed and decided.key is not None:
            self._decider.forget(decided.key.digest)
            (decided,) = self._decider.decide([decided.node], self._shelf.digest)
            if isinstance(decided.decision, Reuse):
                self._reuse(decided)
                self._ready_twins(decided)
                return
        execute(decided)

    def _collect(self) -> None:
        patience = self._leases.patience(awaiting=bool(self._awaited))
        with suppress(queue.Empty):
            with self._interrupts.let_in():
                done = self._flights.next_done(timeout=patience)
            self._ended(*done)
            self._flights.tell_begun()
        self._tend()

    def _tend(self) -> None:
        """See to the leases: steps that take long want one, and others may have given theirs up."""
        for decided in self._leases.tend(list(self._awaited.values())):
            del self._awaited[decided.node.position]
            if decided.key is not None:
                self._decider.forget(decided.key.digest)
            self._ready.append(decided.node)
            self._ready_twins(decided)

    def _ended(self, decided: Decided, future: Future[Outcome]) -> None:
        self._flights.ended(decided)
        outcome = outcome_of(decided.node.name, future)
        leased = self._leases.ended(decided, outcome.finished - outcome.started)
        if outcome.error is None:
            self._succeeded(decided, outcome, leased)
        else:
            self._failed(decided, outcome, leased)
        self._ready_twins(decided)

    def _ready_twins(self, decided: Decided) -> None:
        if decided.key is not None:
            self._ready.extend(self._executing.pop(decided.key.digest, ()))

    def _succeeded(self, decided: Decided, outcome: Outcome, leased: bool) -> None:
        if outcome.names:
            logged = outcome.outputs[len(decided.node.task.outputs) :]
            outcome.tags = {**outcome.tags, SAID: text_of(outcome.names, logged)}
        if self._options.observe != "off" and decided.code is not None:
            unseen = unseen_by(decided.node.task.fn, decided.code.distributions, outcome.observed)
            if unseen:
                outcome.tags = {**outcome.tags, UNSEEN: unseen}
        entry = entry_of_outcome(
            decided, outcome, self._run_id, self._run_number, self._shelf.identity_of
        )
        entry.leased = leased
        declared = outcome.outputs[: len(decided.node.task.outputs)]
        self._shelf.made(decided.node, declared, kept=decided.node.task.options.persist)
        options = decided.node.task.options
        if options.cache and options.persist and outcome.observed:
            line = told(decided.node.name, outcome.observed)
            self.warnings.setdefault(decided.node.task.name, line)
        for points in outcome.points:
            self._journal.log_many(*points)
        self._ready.extend(self._accounts.succeeded(decided.node, entry))
        if decided.key is not None and decided.node.task.options.persist:
            self._decider.remember(prior_of(entry.execution, decided.key))

    def _failed(self, decided: Decided, outcome: Outcome, leased: bool) -> None:
        assert outcome.error is not None
        if isinstance(outcome.error, RunCancelled):
            self.failure = self.failure or outcome.error
            self._accounts.skipped(decided.node, _CANCELLED, outcome.error)
            return
        entry = entry_of_failure(decided, outcome, self._run_id, self._run_number)
        entry.leased = leased
        self.failure = self.failure or outcome.error
        self._accounts.failed(decided.node, entry, outcome.error)

    def _drop_what_waits(self) -> None:
        """After a failure: what is not being executed yet will not be."""
        assert self.failure is not None
        reason = Reason(cause=Cause.CANCELLED, text="The run stopped when another step failed.")
        if isinstance(self.failure, RunCancelled):
            reason = _CANCELLED
        self._abandon(reason, self.failure)

    def _abandon(self, reason: Reason, error: BaseException) -> None:
        nodes = [d.node for d in (*self._stale, *self._awaited.values())] + list(self._ready)
        nodes += [node for twins in self._executing.values() for node in twins]
        for twins in self._executing.values():
            twins.clear()
        self._stale.clear()
        self._awaited.clear()
        self._ready.clear()
        for node in nodes:
            self._accounts.skipped(node, reason, error)

    def cancel(self) -> None:
        """Record what was under way as not done; the runner is closed by its owner."""
        error = RunCancelled()
        with self._baton.held():
            under_way = self._flights.abandon()
            self._abandon(_CANCELLED, error)
            for node in under_way:
                self._accounts.skipped(node, _CANCELLED, error)
