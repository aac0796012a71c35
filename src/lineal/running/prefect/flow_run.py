"""The Prefect flow run that shows one of our runs.

All that touches it happens in one thread, in the flow's own function: submitting tasks,
and saying how it ended. Either that thread is of our making, or the run goes on inside a
flow already, and it is the thread that drives the run.
"""

from __future__ import annotations

import contextvars
import logging
import queue
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Protocol
from uuid import UUID

from prefect import Flow, Task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State, TaskRunResult
from prefect.context import FlowRunContext
from prefect.events.worker import EventsWorker
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner

POLL = 2.0
"""Seconds between two looks at whether somebody has cancelled it in Prefect."""
_BANNED = re.compile(r"[/%&><]")
Done = Callable[[PrefectFuture[Any]], None]


class FlowRun(Protocol):
    """A flow run that tasks can be submitted to."""

    id: UUID
    task_runner: TaskRunner[Any]

    def perform(self, what: Callable[[], Any]) -> None:
        """Do something in its thread, soon; what Prefect objects to is only warned of."""

    def end(self, state: State[Any], patience: float) -> None:
        """It is over; waits so many seconds until Prefect knows, if that is ours to say."""


class CurrentFlowRun:
    """The flow run that the thread which drives the run is in.

    Args:
        context: Where it is.
        task_runner: What executes tasks of ours there; the flow's own by default.
    """

    def __init__(self, context: FlowRunContext, task_runner: TaskRunner[Any] | None) -> None:
        assert context.flow_run is not None
        self.id = context.flow_run.id
        self._around = contextvars.copy_context()
        self._plain = context.model_copy(
            update={"flow": _flow(context.flow_run.name), "parameters": {}}
        )
        self._stack = ExitStack()
        self.task_runner = context.task_runner
        if task_runner is not None:
            self.task_runner = self._stack.enter_context(task_runner)

    def perform(self, what: Callable[[], Any]) -> None:
        """Do it at once, in the flow run also where this is another thread.

        A task travels with the flow that it is submitted in: here that is somebody's own, with
        code and parameters that workers may not have.
        """
        self._around.copy().run(self._perform, what)

    def _perform(self, what: Callable[[], Any]) -> None:
        with self._plain.model_copy():
            _try(what)

    def end(self, state: State[Any], patience: float) -> None:  # noqa: ARG002 - not ours to say
        """The flow goes on without us."""
        self._stack.close()


class OwnFlowRun:
    """A flow run of our own, in a thread of its own.

    Args:
        name: The flow's name.
        run_name: The flow run's name.
        parameters: What it shows as parameters.
        task_runner: What executes its tasks.
        cancelled: Called when somebody cancels it in Prefect, from another thread.

    Raises:
        Exception: whatever keeps Prefect from beginning it.
    """

    id: UUID

    def __init__(
        self,
        *,
        name: str,
        run_name: str,
        parameters: Mapping[str, str],
        task_runner: TaskRunner[Any],
        cancelled: Callable[[], None],
    ) -> None:
        self._flow = _flow(
            name,
            flow_run_name=run_name.replace("{", "(").replace("}", ")"),
            task_runner=task_runner,
            validate_parameters=False,
            retries=0,
        )
        self.task_runner = task_runner
        self._cancelled = cancelled
        self._work: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._began = threading.Event()
        self._over = threading.Event()
        self._state: State[Any] | None = None
        self.problem: BaseException | None = None
        """What made Prefect lose it."""
        # A context of its own: what the body of the pipeline traces is not for the steps.
        run = contextvars.Context().run
        self._thread = threading.Thread(
            target=run, args=(self._go, dict(parameters)), name="lineal-prefect", daemon=True
        )
        self._thread.start()
        self._began.wait()
        if self.problem is not None:
            raise self.problem

    def perform(self, what: Callable[[], Any]) -> None:
        """Do it when what came before is done."""
        self._work.put(what)

    def end(self, state: State[Any], patience: float) -> None:
        """End it, and wait until Prefect has been told."""
        self._state = state
        self._work.put(None)
        self._thread.join(patience)
        if self._thread.is_alive() or self.problem is not None:
            _warn(self.problem or "it does not answer")
            _forget_events()

    def _go(self, parameters: dict[str, str]) -> None:
        try:
            _followed.flow_run = self
            self._flow(parameters, return_state=True)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            self.problem = error
        finally:
            self._over.set()
            self._began.set()

    def follow(self) -> State[Any] | None:
        """Do what is to be done, until the end; called in the flow."""
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        self.id = context.flow_run.id
        self.task_runner = context.task_runner
        threading.Thread(target=self._watch, name="lineal-prefect-watch", daemon=True).start()
        self._began.set()
        while (what := self._work.get()) is not None:
            _try(what)
        self._over.set()
        return self._state

    def _watch(self) -> None:
        """Look whether somebody cancels the flow run; a server that is away is asked again."""
        if self._over.wait(POLL):
            return  # over before a client was worth making
        with get_client(sync_client=True) as client:
            while not self._cancelled_by(client):
                if self._over.wait(POLL):
                    return
        self._cancelled()

    def _cancelled_by(self, client: SyncPrefectClient) -> bool:
        try:
            state = client.read_flow_run(self.id).state
        except Exception:  # noqa: BLE001 - any trouble on the way there
            return False
        return state is not None and (state.is_cancelling() or state.is_cancelled())


def _try(what: Callable[[], Any]) -> None:
    try:
        what()
    except Exception as error:  # noqa: BLE001 - the run does not depend on what Prefect shows
        _warn(error)


def _warn(problem: object) -> None:
    logging.getLogger("lineal").warning(
        "Prefect was not told all of this run (%s); lineal's own record is whole", problem
    )


def _forget_events() -> None:
    """Have this process not wait at its end to tell a server that is gone what it never heard.

    Each event is tried for some seconds, and there are several for every step.
    """
    services: Any = EventsWorker
    for service in tuple(services._instances.values()):  # noqa: SLF001 - no public way
        if isinstance(service, EventsWorker):
            waiting: Any = service._queue  # noqa: SLF001
            with suppress(queue.Empty):
                while True:
                    waiting.get_nowait()
                    waiting.task_done()


_followed = threading.local()


def _follow(parameters: dict[str, str]) -> Any:  # noqa: ARG001 - they are shown
    """The function of every flow of ours: a plain one, as it travels with each task."""
    return _followed.flow_run.follow()


def _flow(name: str, **settings: Any) -> Flow[..., Any]:
    """A flow of ours, which any worker can take."""
    name = _BANNED.sub("-", name)
    return Flow(_follow, name=name, persist_result=False, log_prints=False, **settings)


def ended(future: PrefectFuture[Any]) -> State[Any]:
    """The state in which a task run has ended.

    Raises:
        BaseException: it has not, for what became of its worker.
    """
    future.wait()
    state = future.state
    if not state.is_final():
        future.result(raise_on_failure=False)  # raises what `wait` does not
    elif state.is_crashed() and not isinstance(state.data, bytes):
        raise WorkerCrashed(state.message)
    return state


class WorkerCrashed(Exception):
    """What Prefect took down of it, where the exception itself is gone."""


def submit(
    flow_run: FlowRun,
    task: Task[..., Any],
    step: str,
    job: Any,
    upstream: Sequence[UUID],
    done: Done,
) -> None:
    """Submit a task to the flow run of this thread.

    Args:
        flow_run: It.
        task: The task.
        step: The step's name.
        job: What the task is given.
        upstream: Task runs that it depends on; they have ended well, so none is waited for.
        done: Called when it has ended, in whichever thread that is.
    """
    future = flow_run.task_runner.submit(
        task,
        {"step": step, "job": job},
        dependencies={"job": {TaskRunResult(id=above) for above in upstream}},
    )
    future.add_done_callback(done)
