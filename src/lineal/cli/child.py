"""The process of a replay: ``python -P -m lineal.cli.child JOB DONE``; not for people."""

from __future__ import annotations

import sys
from pathlib import Path

from lineal.replay.child import work
from lineal.replay.job import Job
from lineal.workspace import Workspace

from .loading import parse_parameters


def main(job: Path, done: Path) -> None:
    """Do the job of one file, and write what became of it to the other."""
    with Workspace.open() as workspace:
        work(workspace.services, Job.read(job), parse_parameters).write(done)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
