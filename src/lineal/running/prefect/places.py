"""Where the tasks of a flow run execute steps: on threads of this process, or elsewhere."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from typing import Any, Protocol

from prefect.client.schemas.objects import State

from lineal.errors import StepFailed
from lineal.pipeline import Task
from lineal.pipeline.tracing import current_trace
from lineal.running.base import Services
from lineal.running.execute import Outcome, StepCall
from lineal.running.orders import Orders, brought_home
from lineal.running.threads import StepThreads
from lineal.running.worker import Attempts

from .tasks import elsewhere, shown


class Place(Protocol):
    """Takes steps to where they are executed, and brings back what came of them."""

    body: Callable[..., Any]
    """What the Prefect task runs."""

    def job(self, call: StepCall) -> Any:
        """What a task is given. Raises StepError where it can't be had there."""

    def outcome(self, job: Any, task: Task[..., Any], state: State[Any]) -> Outcome:
        """What came of it, when its task run has ended."""

    def rescued(self, job: Any, task: Task[..., Any]) -> Outcome | None:
        """What came of it, when that was lost on its way but can be found all the same."""

    def cancel(self) -> None:
        """Interrupt what is being executed."""

    def close(self) -> None:
        """Nothing is being executed any more."""


class OnThreads:
    """Threads of this process; values pass in memory."""

    def __init__(self) -> None:
        self._threads = StepThreads()
        self._numbers = itertools.count()
        self._calls: dict[int, tuple[StepCall, Attempts]] = {}
        self._outcomes: dict[int, Outcome] = {}
        self.body = self._body

    def job(self, call: StepCall) -> int:
        """A number, as everything is at hand."""
        number = next(self._numbers)
        self._calls[number] = call, Attempts()
        return number

    def outcome(self, job: int, task: Task[..., Any], state: State[Any]) -> Outcome:  # noqa: ARG002
        """What its last attempt came to."""
        del self._calls[job]
        return self._outcomes.pop(job, None) or lost(state)

    def rescued(self, job: int, task: Task[..., Any]) -> Outcome | None:  # noqa: ARG002
        """Nothing is ever on its way."""
        return None

    def cancel(self) -> None:
        """Interrupt it."""
        self._threads.interrupt()

    def close(self) -> None:
        """Stop measuring."""
        self._threads.close()

    def _body(self, step: str, job: int) -> Any:  # noqa: ARG002 - the run is named by it
        call, attempts = self._calls[job]
        token = current_trace.set(None)  # where the run goes on in a flow, its threads copy it
        try:
            self._outcomes[job] = outcome = attempts.through(self._threads)(call, None)
        finally:
            current_trace.reset(token)
        return shown(outcome, None)


class Elsewhere:
    """Other processes, here or on other machines; everything goes through the store."""

    def __init__(self, services: Services, orders: Orders) -> None:
        self._services = services
        self._orders = orders
        self.body = elsewhere

    def job(self, call: StepCall) -> bytes:
        """The step's order."""
        return self._orders.of(call)

    def outcome(self, job: bytes, task: Task[..., Any], state: State[Any]) -> Outcome:
        """The record that was sent back."""
        data = getattr(state.data, "result", state.data)
        if not isinstance(data, bytes):
            return self.rescued(job, task) or lost(state)
        return brought_home(pickle.loads(data), task, self._services.values)  # noqa: S301 - our own

    def rescued(self, job: bytes, task: Task[..., Any]) -> Outcome | None:
        """What its worker has left in the store."""
        return self._orders.rescued(job, task)

    def cancel(self) -> None:
        """Mark the run as cancelled, for workers to see."""
        self._orders.mark.touch()

    def close(self) -> None:
        """Take away what lies in the store for workers."""
        self._orders.close()


def lost(state: State[Any]) -> Outcome:
    """Of a step whose task run ended without us."""
    return Outcome(
        error=StepFailed(
            f"The step's task run was lost: it is {state.name} in Prefect"
            f" ({state.message or 'no reason is given'}). Run again to go on from there."
        )
    )
