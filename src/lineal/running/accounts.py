"""Accounts: what became of each step of a run, and which steps wait to know.

Every step that is enlisted is accounted for once: it succeeds, it fails, or it is skipped,
with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from lineal.pipeline.graph import StepNode
from lineal.recorder import Entry, Recorder
from lineal.records import Cause, Execution, Reason

from .base import Observer
from .recording import entry_of_skip
from .shelf import Shelf


class Accounts:
    """Keeps the accounts of one run, on the thread that drives it."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        recorder: Recorder,
        observer: Observer,
        run_id: str,
        run_number: int,
    ) -> None:
        self._shelf = shelf
        self._recorder = recorder
        self._observer = observer
        self._run_id = run_id
        self._run_number = run_number
        self._errors: dict[int, BaseException] = {}
        """Position of a step that failed or was skipped -> why."""
        self._unmet: dict[int, int] = {}
        """Position of a step that waits -> how many steps it waits for."""
        self._dependents: dict[int, list[StepNode]] = {}
        self._executions: dict[int, Execution] = {}

    def in_order(self) -> list[Execution]:
        """What became of each step so far, in the order they were declared."""
        return [self._executions[position] for position in sorted(self._executions)]

    def settled(self, node: StepNode) -> bool:
        """Whether it is known what became of a step."""
        return node in self._shelf or node.position in self._errors

    def error_of(self, node: StepNode) -> BaseException | None:
        """Why a step did not succeed."""
        return self._errors.get(node.position)

    def enlist(self, targets: Iterable[StepNode]) -> list[StepNode]:
        """Count on steps and all that they need; returns those that wait for nothing."""
        waiting = [node for node in targets if not self.settled(node)]
        found = {node.position: node for node in waiting}
        while waiting:
            for above in waiting.pop().upstream:
                if above.position not in found and not self.settled(above):
                    found[above.position] = above
                    waiting.append(above)
        ready = []
        for position in sorted(found):
            node = found[position]
            unmet = [above for above in node.upstream if above not in self._shelf]
            broken = next((a for a in unmet if a.position in self._errors), None) if unmet else None
            if broken is not None:
                self._skip_because(node, broken)
                self._skip_below(node)
            elif unmet:
                self._unmet[position] = len(unmet)
                for above in unmet:
                    self._dependents.setdefault(above.position, []).append(node)
            else:
                ready.append(node)
        return ready

    def succeeded(self, node: StepNode, entry: Entry) -> list[StepNode]:
        """A step's outputs are on the shelf; returns the steps that wait for nothing now."""
        self._shelf.ended(node)
        ready = []
        for below in self._dependents.pop(node.position, ()):
            self._unmet[below.position] -= 1
            if self._unmet[below.position] == 0:
                ready.append(below)
        self._note(entry)
        return ready

    def failed(self, node: StepNode, entry: Entry, error: BaseException) -> None:
        """A step did not succeed: all that needs it is skipped."""
        self._break(node, entry, error)
        self._skip_below(node)

    def skipped(self, node: StepNode, reason: Reason, error: BaseException) -> None:
        """A step is not executed, unless it is known already what became of it."""
        if not self.settled(node):
            self.failed(node, self._entry_of_skip(node, reason), error)

    def _skip_below(self, node: StepNode) -> None:
        waiting = [node]
        while waiting:
            because = waiting.pop()
            for below in self._dependents.pop(because.position, ()):
                if not self.settled(below):
                    self._skip_because(below, because)
                    waiting.append(below)

    def _skip_because(self, node: StepNode, above: StepNode) -> None:
        text = f"It needs {above.name}, which did not succeed."
        reason = Reason(cause=Cause.UPSTREAM_FAILED, text=text)
        self._break(node, self._entry_of_skip(node, reason), self._errors[above.position])

    def _break(self, node: StepNode, entry: Entry, error: BaseException) -> None:
        self._errors[node.position] = error
        self._shelf.ended(node)
        self._note(entry)

    def _entry_of_skip(self, node: StepNode, reason: Reason) -> Entry:
        return entry_of_skip(node, reason, self._run_id, self._run_number)

    def _note(self, entry: Entry) -> None:
        self._recorder.record(entry)
        execution = entry.execution
        self._executions[execution.position] = execution
        self._observer.ended(
            execution.step, str(execution.status), execution.reason, execution.resources
        )
