"""Starting the process of a replay, and taking what it hands back."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from lineal.errors import ReplayFailed, UserError
from lineal.records import Environment, RunRecord
from lineal.running import Services
from lineal.running.laying_out import lay_out

from .job import Done, Job
from .layout import code_of, surroundings

CHILD = "lineal.cli.child"
"""The module whose process does a job."""
_SHOWN = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a run is replayed."""

    services: Services
    record: RunRecord
    environment: Environment | None
    """The recorded one."""
    folder: Path
    """Where the code lies."""
    python: str = sys.executable
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables that name the store to the process."""

    def play(self, job: Job, changes: Mapping[str, str] | None = None) -> Done:
        """Do a job in a process of its own.

        Args:
            job: What to do.
            changes: Environment variables to set otherwise than recorded.

        Raises:
            UserError: the job can't be done as it was asked.
            ReplayFailed: the process broke down.
        """
        job = replace(job, root=str(self.folder))
        with tempfile.TemporaryDirectory(prefix="lineal-job-") as name:
            files = [Path(name, "job.json"), Path(name, "done.json")]
            job.write(files[0])
            ended = subprocess.run(  # noqa: S603 - this very Python, or one we built
                [self.python, "-P", "-m", CHILD, *map(str, files)],
                cwd=self.folder,
                env=surroundings(
                    code_of(self.record),
                    self.folder,
                    self.environment,
                    self.settings,
                    changes or {},
                ),
                capture_output=True,
                text=True,
                check=False,
            )
            if not files[1].is_file():
                told = "\n".join((ended.stderr or ended.stdout).strip().splitlines()[-_SHOWN:])
                raise ReplayFailed(
                    f"The process that replays run #{self.record.number} ended with code"
                    f" {ended.returncode} and no answer:\n{told}"
                )
            done = Done.read(files[1])
        if done.mistake and done.run is None:
            raise UserError(done.error)
        return done


@contextmanager
def scratch(services: Services, record: RunRecord) -> Iterator[Path]:
    """A folder with the recorded code and nothing else; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lineal-replay-") as name:
        folder = Path(name).resolve() / "code"
        folder.mkdir()
        lay_out(code_of(record).files, folder, services.values.blobs)
        yield folder
