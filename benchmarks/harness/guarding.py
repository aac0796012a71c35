"""Nothing outlives a benchmark, however it ends: no process that it started, none of its folders.

Tools start servers of their own, which go on when a benchmark is killed. Every process bears the
mark of the benchmarks above it in its environment, also when it was started by another one or has
made itself independent. A guard waits for the benchmark to be gone, and then ends what bears its
mark. This file is the guard's program, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "LINEAL_BENCHMARKS"
"""Names the variable that holds the process ids of the benchmarks above a process, with dots."""
LOOK = 0.2
"""Seconds between two looks at whether the benchmark is still there."""


def marked() -> None:
    """Begin this process anew under its own mark, unless it has it.

    What it forks later shows the environment that it began with, not what became of it.
    """
    above = os.environ.get(MARK, "")
    if str(os.getpid()) in above.split("."):
        return
    os.environ[MARK] = f"{above}.{os.getpid()}"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def guard(*folders: Path) -> None:
    """Have everything that bears this process's mark end with it, and remove folders then."""
    subprocess.Popen(
        [sys.executable, __file__, str(os.getpid()), *map(str, folders)],
        env={name: value for name, value in os.environ.items() if name != MARK},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is not for it
    )


def _clear_up(benchmark: int, folders: list[str]) -> None:
    while os.getppid() == benchmark:
        time.sleep(LOOK)
    while left := _of(benchmark):
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=LOOK)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _of(benchmark: int) -> list[psutil.Process]:
    """The processes that bear a mark, those of other users apart."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            marks = process.environ().get(MARK, "").split(".")
            if str(benchmark) in marks and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


if __name__ == "__main__":
    _clear_up(int(sys.argv[1]), sys.argv[2:])
