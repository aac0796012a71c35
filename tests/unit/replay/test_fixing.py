"""What is held fixed is the same in every process, for the project's code and nothing else."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

PROJECT = """
import datetime, os, pickle, random, secrets, threading, time, uuid
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, datetime as now_of
import numpy as np

def clock():
    stamp = now_of.now()
    assert isinstance(stamp, now_of) and isinstance(stamp, date)
    assert pickle.loads(pickle.dumps(stamp)) == stamp
    return [
        time.time(), time.time_ns(), time.perf_counter(), time.monotonic_ns(), str(stamp),
        str(now_of.now(datetime.timezone.utc)), str(date.today()), str(datetime.datetime.today()),
        str(now_of.strptime("2020-01-02", "%Y-%m-%d")), str(now_of(2020, 1, 2) < stamp),
    ]

def waiting():
    end = time.monotonic() + 60
    while time.monotonic() < end:
        pass
    return True

def entropy():
    return [
        os.urandom(4).hex(), str(uuid.uuid4()), secrets.token_hex(4), random.Random().random(),
        random.SystemRandom().random(), np.random.default_rng().random(),
        np.random.RandomState().random(),
    ]

def in_turn():
    def work(i):
        time.sleep((7 - i) / 200)
        done.append(i)
        return i
    done = []
    with ThreadPoolExecutor(8) as pool:
        completed = [f.result() for f in as_completed([pool.submit(work, i) for i in range(8)])]
    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [done, completed]

def waits_for_what_comes():
    ready = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ready.wait, 20)
        pool.submit(ready.set)
        return first.result()
"""
RUN = """
import json, sys
from pathlib import Path
from lineal.replay import fixing
fixing._PATIENCE = 1.0
folder, what, held = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, str(folder))
with fixing.fixed(folder, **held):
    import project
    import pandas, datetime, time
    assert type(pandas.Timestamp(0).to_pydatetime()) is datetime.datetime
    print(json.dumps(getattr(project, what)()))
    assert abs(time.time() - float(sys.argv[4])) < 1000  # it is not the project that asks
"""


def held(folder: Path, what: str, **options: Any) -> Any:
    (folder / "project.py").write_text(PROJECT)
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), what, json.dumps(options), str(time.time())],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("what", "options"), [("clock", {"clock": 1.9e9}), ("entropy", {"entropy": True})]
)
def test_what_is_held_fixed_is_the_same_each_time(
    tmp_path: Path, what: str, options: dict[str, Any]
) -> None:
    fixed = [held(tmp_path, what, **options) for _ in range(2)]
    assert fixed[0] == fixed[1]
    assert held(tmp_path, what) != fixed[0]


def test_the_clock_stands_where_it_is_told_and_waiting_for_it_ends(tmp_path: Path) -> None:
    there = held(tmp_path, "clock", clock=1.9e9)
    assert 1.9e9 < there[0] < 1.9e9 + 1
    assert there[4].startswith(str(dt.datetime.fromtimestamp(1.9e9).date()))  # noqa: DTZ006
    assert there[8:] == ["2020-01-02 00:00:00", "True"]
    assert held(tmp_path, "waiting", clock=1.9e9)


def test_threads_run_in_the_order_they_are_started(tmp_path: Path) -> None:
    done, completed = held(tmp_path, "in_turn", in_turn=True)
    assert done == [*range(8), *range(8)]
    assert held(tmp_path, "in_turn", in_turn=True)[1] == completed


def test_threads_that_wait_for_later_ones_go_on(tmp_path: Path) -> None:
    assert held(tmp_path, "waits_for_what_comes", in_turn=True)
