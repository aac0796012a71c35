"""A logged metric asks nothing of the operating system; what a step writes is bounded.

Linux counts what a thread and a process read and write, which no load of the machine changes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lineal import pipeline, task
from lineal.workspace import Workspace

pytestmark = pytest.mark.skipif(
    not Path("/proc/thread-self/io").exists(), reason="needs what Linux counts"
)

COUNTING = """
import json, os, sys, threading
from pathlib import Path
import lineal

POINTS, THREAD = 10_000, threading.get_ident()
watching, seen = False, set()

def see(event, *_):
    if watching and threading.get_ident() == THREAD:
        seen.add(event)

def watched(name):
    real = getattr(os, name)
    def call(*args, **kwargs):
        see("os." + name)
        return real(*args, **kwargs)
    return call

for name in ("fsync", "getpid", "read", "stat", "write"):  # of which no audit hook hears
    setattr(os, name, watched(name))
sys.addaudithook(see)

def transfers():
    lines = Path("/proc/thread-self/io").read_text().splitlines()
    counts = dict(line.split(": ") for line in lines)
    return int(counts["syscr"]) + int(counts["syscw"])

def measured(way):
    global watching
    code = compile(f"for step in range(POINTS): {way}", "way", "exec")
    before = transfers()
    watching = True
    exec(code)
    watching = False
    made = transfers() - before, sorted(seen - {"exec"})
    seen.clear()
    return made

with lineal.start_run("guard"):
    lineal.log_metric("loss", 0.5)  # the first point starts the thread that writes
    print(json.dumps({way: measured(way) for way in json.loads(sys.argv[1])}))
"""
IDLE = "pass"
LOGGING = (
    "lineal.log_metric('loss', 0.5)",
    "lineal.log_metric('loss', 0.5, step=step)",
    "lineal.log_metric('loss', 0.5, labels={'site': 'east'})",
)
CALLING = {
    "os.getpid()": "os.getpid",
    "open('/dev/null').close()": "open",
    "os.write(2, b'')": "os.write",
}


def test_a_logged_metric_makes_no_system_call() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, json.dumps([IDLE, *LOGGING, *CALLING])],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    made = json.loads(done.stdout)
    for way in LOGGING:
        assert made[way] == made[IDLE] == [made[IDLE][0], []], (way, made[way])
    for way, event in CALLING.items():  # what does call is seen, so the line above means something
        assert event in made[way][1], (way, made[way])


@task
def one_more(x: int) -> int:
    return x + 1


@pipeline
def wide(steps: int) -> None:
    one_more.map(list(range(steps)))


FEW, MANY = 10, 110
WRITTEN = 20_000
"""Bytes for a step that returns a number: a row or two in each of five tables, the catalog's
log and its pages; a transaction for every step, as on a machine that can't keep up, included."""
KEPT = 3_000
"""Bytes that stay of it."""


def test_what_an_executed_step_writes_is_bounded(tmp_path: Path) -> None:
    written, kept = {}, {}
    for steps in (FEW, MANY):
        store = tmp_path / str(steps)
        with Workspace.open(store) as workspace:
            before = bytes_written()
            workspace.run(wide, {"steps": steps})
            written[steps] = bytes_written() - before
        kept[steps] = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    more = MANY - FEW
    assert 0 < written[MANY] - written[FEW] < WRITTEN * more, written
    assert 0 < kept[MANY] - kept[FEW] < KEPT * more, kept


def bytes_written() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])
