"""A journal takes points in, keeps them, and seals them."""

import enum
import math
import threading

import numpy as np
import pyarrow.parquet as pq
import pytest

from lineal.errors import ParameterError, StoreError
from lineal.metrics import MetricStore
from lineal.records import MetricSummary


@pytest.fixture
def store(tmp_path):
    return MetricStore(tmp_path / "metrics")


@pytest.fixture
def journal(store):
    journal = store.journal("run")
    yield journal
    journal.close()


def rows(table):
    return [tuple(row.values()) for row in table.to_pylist()]


def test_a_journal_without_points_makes_no_file_and_no_thread(store, tmp_path):
    before = threading.active_count()
    journal = store.journal("run")
    journal.flush()
    assert journal.close() == []
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_a_flushed_point_can_be_read(store, journal):
    journal.log(7, "loss", 0.5, step=3, time_ns=99, labels={"site": "a"})
    journal.flush()
    assert rows(store.read([7])) == [(7, "loss", '{"site":"a"}', 3, 99, 0.5)]


def test_a_point_is_written_in_the_background(store, journal):
    journal.log(7, "loss", 0.5)
    deadline = threading.Event()
    while not len(store.read([7])):
        assert not deadline.wait(0.05)
    assert rows(store.read([7]))[0][-1] == 0.5


def test_steps_that_are_not_given_follow_the_highest_of_their_series(store, journal):
    journal.log(1, "a", 0)
    journal.log(1, "a", 1, step=10)
    journal.log(1, "a", 2)
    journal.flush()
    journal.log(1, "a", 3)
    journal.log_many(1, "a", [4, 5])
    journal.log(1, "a", 6, step=2)
    journal.log(1, "a", 7)
    journal.log(1, "a", 8, labels={"site": "x"})
    journal.close()
    table = store.read([1], labels={})
    assert dict(zip(table["step"].to_pylist(), table["value"].to_pylist(), strict=True)) == {
        0: 0, 2: 6, 10: 1, 11: 2, 12: 3, 13: 4, 14: 5, 15: 7,
    }  # fmt: skip
    assert store.read([1], labels={"site": "x"})["step"].to_pylist() == [0]


@pytest.mark.parametrize(
    "value", [True, 1, 1.0, np.float32(1), np.int8(1), np.bool_(True), np.array(1.0)]
)
def test_bools_integers_floats_and_numpy_scalars_are_numbers(store, journal, value):
    journal.log(1, "a", value)
    journal.flush()
    assert store.read([1])["value"].to_pylist() == [1.0]


def test_nan_and_the_infinities_are_numbers(store, journal):
    journal.log_many(1, "a", [math.nan, math.inf, -math.inf])
    journal.close()
    nan, high, low = store.read([1])["value"].to_pylist()
    assert math.isnan(nan)
    assert (high, low) == (math.inf, -math.inf)


@pytest.mark.parametrize(
    "value", ["1.0", b"1", None, 1j, [1.0], np.array([1.0]), np.str_("1"), 10**400, object()]
)
def test_what_is_no_number_is_refused_by_name_and_type(journal, value):
    with pytest.raises(ParameterError, match=rf"'auc'.*{type(value).__name__}"):
        journal.log(1, "auc", value)
    with pytest.raises(ParameterError, match="'auc'"):
        journal.log_many(1, "auc", [0.5, value])


@pytest.mark.parametrize("key", ["", 1, None, ["a"], "\ud800"])
def test_a_key_that_can_not_name_a_series_is_refused(journal, key):
    journal.log(1, "a", 1.0)
    with pytest.raises(ParameterError, match="name"):
        journal.log(1, key, 1.0)


@pytest.mark.parametrize("labels", [["site"], {"site": 1}, {1: "a"}, {"site": "\ud800"}])
def test_labels_that_are_not_text_to_text_are_refused(journal, labels):
    with pytest.raises(ParameterError, match="labels"):
        journal.log(1, "a", 1.0, labels=labels)


@pytest.mark.parametrize("step", [1.5, "1", 2**63])
def test_a_step_that_is_no_64_bit_integer_is_refused(journal, step):
    with pytest.raises(ParameterError, match="step of the metric 'a'"):
        journal.log(1, "a", 1.0, step=step)
    with pytest.raises(ParameterError, match="step"):
        journal.log_many(1, "a", [1.0], steps=[step])


def test_an_execution_is_a_number_from_zero(journal):
    with pytest.raises(ParameterError, match="-1 is not an execution id"):
        journal.log(-1, "a", 1.0)


def test_columns_of_different_lengths_are_refused(journal):
    with pytest.raises(ParameterError, match="2 values, but steps of shape"):
        journal.log_many(1, "a", [1.0, 2.0], steps=[1])
    with pytest.raises(ParameterError, match="2 dimensions"):
        journal.log_many(1, "a", np.ones((2, 2)))


def test_a_refused_point_does_not_hold_up_the_others(store, journal):
    journal.log(1, "a", 1.0)
    with pytest.raises(ParameterError):
        journal.log(1, "a", "x")
    journal.flush()
    assert len(store.read([1])) == 1


def test_equal_keys_and_executions_of_other_types_are_the_same_series(store, journal):
    class Key(str, enum.Enum):  # noqa: UP042 - the older way, whose str() is not its text
        LOSS = "loss"

    journal.log(1, "loss", 1.0, labels={"a": "b"})
    journal.log(np.int64(1), Key.LOSS, 2.0)
    journal.log(1, "loss", 3.0)
    [sliced, whole] = journal.close()
    assert (whole.key, whole.count, sliced.count) == ("loss", 2, 1)


def test_a_caller_may_change_its_arrays_and_labels_afterwards(store, journal):
    values, steps, labels = np.ones(3), np.arange(3), {"site": "a"}
    journal.log_many(1, "a", values, steps=steps, labels=labels)
    journal.log(1, "b", 1.0, labels=labels)
    values[:], steps[:], labels["site"] = 0, 9, "b"
    journal.flush()
    table = store.read([1], key="a")
    assert table["value"].to_pylist() == [1, 1, 1]
    assert table["step"].to_pylist() == [0, 1, 2]
    assert set(store.read([1])["labels"].to_pylist()) == {'{"site":"a"}'}


def test_closing_sums_up_each_series(journal):
    journal.log(1, "a", 5.0, step=2, time_ns=1)
    journal.log(1, "a", 4.0, step=2, time_ns=3)
    journal.flush()
    journal.log(1, "a", math.nan, step=1)
    journal.log(1, "a", 3.0, step=2, time_ns=2)
    journal.log(1, "b", math.nan, labels={"y": "2", "x": "1"})
    first, second = journal.close()
    assert first == MetricSummary(
        execution_id=1, key="a", labels={}, last=4.0, min=3.0, max=5.0, count=4, last_step=2
    )
    assert second.labels == {"x": "1", "y": "2"}
    assert math.isnan(second.min)
    assert math.isnan(second.max)


def test_closing_leaves_one_plain_parquet_file_and_no_journal(store, tmp_path):
    journal = store.journal("run")
    journal.log(1, "a", 2.0)
    journal.flush()
    journal.log(1, "a", 3.0)
    journal.close()
    assert list((tmp_path / "metrics" / "live").iterdir()) == []
    [segment] = (tmp_path / "metrics" / "segments").iterdir()
    table = pq.read_table(segment)
    assert table.column_names == ["execution_id", "key", "labels", "step", "time", "value"]
    assert table["value"].to_pylist() == [2.0, 3.0]
    assert pq.read_metadata(segment).row_group(0).column(0).compression == "ZSTD"


def test_a_closed_journal_refuses_points_and_closes_again_without_a_word(journal):
    journal.log(1, "a", 1.0)
    assert len(journal.close()) == 1
    assert journal.close() == []
    with pytest.raises(StoreError, match="'run' is closed"):
        journal.log(1, "a", 1.0)
    with pytest.raises(StoreError, match="'run' is closed"):
        journal.log_many(1, "a", [1.0])


def test_threads_lose_no_point(store, journal):
    def work(thread):
        for i in range(5_000):
            journal.log(thread, "a", i)
            if i % 1000 == thread:
                journal.flush()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.count for one in journal.close()] == [5_000] * 4
    for thread in range(4):
        assert store.read([thread])["step"].to_pylist() == list(range(5_000))


def test_more_points_than_a_frame_holds_are_written_in_several(store, journal, monkeypatch):
    monkeypatch.setattr("lineal.metrics.frames.MOST_POINTS", 100)
    journal.log_many(1, "a", range(950))
    journal.flush()
    assert store.read([1])["value"].to_pylist() == list(range(950))


def test_batches_do_not_pile_up_in_memory(store, journal, monkeypatch):
    monkeypatch.setattr("lineal.metrics.journal.MOST_WAITING", 100)
    journal.log_many(1, "a", range(100))
    assert len(store.read([1])) == 100


def test_an_execution_that_begins_anew_forgets_its_points_written_or_not(store, journal):
    journal.log(1, "loss", 0.5)
    journal.log_many(1, "auc", [0.1, 0.2], labels={"site": "a"})
    journal.log(2, "loss", 7.0)
    journal.flush()
    journal.log(1, "loss", 0.4)
    journal.log_many(1, "loss", [0.3, 0.2])
    journal.log(2, "loss", 6.0)
    journal.forget(1)
    journal.flush()
    read = [(r["execution_id"], r["step"], r["value"]) for r in store.read({1, 2}).to_pylist()]
    assert read == [(2, 0, 7.0), (2, 1, 6.0)]
    journal.log(1, "loss", 0.9)
    journal.log_many(1, "loss", [0.8])
    summed = {(s.execution_id, s.key): (s.count, s.last, s.last_step) for s in journal.close()}
    assert summed == {(1, "loss"): (2, 0.8, 1), (2, "loss"): (2, 6.0, 1)}
    read = [(r["execution_id"], r["step"], r["value"]) for r in store.read({1, 2}).to_pylist()]
    assert read == [(1, 0, 0.9), (1, 1, 0.8), (2, 0, 7.0), (2, 1, 6.0)]


def test_a_journal_of_which_all_was_forgotten_closes_with_nothing(store, journal, tmp_path):
    journal.log(1, "loss", 0.5)
    journal.flush()
    journal.forget(1)
    journal.forget(2)
    assert journal.close() == []
    assert len(store.read({1})) == 0
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".journal", ".parquet")]


def test_a_journal_that_was_written_anew_belongs_to_its_writer_still(store, journal):
    journal.log(1, "loss", 0.5)
    journal.log(2, "loss", 0.6)
    journal.flush()
    journal.forget(1)
    assert store.recover(lambda name: False) == []
    journal.log(2, "loss", 0.7)
    journal.close()
    assert [r["value"] for r in store.read({1, 2}).to_pylist()] == [0.6, 0.7]
