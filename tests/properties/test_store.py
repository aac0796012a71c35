"""The store gives back what it was given, whatever that is."""

import datetime as dt
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.digests.canonical import identify, value_digest
from lineal.store import LocalBlobs, ValueStore
from lineal.store.chunking import LARGEST, SMALLEST, chunks, chunks_read

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.complex_numbers() | st.decimals() | st.uuids() | st.dates() | st.times()
    | st.timedeltas() | st.datetimes(timezones=st.just(dt.UTC) | st.none())
)  # fmt: skip
keys = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.binary(max_size=3)
plain = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner)
        | st.dictionaries(st.sampled_from(["$t", "$d", "a"]), inner)
        | st.frozensets(keys)
        | st.sets(keys)
    ),
)
ROOT = tempfile.TemporaryDirectory()
VALUES = ValueStore(LocalBlobs(Path(ROOT.name)), Path(ROOT.name) / "files")


@given(plain)
def test_plain_values_come_back_with_their_digest_and_without_pickle(value):
    artifact = VALUES.save(value, identify(value))
    assert not artifact.stored.pickled
    assert value_digest(VALUES.load(artifact)) == artifact.digest


@given(st.binary(max_size=20_000))
def test_bytes_come_back(data):
    assert VALUES.blobs.get(VALUES.blobs.put(data)) == data


def test_bytes_are_cut_where_they_have_always_been():
    noise = random.Random(0).randbytes(6_000_000)
    cut = [1227782, 1062956, 1283079, 1256627, 1147603, 21953]
    assert [len(chunk) for chunk in chunks(memoryview(noise))] == cut
    assert [len(chunk) for chunk in chunks(memoryview(bytes(9_000_000)))] == [
        LARGEST, LARGEST, 9_000_000 - 2 * LARGEST,
    ]  # fmt: skip


@given(
    seed=st.integers(0, 2**32),
    size=st.integers(0, 3 * LARGEST),
    dull=st.booleans(),
    piece=st.integers(1, 2 * LARGEST),
)
def test_chunks_make_up_the_whole_and_do_not_depend_on_how_it_is_read(seed, size, dull, piece):
    pattern = random.Random(seed).randbytes(3 if dull else 1_000_003)
    data = (pattern * (size // len(pattern) + 1))[:size]
    cut = [bytes(chunk) for chunk in chunks(memoryview(data))]
    assert b"".join(cut) == data
    assert all(SMALLEST <= len(chunk) <= LARGEST for chunk in cut[:-1])
    place = 0

    def read(asked):
        nonlocal place
        start, place = place, min(place + min(asked, piece), size)
        return data[start:place]

    if piece > SMALLEST or size < SMALLEST:
        assert [bytes(chunk) for chunk in chunks_read(read)] == cut


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), place=st.integers(0, 8_000_000), insert=st.binary(max_size=50))
def test_an_insertion_changes_few_chunks(seed, place, insert):
    data = random.Random(seed).randbytes(12_000_000)
    changed = data[:place] + insert + data[place:]
    before = {bytes(chunk) for chunk in chunks(memoryview(data))}
    after = {bytes(chunk) for chunk in chunks(memoryview(changed))}
    assert sum(map(len, after - before)) <= 3 * LARGEST
    assert len(after & before) >= 1
