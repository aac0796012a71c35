"""Whatever is logged, in whatever order and through whatever files, is read back once."""

import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.metrics import MetricStore

int64 = st.integers(-(2**63), 2**63 - 1)
points = st.tuples(
    st.integers(0, 3) | st.just(2**62),
    st.sampled_from(["a", "b", "Zürich/loss ☃"]),
    st.sampled_from([None, {"s": "x"}, {"t": 'y"', "s": ""}]),
    int64,
    int64,
    st.floats(allow_nan=True),
)
others = st.sampled_from(["flush", "close", "compact"]) | st.integers(0, 3)
actions = st.lists(points | others, min_size=1, max_size=30)


def comparable(rows):
    return sorted((*row[:5], "nan" if math.isnan(row[5]) else str(row[5])) for row in rows)


@settings(max_examples=40, deadline=None)
@given(actions)
def test_what_is_logged_is_read_back_once(script):
    from lineal.metrics.values import labels_text

    with tempfile.TemporaryDirectory() as folder:
        store = MetricStore(Path(folder) / "metrics")
        journal = store.journal("run")
        expected, closed = [], 0
        for action in script:
            if action == "flush":
                journal.flush()
            elif action == "close":
                journal.close()
                closed = len(expected)
                journal = store.journal("run")
            elif action == "compact":
                store.compact(min_segments=2)
            elif isinstance(action, int):
                journal.forget(action)
                later = [row for row in expected[closed:] if row[0] != action]
                expected = expected[:closed] + later
            else:
                execution, key, labels, step, time, value = action
                journal.log(execution, key, value, step=step, time_ns=time, labels=labels)
                expected.append((execution, key, labels_text(labels), step, time, value))
        journal.flush()
        everyone = {0, 1, 2, 3, 2**62}
        live = [tuple(row.values()) for row in store.read(everyone).to_pylist()]
        summed = journal.close()
        sealed = [tuple(row.values()) for row in store.read(everyone).to_pylist()]
        assert comparable(live) == comparable(sealed) == comparable(expected)
        assert [row[:5] for row in sealed] == sorted(row[:5] for row in sealed)
        assert sum(one.count for one in store.summaries(everyone)) == len(expected)
        assert sum(one.count for one in summed) <= len(expected)
