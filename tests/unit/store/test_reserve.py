import errno
import os

import pytest

from lineal.store import Reserve
from lineal.store.reserve import ROOM


def test_a_reserve_occupies_room_without_a_name_until_it_is_given_up(tmp_path):
    reserve = Reserve(tmp_path)
    assert not list(tmp_path.iterdir())
    forked = os.dup(reserve._file.fileno())  # as a child of the process would have it
    assert os.fstat(forked).st_blocks * 512 >= ROOM
    reserve.give_up()
    assert os.fstat(forked).st_blocks == 0
    os.close(forked)
    reserve.give_up()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EOPNOTSUPP])
def test_where_there_is_no_room_there_is_no_reserve_and_nothing_is_left(
    tmp_path, monkeypatch, code
):
    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    reserve = Reserve(tmp_path)
    assert reserve._file is None
    assert not list(tmp_path.iterdir())
    reserve.give_up()


def test_a_folder_that_is_not_there_has_none(tmp_path):
    Reserve(tmp_path / "missing").give_up()
    assert not list(tmp_path.iterdir())
