"""The Prefect runner: the session decides and orders as ever, Prefect executes and shows.

The flow run begins with the first stale step. It ends when the run is recorded, with the
run's own status, so Prefect never calls finished what is not durable.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lineal.errors import LinealError, RunCancelled, StepFailed, UserError
from lineal.pipeline import Pipeline
from lineal.pipeline.graph import StepNode
from lineal.records import RunRecord, RunStatus
from lineal.records.step import RUN_SHIFT
from lineal.running.base import Runner, RunOptions, Services
from lineal.running.cancelling import mark_of
from lineal.running.execute import Outcome, StepCall
from lineal.running.local import worker_count
from lineal.running.orders import Orders
from lineal.running.snapshots import file_of

from . import flows, task_runners

if TYPE_CHECKING:
    from prefect.context import FlowRunContext

    from .flow_run import FlowRun
    from .places import Place
    from .placing import Placing

FLOW_RUN = "prefect.flow_run_id"
TASK_RUN = "prefect.task_run_id"
"""Tags: of runs and executions, the ids that Prefect knows them by."""
PATIENCE = 30.0
"""Seconds that Prefect may take to be told how a run ended."""
_POSITION = (1 << RUN_SHIFT) - 1


class PrefectRunner(Runner):
    """Executes steps as task runs of a Prefect flow run."""

    def __init__(
        self, services: Services, pipeline: Pipeline[..., Any], options: RunOptions
    ) -> None:
        task_runners.check(options.task_runner, options.address)
        self.workers = worker_count(options.workers)
        self._services = services
        self._pipeline = pipeline
        self._options = options
        self._record: RunRecord | None = None
        self._flow_run: FlowRun | None = None
        self._place: Place | None = None
        self._placing: Placing | None = None
        self._tasks: dict[tuple[int, int], Any] = {}
        """By the id of a task and lost workers: Prefect's, and ours, so that it stays alive."""
        self._waiting: dict[int, Future[Outcome]] = {}
        """Position of a step that Prefect has -> what the session waits for."""
        self._unseen: list[StepNode] = []
        """Reused steps that Prefect has not been told of yet."""
        self._task_runs: dict[int, Any] = {}
        """Position of a step that Prefect knows -> the id of its task run."""
        self._lost: dict[Any, bool] = {}
        """Task runs whose worker went away -> whether their step was through."""
        self._cancelled = False
        self._lock = threading.Lock()

    # What the session asks for.

    def begun(self, record: RunRecord) -> None:
        """Know the run's number and parameters; in a flow, show all of it."""
        self._record = record
        if flows.in_flow():
            self._begin()

    def submit(self, call: StepCall) -> Future[Outcome]:
        """Have Prefect execute a step; the first one begins the flow run.

        Raises:
            UserError: Prefect can't be reached, or has no such task runner.
        """
        position = call.context.execution_id & _POSITION
        done: Future[Outcome] = Future()
        with self._lock:
            if self._cancelled:
                done.set_result(Outcome(error=RunCancelled()))
                return done
            self._waiting[position] = done
        flow_run = self._flow_run or self._begin()
        assert self._place is not None
        try:
            job = self._place.job(call)
        except LinealError as error:
            self._settle(position, Outcome(error=error))
            return done
        flow_run.perform(lambda: self._submit(call, position, job))
        return done

    def reused(self, step: StepNode) -> None:
        """Show it, as soon as there is anything to show it in."""
        self._unseen.append(step)
        if self._flow_run is not None:
            self._show_unseen()

    def close(self, *, cancel: bool) -> None:
        """Interrupt what is being executed, when cancelling."""
        if cancel and self._place is not None:
            self._place.cancel()

    def ended(self, record: RunRecord) -> None:
        """End the flow run as the run has ended, with what there is to say of it."""
        if self._flow_run is None or self._place is None:
            return
        from prefect.client.schemas.objects import State
        from prefect.states import Cancelled, Completed, Failed

        told = (record.error or "").rstrip().rpartition("\n")[2]
        state: State[Any] = Failed(message=told)
        if record.status is RunStatus.FINISHED:
            state = Completed(message=f"Run #{record.number}")
        elif record.status is RunStatus.CANCELLED:
            state = Cancelled(message=told or str(RunCancelled()))
        self._flow_run.perform(lambda: self._tell(record))
        self._flow_run.end(state, PATIENCE)
        self._place.close()

    @property
    def tags(self) -> Mapping[str, str]:
        """The flow run's id, when there was one."""
        if self._flow_run is None:
            return {}
        return {FLOW_RUN: str(self._flow_run.id), **flows.trigger()}

    # Beginning.

    def _begin(self) -> FlowRun:
        from . import quiet

        quiet.bring_in(self._serve)
        from prefect.context import FlowRunContext

        from .places import Elsewhere, OnThreads
        from .placing import Placing

        assert self._record is not None
        context = FlowRunContext.get()
        self._flow_run = self._own() if context is None else self._current(context)
        if task_runners.is_here(self._flow_run.task_runner):
            self._place = OnThreads()
        else:
            far = task_runners.is_far(self._flow_run.task_runner)
            orders = Orders(self._services, file_of(self._pipeline), self._record.id, far=far)
            self._place = Elsewhere(self._services, orders)
        options = self._options
        fixed = options.task_runner in task_runners.CLUSTERS and options.address is None
        self._placing = Placing(self._flow_run.task_runner, grows=not fixed)
        self.workers = task_runners.size(self._flow_run.task_runner) or self.workers
        self._show_unseen()
        return self._flow_run

    def _own(self) -> FlowRun:
        from .flow_run import OwnFlowRun

        record = self._record
        assert record is not None
        try:
            return OwnFlowRun(
                name=self._pipeline.name,
                run_name=f"{record.name} #{record.number}",
                parameters=record.params,
                task_runner=self._task_runner(),
                cancelled=self._cancelled_in_prefect,
            )
        except LinealError:
            raise
        except Exception as error:
            raise UserError(
                f"Prefect can't begin the run: {type(error).__name__}: {error}. See that its API"
                " answers (`prefect version` shows which one is meant), or run without --runner"
                " prefect."
            ) from error

    def _current(self, context: FlowRunContext) -> FlowRun:
        from .flow_run import CurrentFlowRun

        chosen = self._options.task_runner
        if chosen in (flows.OF_THE_FLOW, "threads") and (
            chosen == flows.OF_THE_FLOW or task_runners.is_here(context.task_runner)
        ):
            return CurrentFlowRun(context, None)
        return CurrentFlowRun(context, self._task_runner())

    def _task_runner(self) -> Any:
        assert self._record is not None
        mark = mark_of(self._services.root, self._record.id)
        options = self._options
        return task_runners.made(options.task_runner, self.workers, options.address, mark)

    def _serve(self, environment: Mapping[str, str]) -> str:
        from .server import temporary

        if not temporary.runs:
            self._options.observer.told(
                "starting a temporary Prefect server, as none is configured; this takes a while"
            )
        return temporary.url(environment)

    # In the flow run's thread.

    def _submit(self, call: StepCall, position: int, job: Any, lost: int = 0) -> None:
        """Have Prefect execute a step, of which so many workers were lost already."""
        from .flow_run import submit
        from .tasks import task_for

        assert self._place is not None
        assert self._placing is not None
        assert self._flow_run is not None
        try:
            ours, task = self._tasks.get((id(call.task), lost), (None, None))
            if ours is None:
                options = replace(call.options, retries=call.options.retries - lost)
                task = task_for(call.task.name, options, self._place.body)
                self._tasks[id(call.task), lost] = call.task, task
            above = [self._task_runs[p] for p in call.upstream if p in self._task_runs]
            with self._placing.asking(call.step, call.options.resources):
                submit(
                    self._flow_run,
                    task,
                    call.step,
                    job,
                    above,
                    lambda future: self._done(future, call, position, job, lost),
                )
        except LinealError as error:
            self._settle(position, Outcome(error=error))
        except BaseException as error:  # noqa: BLE001 - of Prefect's; the run is told
            self._settle(position, Outcome(error=_not_submitted(call.step, error)))

    def _show_unseen(self) -> None:
        assert self._flow_run is not None
        unseen, self._unseen = self._unseen, []
        if unseen:
            self._flow_run.perform(lambda: self._show(unseen))

    def _show(self, nodes: list[StepNode]) -> None:
        from .reused import show_reused

        assert self._flow_run is not None
        for node in nodes:
            above = [
                self._task_runs[n.position] for n in node.upstream if n.position in self._task_runs
            ]
            self._task_runs[node.position] = show_reused(node, self._flow_run.id, above)

    def _tell(self, record: RunRecord) -> None:
        from prefect.artifacts import create_markdown_artifact

        from .telling import key_of, markdown_of, tell_lost

        tell_lost(self._lost)
        create_markdown_artifact(
            key=key_of(record),
            markdown=markdown_of(self._services, record),
            description=f"Run #{record.number} of {record.name}, as lineal recorded it.",
        )

    # In whichever thread it happens.

    def _done(self, future: Any, call: StepCall, position: int, job: Any, lost: int) -> None:
        from .flow_run import ended

        assert self._place is not None
        assert self._placing is not None
        assert self._flow_run is not None
        try:
            outcome = self._place.outcome(job, call.task, ended(future))
        except BaseException as error:  # noqa: BLE001 - whatever became of its worker
            rescued = self._place.rescued(job, call.task)
            self._lost[future.task_run_id] = rescued is not None
            if rescued is None and lost < call.options.retries:
                self._again(call, position, job, lost + 1)
                return
            outcome = rescued or Outcome(error=_worker_lost(error))
        outcome.attempts += lost
        outcome.tags = {
            **outcome.tags,
            **self._placing.tags(call.options.resources),
            FLOW_RUN: str(self._flow_run.id),
            TASK_RUN: str(future.task_run_id),
        }
        self._task_runs[position] = future.task_run_id
        self._settle(position, outcome)

    def _again(self, call: StepCall, position: int, job: Any, lost: int) -> None:
        """Give a step to another worker, in a task run of its own, when its time has come."""
        flow_run = self._flow_run
        assert flow_run is not None

        def submit() -> None:
            if position in self._waiting:  # it was not cancelled
                self._submit(call, position, job, lost)

        pause = call.options.retry_delay * 2 ** (lost - 1)
        timer = threading.Timer(pause, flow_run.perform, [submit])
        timer.daemon = True
        timer.start()

    def _settle(self, position: int, outcome: Outcome) -> None:
        with self._lock:
            waiting = self._waiting.pop(position, None)
        if waiting is not None:
            waiting.set_result(outcome)

    def _cancelled_in_prefect(self) -> None:
        with self._lock:
            self._cancelled = True
            waiting = list(self._waiting)
        if self._place is not None:
            self._place.cancel()
        for position in waiting:
            self._settle(position, Outcome(error=RunCancelled()))


def _not_submitted(step: str, error: BaseException) -> StepFailed:
    return StepFailed(
        f"Prefect did not take the step {step!r}: {type(error).__name__}: {error}. What had"
        " finished is kept; run again to go on from there."
    )


def _worker_lost(error: BaseException) -> StepFailed:
    return StepFailed(
        f"The worker that executed the step went away ({type(error).__name__}: {error}). It may"
        " have been killed for using too much memory. Run again to go on from there."
    )
