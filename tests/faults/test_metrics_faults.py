"""No acknowledged point is lost or doubled by a crash, a full disk or a race."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from lineal.errors import StoreError, StoreUnwritable
from lineal.metrics import MetricStore
from lineal.metrics import files as metric_files

WRITER = """
import pathlib, sys
from lineal.metrics import MetricStore
journal = MetricStore(pathlib.Path(sys.argv[1])).journal("run")
for i in range(10**9):
    journal.log(1, "a", i)
    if i % 100 == 99:
        journal.flush()
        print(i + 1, flush=True)
"""


@pytest.fixture
def root(tmp_path):
    return tmp_path / "metrics"


@pytest.fixture
def store(root):
    return MetricStore(root)


def values(store):
    return store.read([1])["value"].to_pylist()


def sealed(store, values):
    journal = store.journal("run")
    journal.log_many(1, "a", values, steps=[int(value) for value in values])
    journal.close()


def test_a_killed_writer_loses_no_acknowledged_point(store, root):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, root], stdout=subprocess.PIPE)
    for _ in range(20):
        acknowledged = int(writer.stdout.readline())
    assert store.recover(lambda name: False) == [], "a living writer's journal was taken"
    writer.send_signal(signal.SIGKILL)
    acknowledged = int((writer.stdout.read().splitlines() or [acknowledged])[-1])
    writer.wait()
    writer.stdout.close()
    live = values(store)
    assert len(live) >= acknowledged
    assert live == list(range(len(live)))
    [found] = store.recover(lambda name: False)
    assert found.points == len(live)
    assert values(store) == live


@pytest.mark.parametrize("cut", [1, 20, 49])
def test_a_torn_tail_is_cut_and_reported(store, root, cut):
    journal = store.journal("run")
    journal.log(1, "a", 0.0)
    journal.flush()
    intact = journal._path.stat().st_size
    journal.log(1, "a", 1.0)
    journal.flush()
    journal._stop.set()
    os.truncate(journal._path, journal._path.stat().st_size - cut)
    torn = journal._path.stat().st_size - intact
    os.close(journal._handle)
    assert values(store) == [0.0]
    [found] = store.recover(lambda name: False)
    assert (found.points, found.torn_bytes) == (1, torn)
    assert values(store) == [0.0]


@pytest.mark.parametrize("taken", [1, 30, 49])
def test_points_wait_in_memory_while_the_disk_is_full(store, monkeypatch, taken):
    journal = store.journal("run")
    journal.log(1, "a", 0.0)
    journal.flush()
    write = os.write

    def full(handle, data):
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data[:taken]) and exhausted(handle, data)

    def exhausted(handle, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    journal.log(1, "a", 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(StoreUnwritable, match=r"run~.*No space left"):
            journal.flush()
    assert values(store) == [0.0]
    journal.log(1, "a", 2.0)
    journal.flush()
    assert values(store) == [0.0, 1.0, 2.0]
    assert journal.close()[0].count == 3


def test_sealing_can_be_tried_again_after_it_failed(store, monkeypatch):
    journal = store.journal("run")
    journal.log(1, "a", 0.0)
    journal.flush()
    journal.log(1, "a", 1.0)

    def broken(folder):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(metric_files, "sync_folder", broken)
        with pytest.raises(StoreUnwritable, match="Input/output error"):
            journal.close()
    assert values(store) == [0.0]
    assert journal.close()[0].count == 2
    assert values(store) == [0.0, 1.0]


def test_a_crash_between_sealing_and_removing_the_journal_doubles_nothing(store, root):
    journal = store.journal("run")
    journal.log(1, "a", 0.0)
    journal.flush()
    kept = root.parent / "kept"
    shutil.copy(journal._path, kept)
    journal.close()
    shutil.copy(kept, journal._path)
    assert values(store) == [0.0]
    sealed(store, [1.0])
    store.compact(min_segments=2)
    shutil.copy(kept, journal._path)
    [found] = store.recover(lambda name: False)
    assert found.summaries[0].count == 1
    assert values(store) == [0.0, 1.0]
    assert list((root / "live").iterdir()) == []


def test_a_journal_outlived_by_its_merged_segment_stays_replaced(store, root):
    journal = store.journal("run")
    journal.log(1, "a", 0.0)
    journal.flush()
    left = journal._path
    kept = root.parent / "kept"
    shutil.copy(left, kept)
    journal.close()
    shutil.copy(kept, left)
    sealed(store, [1.0])
    segments = root / "segments"
    replaced = list(segments.iterdir())
    metric_remove, MetricStore._remove = MetricStore._remove, lambda self, replaced: 0
    try:
        store.compact(min_segments=2)
    finally:
        MetricStore._remove = metric_remove
    for path in replaced:
        path.unlink()
    assert left.exists()
    assert values(store) == [0.0, 1.0]


def test_a_crash_between_merging_and_removing_doubles_nothing_and_is_cleaned_up(store, root):
    for value in (0.0, 1.0, 2.0):
        sealed(store, [value])
    copies = root.parent / "copies"
    shutil.copytree(root / "segments", copies)
    store.compact(min_segments=3)
    shutil.copytree(copies, root / "segments", dirs_exist_ok=True)
    assert len(list((root / "segments").iterdir())) == 4
    assert values(store) == [0.0, 1.0, 2.0]
    assert store.compact().removed == 3
    assert len(list((root / "segments").iterdir())) == 1
    assert values(store) == [0.0, 1.0, 2.0]


def test_readers_always_see_each_point_once_while_others_seal_and_merge(store):
    count, seen, done = 40, [], threading.Event()
    sealed(store, [0.0])

    def read():
        while not done.is_set():
            seen.append(values(store))

    reader = threading.Thread(target=read)
    reader.start()
    for value in range(1, count):
        journal = store.journal("run")
        journal.log(1, "a", value, step=value)
        journal.flush()
        journal.close()
        if value % 3 == 0:
            store.compact(min_segments=2)
    done.set()
    reader.join()
    for one in [*seen, values(store)]:
        assert one == list(range(len(one)))
    assert [len(one) for one in seen] == sorted(len(one) for one in seen)


def test_two_processes_may_merge_at_once(store, root):
    for value in range(12):
        sealed(store, [float(value)])
    script = (
        "import pathlib, sys; from lineal.metrics import MetricStore\n"
        "MetricStore(pathlib.Path(sys.argv[1])).compact(min_segments=2)"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, root]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert values(store) == list(range(12))


def test_a_forked_child_can_not_write_into_its_parents_journal(store, monkeypatch):
    journal = store.journal("run")
    journal.log(1, "a", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: -1)
        with pytest.raises(StoreError, match="belongs to process"):
            journal.flush()
        with pytest.raises(StoreError, match="belongs to process"):
            journal.close()
    assert journal.close()[0].count == 1


def test_a_read_only_store_is_named(tmp_path):
    place = tmp_path / "metrics"
    place.write_text("a file where the folder should be")
    journal = MetricStore(place).journal("run")
    journal.log(1, "a", 0.0)
    with pytest.raises(StoreUnwritable, match="permissions"):
        journal.flush()
    place.unlink()
    assert journal.close()[0].count == 1
