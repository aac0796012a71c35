"""Whole processes as sides of a comparison."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""What the system counts the peak of a process in, in bytes."""


@dataclass(frozen=True)
class Ended:
    """A process that has ended well: what it printed, and its peak of memory in bytes.

    The system counts what the starting process had in memory as the started one's, so a peak below
    that is not known, and None.
    """

    output: str
    peak: int | None


@dataclass(frozen=True)
class Command:
    """Runs a process when called and returns how it :class:`Ended`.

    Raises:
        RuntimeError: when the process fails, with the end of what it printed.
    """

    arguments: Sequence[str | Path]
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's own."""

    def __call__(self) -> Ended:
        floor = psutil.Process().memory_info().rss
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [str(argument) for argument in self.arguments],
                cwd=self.folder,
                env=os.environ | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read()
        if process.returncode:
            what = " ".join(map(str, self.arguments))
            raise RuntimeError(f"{what} ended with {process.returncode}:\n{text[-2000:]}")
        peak = usage.ru_maxrss * KILOBYTE
        return Ended(text, peak if peak > 1.1 * floor else None)
