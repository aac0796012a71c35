"""The process of a replay: ``python -P -m lineal.cli.child JOB DONE``; not for people."""

from __future__ import annotations

import sys
from pathlib import Path

from lineal.replay.apart import borrowing
from lineal.replay.child import work
from lineal.replay.job import Job
from lineal.workspace import Workspace

from .loading import parse_parameters


def main(job: Path, done: Path) -> None:
    """Do the job of one file, and write what became of it to the other."""
    asked = Job.read(job)
    with Workspace.open() as workspace:
        services = workspace.services
        if asked.borrow is not None:
            services = borrowing(services, Path(asked.borrow))
        work(services, asked, parse_parameters).write(done)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
