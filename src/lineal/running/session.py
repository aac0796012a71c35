"""A session: the steps of one run, driven from declared to recorded.

One thread, the one that runs the pipeline's body, decides, orders and records; steps
are executed by a runner. A step is decided when all it takes is known; what is reused is
known at once, what is stale is known when the runner hands it back.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from lineal.context import StepContext
from lineal.digests.canonical import value_digest
from lineal.digests.digest import Digest
from lineal.errors import LinealError, RunCancelled, StepFailed
from lineal.metrics import Journal
from lineal.pipeline.graph import Leaf, Literal, Reference, StepNode, resolve
from lineal.planning import Reuse
from lineal.recorder import Recorder
from lineal.records import Cause, Execution, Reason, execution_id

from .base import Runner, RunOptions, Services
from .deciding import Decided, Decider
from .execute import ELSEWHERE, Guard, Outcome, Produced, StepCall, own_traceback
from .parcels import Parcel
from .recording import (
    entry_of_failure,
    entry_of_outcome,
    entry_of_reuse,
    entry_of_skip,
    prior_of,
)
from .slots import Slot


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
    ) -> None:
        self._services = services
        self._options = options
        self._run_id = run_id
        self._run_number = run_number
        self._decider = decider
        self._recorder = recorder
        self._journal = journal
        self._runner = runner
        self._slots: dict[Digest, Slot] = {}
        self._outputs: dict[int, dict[str, Digest]] = {}
        """Position of a step that succeeded -> the digests of its outputs."""
        self._errors: dict[int, BaseException] = {}
        """Position of a step that failed or was skipped -> why."""
        self._executing: dict[Digest, list[StepNode]] = {}
        """Key being executed -> steps of the same key that wait for it."""
        self._done: queue.SimpleQueue[tuple[Decided, Future[Outcome]]] = queue.SimpleQueue()
        self._in_flight: dict[int, Decided] = {}
        self._ready: deque[StepNode] = deque()
        self._stale: deque[Decided] = deque()
        self._unmet: dict[int, int] = {}
        self._dependents: dict[int, list[StepNode]] = {}
        self.executions: dict[int, Execution] = {}
        self.failure: BaseException | None = None
        """The first error of a step."""

    def in_order(self) -> list[Execution]:
        """What became of each step so far, in the order they were declared."""
        return [self.executions[position] for position in sorted(self.executions)]

    # What the trace asks for.

    def digest(self, value: Any) -> Digest:
        """Identity of a value that the pipeline's body gives to a step."""
        return value_digest(value)

    def demand(self, step: StepNode, output: str) -> Any:
        """The value of an output, running what it needs."""
        if step.position not in self._outputs:
            self.drive([step])
        error = self._errors.get(step.position)
        if error is not None:
            raise error
        slot = self._slots[self._outputs[step.position][output]]
        if not slot.in_memory and slot.artifact is None:
            self.locate([slot])
        return slot.value(self._services.values)

    def output_digest(self, reference: Reference) -> Digest:
        """The digest of an output of a step that succeeded."""
        return self._outputs[reference.step.position][reference.output]

    # The loop.

    def drive(self, targets: Iterable[StepNode]) -> None:
        """Bring steps, and all they need, to an end. Errors are kept, not raised."""
        self._enlist(targets)
        while self._ready or self._stale or self._in_flight:
            if self._stopping:
                self._drop_what_waits()
            if self._ready:
                self._decide_ready()
            while self._stale and len(self._in_flight) < 2 * self._runner.workers:
                self._submit(self._stale.popleft())
            if self._in_flight and not self._ready:
                self._collect()

    @property
    def _stopping(self) -> bool:
        return self.failure is not None and not self._options.keep_going

    def _settled(self, node: StepNode) -> bool:
        return node.position in self._outputs or node.position in self._errors

    def _enlist(self, targets: Iterable[StepNode]) -> None:
        waiting = [node for node in targets if not self._settled(node)]
        found = {node.position: node for node in waiting}
        while waiting:
            for above in waiting.pop().upstream:
                if above.position not in found and not self._settled(above):
                    found[above.position] = above
                    waiting.append(above)
        for position in sorted(found):
            node = found[position]
            unmet = [above for above in node.upstream if above.position not in self._outputs]
            broken = next((a for a in unmet if a.position in self._errors), None)
            if broken is not None:
                self._skip(node, broken)
            elif unmet:
                self._unmet[position] = len(unmet)
                for above in unmet:
                    self._dependents.setdefault(above.position, []).append(node)
            else:
                self._ready.append(node)

    def _decide_ready(self) -> None:
        wave = []
        while self._ready:
            node = self._ready.popleft()
            if not self._settled(node):
                wave.append(node)
        for decided in self._decider.decide(wave, self.output_digest):
            if isinstance(decided.decision, Reuse):
                self._reuse(decided)
            elif self._is_twin(decided):
                continue
            else:
                self._stale.append(decided)

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
        for output in decided.decision.prior.outputs:
            self._slots.setdefault(output.digest, Slot(output.digest))
        self._settle(decided.node, {o.name: o.digest for o in decided.decision.prior.outputs})
        self._note(entry.execution)
        self._recorder.record(entry)

    def _submit(self, decided: Decided) -> None:
        node = decided.node
        self._find_artifacts(node)
        context = StepContext(
            execution_id=execution_id(self._run_number, node.position), points=self._journal
        )
        call = StepCall(
            step=node.name,
            task=node.task,
            load=lambda: self._load(node),
            seed=decided.seed,
            context=context,
            pack=lambda: self._pack(node),
        )
        self._options.observer.started(node.name, decided.decision.reason)
        self._in_flight[node.position] = decided
        future = self._runner.submit(call)
        future.add_done_callback(lambda done: self._done.put((decided, done)))

    def _slot_of(self, leaf: Reference) -> Slot:
        return self._slots[self.output_digest(leaf)]

    def _find_artifacts(self, node: StepNode) -> None:
        """Learn where the values of reused steps lie, before another thread wants them."""
        slots = [self._slot_of(leaf) for _, leaf in node.leaves if isinstance(leaf, Reference)]
        missing = [s for s in slots if not s.in_memory and s.artifact is None]
        if missing:
            self.locate(missing)

    def locate(self, slots: Iterable[Slot]) -> None:
        """Find the records of values that are not in memory."""
        wanted = {slot.digest: slot for slot in slots}
        for digest in list(wanted):
            written = self._recorder.artifact(digest)
            if written is not None:
                wanted.pop(digest).artifact = written
        for digest, artifact in self._services.catalog.artifacts(list(wanted)).items():
            wanted[digest].artifact = artifact

    def _load(self, node: StepNode) -> tuple[dict[str, Any], list[Guard]]:
        guards: list[Guard] = []
        names = iter(node.leaves)

        def value_of(leaf: Leaf) -> Any:
            name, _ = next(names)
            if isinstance(leaf, Literal):
                if leaf.digest is not None:
                    guards.append((name, leaf.value, leaf.digest))
                return leaf.value
            slot = self._slot_of(leaf)
            value = slot.value(self._services.values)
            guards.append((name, value, slot.digest))
            return value

        arguments = {name: resolve(a, value_of) for name, a in node.arguments.items()}
        return arguments, guards

    def _pack(self, node: StepNode) -> dict[str, Any]:
        names = iter(node.leaves)

        def parcel_of(leaf: Leaf) -> Parcel:
            name, _ = next(names)
            if isinstance(leaf, Literal):
                return Parcel(name=name, digest=leaf.digest, value=leaf.value)
            slot = self._slot_of(leaf)
            if slot.artifact is not None and slot.artifact.stored is not None:
                return Parcel(name=name, digest=slot.digest, artifact=slot.artifact)
            value = slot.value(self._services.values)
            return Parcel(name=name, digest=slot.digest, value=value)

        return {name: resolve(a, parcel_of) for name, a in node.arguments.items()}

    def _collect(self) -> None:
        decided, future = self._done.get()
        node = decided.node
        del self._in_flight[node.position]
        outcome = _outcome(node, future)
        if outcome.error is None:
            self._succeeded(decided, outcome)
        else:
            self._failed(decided, outcome)
        if decided.key is not None:
            self._ready.extend(self._executing.pop(decided.key.digest, ()))

    def _succeeded(self, decided: Decided, outcome: Outcome) -> None:
        entry = entry_of_outcome(decided, outcome, self._run_id, self._run_number)
        declared = outcome.outputs[: len(decided.node.task.outputs)]
        for produced in declared:
            digest = produced.identity.digest
            slot = self._slots.get(digest)
            if slot is None or not slot.in_memory:
                self._slots[digest] = _slot(produced)
        for points in outcome.points:
            self._journal.log_many(*points)
        self._settle(decided.node, {p.name: p.identity.digest for p in declared})
        self._note(entry.execution)
        self._recorder.record(entry)
        if decided.key is not None and decided.node.task.options.persist:
            self._decider.remember(prior_of(entry.execution, decided.key))

    def _failed(self, decided: Decided, outcome: Outcome) -> None:
        assert outcome.error is not None
        entry = entry_of_failure(decided, outcome, self._run_id, self._run_number)
        self._errors[decided.node.position] = outcome.error
        self.failure = self.failure or outcome.error
        self._note(entry.execution)
        self._recorder.record(entry)
        self._skip_dependents(decided.node)

    def _settle(self, node: StepNode, outputs: dict[str, Digest]) -> None:
        self._outputs[node.position] = outputs
        for below in self._dependents.pop(node.position, ()):
            self._unmet[below.position] -= 1
            if self._unmet[below.position] == 0:
                self._ready.append(below)

    def _skip_dependents(self, node: StepNode) -> None:
        for below in self._dependents.pop(node.position, ()):
            if not self._settled(below):
                self._skip(below, node)

    def _skip(self, node: StepNode, because: StepNode) -> None:
        self._errors[node.position] = self._errors[because.position]
        reason = Reason(
            cause=Cause.UPSTREAM_FAILED, text=f"It needs {because.name}, which did not succeed."
        )
        self._record_skip(node, reason)
        self._skip_dependents(node)

    def _drop_what_waits(self) -> None:
        """After a failure: what is not being executed yet will not be."""
        assert self.failure is not None
        reason = Reason(cause=Cause.CANCELLED, text="The run stopped when another step failed.")
        self._abandon(reason, self.failure)

    def _abandon(self, reason: Reason, error: BaseException) -> None:
        nodes = [d.node for d in self._stale] + list(self._ready)
        nodes += [node for twins in self._executing.values() for node in twins]
        for twins in self._executing.values():
            twins.clear()
        self._stale.clear()
        self._ready.clear()
        for node in nodes:
            if not self._settled(node):
                self._errors[node.position] = error
                self._record_skip(node, reason)
                self._skip_dependents(node)

    def cancel(self) -> None:
        """Record what was under way as not done; the runner is closed by its owner."""
        error = RunCancelled()
        reason = Reason(cause=Cause.CANCELLED, text="The run was cancelled.")
        in_flight = [decided.node for decided in self._in_flight.values()]
        self._in_flight.clear()
        self._abandon(reason, error)
        for node in in_flight:
            if not self._settled(node):
                self._errors[node.position] = error
                self._record_skip(node, reason)
                self._skip_dependents(node)

    def _record_skip(self, node: StepNode, reason: Reason) -> None:
        entry = entry_of_skip(node, reason, self._run_id, self._run_number)
        self._note(entry.execution)
        self._recorder.record(entry)

    def _note(self, execution: Execution) -> None:
        self.executions[execution.position] = execution
        self._options.observer.ended(
            execution.step, execution.status.value, execution.reason, execution.resources
        )


def _slot(produced: Produced) -> Slot:
    slot = Slot(produced.identity.digest, artifact=produced.artifact)
    if produced.value is not ELSEWHERE:
        slot.keep(produced.value)
    return slot


def _outcome(node: StepNode, future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except (BrokenProcessPool, CancelledError):
        return Outcome(
            error=StepFailed(
                f"The process that executed {node.name!r} went away; it may have been killed for"
                " using too much memory. Run again to go on from there."
            )
        )
    except LinealError as error:
        return Outcome(error=error)
    except BaseException as error:  # noqa: BLE001 - ours, so loud: the traceback is recorded
        failed = StepFailed(f"The step {node.name!r} could not be executed: {error!r}")
        failed.__cause__ = error
        return Outcome(error=failed, traceback=own_traceback(error))
