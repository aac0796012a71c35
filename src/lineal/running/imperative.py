"""Runs without a pipeline: a `with` block in a script or notebook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lineal.context import current_step
from lineal.recorder import Recorder
from lineal.records import RunRecord
from lineal.registry import carry_out

from .base import RunOptions, Services
from .beating import Beat
from .body import Body
from .capture import capturing
from .git import Git
from .launch import Ending
from .naming import declared_in_block
from .opening import open_run, tidy_up
from .results import load_result
from .run import Run
from .snapshots import snapshot
from .sources import project_root


class ActiveRun(Run):
    """A run that is going on; its record is complete when its block ends."""

    def complete(self, record: RunRecord) -> None:
        """Take on the record as it was written."""
        self.record = record


@contextmanager
def start_run(
    services: Services, name: str, options: RunOptions, code_file: str | None
) -> Iterator[ActiveRun]:
    """Record what the block logs as one run; whatever it raises is recorded and raised."""
    record = open_run(
        services,
        options,
        name=name,
        experiment=options.experiment or "default",
        pipeline=None,
        params={},
    )
    journal = services.metrics.journal(record.id)
    recorder = Recorder(
        catalog=services.catalog,
        values=services.values,
        journal=journal,
        run_number=record.number,
        reserve=services.reserve(),
    )
    body = Body(record, journal)
    active = ActiveRun(record, lambda r: load_result(services, r))
    ending = Ending()
    token = current_step.set(body.context)
    with Beat(services.catalog) as beat, Git(_root_of(code_file)) as git:
        beat.begun(record.number)
        try:
            with ending.noted(), capturing(echo=options.echo):
                yield active
        finally:
            current_step.reset(token)
        with recorder.to_the_end():
            record = recorder.finish(
                body.write(recorder, services.catalog, always=True),
                status=ending.status,
                error=ending.text,
                result=(),
                code=snapshot(services, [code_file] if code_file else [], git),
                naming=lambda whole: carry_out(
                    services.catalog, whole, declared_in_block(whole, body.context)
                ),
            )
    active.complete(record)
    tidy_up(services)
    raised: Any = ending.cancelled or ending.error or recorder.refused
    if raised is not None:
        raise raised


def _root_of(code_file: str | None) -> Path:
    """The project's folder, as a snapshot of the file will find it."""
    file = Path(code_file).absolute() if code_file else None
    return project_root(file.parent if file is not None and file.is_file() else Path.cwd())
