"""Running a pipeline, from opening its record to closing it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from msgspec.structs import replace

from lineal.context import current_step
from lineal.errors import LinealError, RunCancelled, UserError
from lineal.pipeline import Pipeline
from lineal.pipeline.graph import Reference
from lineal.pipeline.tracing import Trace, current_trace
from lineal.recorder import Recorder
from lineal.records import Output, RunRecord, RunStatus
from lineal.registry import carry_out

from . import determinism
from .base import Runner, RunOptions, Services
from .beating import Beat
from .body import Body
from .capture import capturing
from .deciding import Decider, as_setting
from .execute import own_traceback
from .git import Git
from .interrupts import Interrupts
from .leases import Leases
from .local import ThreadRunner
from .naming import Named, declared, names_of
from .observing import observing
from .opening import open_run, tidy_up
from .results import Found, collect, load_result, references_in
from .run import Run
from .seeding import stepped_out
from .session import Session
from .snapshots import file_of, keep_arguments, snapshot
from .sources import project_root


def run_pipeline(
    services: Services,
    pipeline: Pipeline[..., Any],
    arguments: dict[str, Any],
    options: RunOptions,
) -> Run:
    """Run a pipeline and record it; a step that fails makes a failed run, not an exception.

    Raises:
        UserError: the body asked for what can't be done; the run is recorded as failed.
        StoreError: the record can't be written.
        RunNotRecorded: nor could the rest of it, after the run had begun.
        KeyboardInterrupt: the run was cancelled, and is recorded so.
    """
    file = file_of(pipeline)
    with (
        stepped_out() as inside,
        Beat(services.catalog) as beat,
        Git(None if file is None else project_root(file.parent)) as git,
    ):
        leases = Leases(services.catalog, waits=not inside)
        return _run(services, pipeline, arguments, options, leases, beat, git)


def _run(
    services: Services,
    pipeline: Pipeline[..., Any],
    arguments: dict[str, Any],
    options: RunOptions,
    leases: Leases,
    beat: Beat,
    git: Git,
) -> Run:
    runner = make_runner(services, pipeline, options)
    record = open_run(
        services,
        options,
        name=pipeline.name,
        experiment=pipeline.experiment,
        pipeline=pipeline.qualified_name,
        params={name: parameter_text(value) for name, value in arguments.items()},
    )
    beat.begun(record.number)
    leases.begun(record.number)
    options.observer.begun(record.id, record.number, record.name)
    runner.begun(record)
    journal = services.metrics.journal(record.id)
    recorder = Recorder(
        catalog=services.catalog,
        values=services.values,
        journal=journal,
        run_number=record.number,
        reserve=services.reserve(),
    )
    decider = Decider(
        services.catalog, pipeline.qualified_name, options.deciding, options.seed, services.memo
    )
    session = Session(
        services=services,
        options=options,
        run_id=record.id,
        run_number=record.number,
        decider=decider,
        recorder=recorder,
        journal=journal,
        runner=runner,
        leases=leases,
    )
    body = Body(record, journal)
    trace = Trace(session, outside=options.outside)
    ending = Ending()
    observation = observing() if options.observe != "off" else nullcontext()
    found: Found = (None, [])
    names: list[Named] = []
    with ending.noted():
        with observation, capturing(echo=options.echo), _inside(trace, body):
            returned = pipeline.invoke(arguments)
            options.policy.refuse_unknown((node.name, node.task.name) for node in trace.steps)
            session.conclude(trace.steps, references_in(returned))
        ending.error = session.failure
        if ending.error is None:
            found = collect(returned, _output_of(session), body.keep)
            names = names_of(trace, body)

    def name_all(whole: RunRecord) -> None:
        carry_out(services.catalog, whole, declared(services.catalog, whole, names))

    result, outputs = found
    with (
        Interrupts().held_back(),
        _shown_to_end(runner, record) as shown,
        recorder.to_the_end(),
    ):
        runner.close(cancel=ending.cancelled is not None)
        if ending.cancelled is not None:
            session.cancel()
        body.context.tags.update(runner.tags)
        record = body.write(recorder, services.catalog)
        record = recorder.finish(
            replace(record, executions=(*record.executions, *session.in_order())),
            status=ending.status,
            error=ending.text,
            result=tuple(outputs),
            code=snapshot(
                services,
                [file for code in decider.codes for file in code.files],
                git,
                pipeline=pipeline,
                arguments=keep_arguments(services, arguments, trace.steps, recorder.written),
            ),
            naming=name_all if options.naming else None,
        )
        shown(record)
    ending.error = ending.error or recorder.refused
    tidy_up(services)
    _warn_of_nondeterminism(services, record, session.warnings)
    for line in (*trace.warnings(), *session.warnings.values()):
        logging.getLogger("lineal").warning(line)
    if ending.cancelled is not None:
        raise ending.cancelled
    if isinstance(ending.error, UserError):
        raise ending.error
    problem = ending.error or next(iter(recorder.not_stored.values()), None)
    return Run(
        record,
        lambda r: load_result(services, r),
        result,
        problem,
        lambda r: determinism.nondeterminism_in(services.catalog, r),
    )


def _warn_of_nondeterminism(
    services: Services, record: RunRecord, warnings: dict[str, str]
) -> None:
    found = determinism.warnings(services.catalog, record.number, record.executions)
    warnings.update((f"{task}: nondeterministic", line) for task, line in found)


def make_runner(services: Services, pipeline: Pipeline[..., Any], options: RunOptions) -> Runner:
    """The runner that the options name, for a run of a pipeline.

    Raises:
        UserError: there is no such runner.
    """
    if options.runner == "threads":
        return ThreadRunner(options.workers)
    if options.runner == "processes":
        from .processes import ProcessRunner

        return ProcessRunner(services, file_of(pipeline), options.workers)
    if options.runner == "prefect":
        from .prefect import PrefectRunner

        return PrefectRunner(services, pipeline, options)
    raise UserError(f"There is no runner {options.runner!r}; choose threads, processes or prefect.")


@contextmanager
def _shown_to_end(runner: Runner, record: RunRecord) -> Iterator[Callable[[RunRecord], None]]:
    """Gives what to tell of the end of a run; its runner is told also when it is lost."""
    ends = [record]
    try:
        yield ends.append
    except BaseException as error:
        runner.ended(replace(record, status=RunStatus.LOST, error=str(error)))
        raise
    runner.ended(ends[-1])


def parameter_text(value: Any) -> str:
    """A parameter of a pipeline as text; data is named by its type."""
    text = as_setting(value)
    return text if text is not None else f"<{type(value).__qualname__}>"


class Ending:
    """How the body of a run ended."""

    error: BaseException | None = None
    cancelled: BaseException | None = None

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep what is raised inside."""
        try:
            yield
        except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded, then returned or raised
            self.error = error
        except BaseException as error:  # noqa: BLE001 - Ctrl-C, or what else ends a process
            self.cancelled = error

    @property
    def status(self) -> RunStatus:
        """What the run is recorded as."""
        if self.cancelled is not None or isinstance(self.error, RunCancelled):
            return RunStatus.CANCELLED
        return RunStatus.FINISHED if self.error is None else RunStatus.FAILED

    @property
    def text(self) -> str | None:
        """The error as it is recorded: the user's own traceback where there is one."""
        if self.error is None:
            return None
        if isinstance(self.error, LinealError):
            cause = self.error.__cause__
            return str(self.error) if cause is None else own_traceback(cause)
        return own_traceback(self.error)


def _output_of(session: Session) -> Any:
    def output_of(reference: Reference, name: str) -> Output:
        return Output(name=name, digest=session.output_digest(reference))

    return output_of


@contextmanager
def _inside(trace: Trace, body: Body) -> Iterator[Trace]:
    tracing, logging = current_trace.set(trace), current_step.set(body.context)
    try:
        yield trace
    finally:
        current_trace.reset(tracing)
        current_step.reset(logging)
