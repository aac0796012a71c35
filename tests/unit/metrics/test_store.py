"""A metric store reads, recovers and merges what journals wrote."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lineal.errors import BlobCorrupt, ParameterError, StoreVersionError
from lineal.metrics import MetricStore
from lineal.metrics.segments import Segment, span, worth_merging


@pytest.fixture
def root(tmp_path):
    return tmp_path / "metrics"


@pytest.fixture
def store(root):
    return MetricStore(root)


def sealed(store, execution, key="a", values=(1.0,), **more):
    journal = store.journal(f"run{execution}")
    journal.log_many(execution, key, list(values), **more)
    journal.close()


def abandoned(store, name, execution, values):
    """A journal as a killed process leaves it."""
    journal = store.journal(name)
    journal.log_many(execution, "a", values)
    journal.flush()
    journal._stop.set()
    journal._flusher.join()
    import os

    os.close(journal._handle)
    return journal._path


def segments(root):
    return sorted((root / "segments").glob("*.parquet"))


def test_an_empty_store_gives_an_empty_table_with_all_columns(store, root):
    table = store.read([1])
    assert table.schema.names == ["execution_id", "key", "labels", "step", "time", "value"]
    assert table.schema.types == [
        pa.int64(), pa.string(), pa.string(), pa.int64(), pa.int64(), pa.float64(),
    ]  # fmt: skip
    assert len(table) == 0
    assert not root.exists()


def test_reading_is_sorted_by_series_step_and_time_over_all_files(store):
    sealed(store, 2, "b", [1, 2], steps=[5, 1])
    sealed(store, 1, "a", [3], labels={"s": "x"})
    live = store.journal("live")
    live.log(2, "b", 9.0, step=3)
    live.log(2, "a", 8.0)
    live.flush()
    table = store.read(range(1, 3))
    assert [tuple(r.values())[:4] for r in table.to_pylist()] == [
        (1, "a", '{"s":"x"}', 0),
        (2, "a", "{}", 0),
        (2, "b", "{}", 1),
        (2, "b", "{}", 3),
        (2, "b", "{}", 5),
    ]
    assert store.read(iter([2])).equals(table.slice(1))
    live.close()
    assert store.read([1, 2]).equals(table)


def test_reading_filters_by_execution_key_and_labels(store):
    journal = store.journal("run")
    for execution in (1, 2):
        for key in ("a", "b"):
            for labels in (None, {"s": "x"}, {"t": "y", "s": "x"}):
                journal.log(execution, key, 1.0, labels=labels)
    journal.close()
    assert len(store.read([1])) == 6
    assert len(store.read([1, 3], key="a")) == 3
    assert len(store.read([1, 2], key="a", labels={"s": "x", "t": "y"})) == 2
    assert len(store.read([1, 2], labels={})) == 4
    assert len(store.read([])) == 0
    assert len(store.read(range(2, 10))) == 6


def test_summaries_can_be_made_anew_from_points(store):
    journal = store.journal("run")
    journal.log_many(1, "a", [3.0, 1.0, 2.0])
    journal.log(1, "a", 5.0, labels={"s": "x"})
    assert store.summaries([1]) == []
    summed = journal.close()
    assert store.summaries([1]) == summed


def test_merging_keeps_every_point_once(store, root):
    for execution in range(5):
        sealed(store, execution, values=range(execution + 1))
    before = store.read(range(5))
    done = store.compact(min_segments=5)
    assert (done.merged, done.points, done.removed) == (5, 15, 5)
    assert len(segments(root)) == 1
    assert store.read(range(5)).equals(before)
    assert span(segments(root)[0].name) == (0, 4)


def test_too_few_segments_are_left_alone(store, root):
    for execution in range(3):
        sealed(store, execution)
    assert store.compact(min_segments=4).merged == 0
    assert len(segments(root)) == 3
    assert MetricStore(root.parent / "none").compact().merged == 0


def test_large_segments_are_not_rewritten_for_the_sake_of_small_ones():
    sizes = {"a": 10, "b": 10, "c": 30, "d": 1000}
    assert worth_merging(sizes, 2, big=10_000) == ["a", "b", "c"]
    assert worth_merging(sizes, 4, big=10_000) == []
    assert worth_merging(dict.fromkeys("abc", 500), 2, big=100) == []


def test_a_store_that_was_merged_can_be_merged_again(store, root):
    for execution in range(9):
        sealed(store, execution)
        store.compact(min_segments=3)
    assert len(segments(root)) <= 3
    assert store.read(range(9))["execution_id"].to_pylist() == list(range(9))


def test_only_journals_of_runs_that_are_gone_are_recovered(store, root):
    gone = abandoned(store, "gone-12", 1, [1.0, 4.0])
    there = abandoned(store, "there", 2, [1.0])
    before = store.read([1, 2])
    [found] = store.recover(lambda name: name == "there")
    assert (found.name, found.points, found.torn_bytes) == ("gone-12", 2, 0)
    assert [(s.last, s.min, s.count, s.last_step) for s in found.summaries] == [(4.0, 1.0, 2, 1)]
    assert not gone.exists()
    assert there.exists()
    assert store.read([1, 2]).equals(before)
    assert store.recover(lambda name: name == "there") == []


def test_a_journal_that_is_held_open_is_not_recovered(store):
    journal = store.journal("run")
    journal.log(1, "a", 1.0)
    journal.flush()
    assert store.recover(lambda name: False) == []
    assert len(journal.close()) == 1


def test_recovering_an_empty_store_makes_nothing(store, root):
    assert store.recover(lambda name: False) == []
    assert not root.exists()


def test_many_journals_of_one_name_do_not_meet(store):
    first, second = store.journal("run"), store.journal("run")
    first.log(1, "a", 1.0)
    second.log(1, "b", 2.0)
    first.flush()
    second.flush()
    assert len(store.read([1])) == 2
    first.close()
    second.close()
    assert len(store.read([1])) == 2


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "a b"])
def test_a_name_that_can_not_be_a_file_is_refused(store, name):
    with pytest.raises(ParameterError, match="journal can't be named"):
        store.journal(name)


def test_a_segment_of_a_newer_lineal_is_refused(store, root):
    sealed(store, 1)
    [path] = segments(root)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({"lineal.format": "2"}), path)
    with pytest.raises(StoreVersionError, match="newer lineal"):
        store.read([1])


def test_a_journal_of_a_newer_lineal_is_refused(store, root):
    (root / "live").mkdir(parents=True)
    (root / "live" / "run~1.journal").write_bytes(b"LNLMETJ2 and more")
    with pytest.raises(StoreVersionError, match=r"run~1\.journal"):
        store.read([1])


@pytest.mark.parametrize("damage", [b"", b"PAR1nonsensePAR1"])
def test_a_damaged_segment_is_named_and_never_returned(store, root, damage):
    sealed(store, 1)
    [path] = segments(root)
    path.write_bytes(damage)
    with pytest.raises(BlobCorrupt, match=path.name):
        store.read([1])


def test_a_flipped_byte_in_a_segment_is_found(store, root):
    sealed(store, 1, values=range(1000))
    [path] = segments(root)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(BlobCorrupt, match=path.name):
        store.read([1])


def test_a_segment_says_which_files_it_took_the_place_of(store, root):
    journal = store.journal("run")
    journal.log(1, "a", 1.0)
    journal.flush()
    journal.close()
    [path] = segments(root)
    [replaced] = json.loads(pq.read_metadata(path).metadata[b"lineal.replaces"])
    assert replaced.startswith("run~")


KEYS = (
    "a",
    "a" * 9_000,
    "ab",
    "loss",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "\N{SNOWMAN}",
    "\U0001f600",
)


def test_one_series_is_read_without_the_row_groups_of_others(store, root, monkeypatch):
    monkeypatch.setattr("lineal.metrics.segments.ROWS_IN_GROUP", 4)
    journal = store.journal("run1")
    for place, key in enumerate(KEYS):
        journal.log_many(1, key, [float(place)] * 6)
    journal.close()
    for place, key in enumerate(KEYS):
        assert store.read([1], key)["value"].to_pylist() == [float(place)] * 6
    assert len(store.read([1], "zzz")) == 0
    (segment,) = [Segment(path) for path in segments(root)]
    assert len(segment.table([1])) == 6 * len(KEYS)
    # The very long key has no statistics, so its groups are always read.
    assert len(segment.table([1], "loss")) <= 16
