"""A journal's bytes give back what was written, up to where they make sense."""

import numpy as np
import pytest

from lineal.metrics.columns import Columns, Series
from lineal.metrics.frames import MAGIC, decode, encode

ONE = Series(1, "loss", "{}")


def columns(count):
    return Columns(
        place=np.zeros(count, np.uint32),
        step=np.arange(count),
        time=np.arange(count),
        value=np.ones(count),
    )


JOURNAL = MAGIC + encode([ONE], columns(3)) + encode([], columns(2))
FIRST_END = len(MAGIC + encode([ONE], columns(3)))


def test_frames_come_back_as_they_were_written():
    found = decode(JOURNAL, "j")
    assert found.series == [ONE]
    assert [len(part) for part in found.parts] == [3, 2]
    assert (found.whole, found.torn) == (len(JOURNAL), 0)


@pytest.mark.parametrize("length", range(FIRST_END, len(JOURNAL)))
def test_a_torn_frame_ends_the_journal_wherever_it_was_torn(length):
    found = decode(JOURNAL[:length], "j")
    assert (found.points, found.whole, found.torn) == (3, FIRST_END, length - FIRST_END)


@pytest.mark.parametrize("at", range(FIRST_END, len(JOURNAL)))
def test_a_changed_byte_ends_the_journal_before_its_frame(at):
    data = bytearray(JOURNAL)
    data[at] ^= 0x10
    assert decode(bytes(data), "j").points == 3


@pytest.mark.parametrize("tail", [bytes(4096), b"\xff" * 64])
def test_blank_space_after_the_frames_is_no_frame(tail):
    assert decode(JOURNAL + tail, "j").torn == len(tail)


@pytest.mark.parametrize("data", [b"", MAGIC[:5], b"something else"])
def test_a_file_without_the_magic_holds_nothing(data):
    found = decode(data, "j")
    assert (found.points, found.torn) == (0, len(data))
