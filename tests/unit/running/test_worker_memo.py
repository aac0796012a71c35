"""What a process that carries out orders knows of files."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any, cast

import pytest

from lineal.digests.memo import MEMO, StatMemo
from lineal.running.orders import Order
from lineal.running.worker import memo_for


class FromElsewhere:
    """As much of an order as tells where the run goes on."""

    def __init__(self, root: Path, host: str) -> None:
        self.root = str(root)
        self.host = host


def order(root: Path, host: str) -> Order:
    return cast(Any, FromElsewhere(root, host))


@pytest.fixture
def known(tmp_path: Path) -> os.stat_result:
    """A file that the memo of a store knows."""
    file = tmp_path / "data.csv"
    file.write_text("a,b\n")
    old = time.time() - 3600
    os.utime(file, (old, old))
    memo = StatMemo(tmp_path / MEMO)
    memo.put(file.stat(), "ab" * 16, time.time_ns() + 3_600_000_000_000)
    memo.save()
    return file.stat()


def test_on_the_runs_own_machine_what_its_store_has_saved_is_known(
    tmp_path: Path, known: os.stat_result
) -> None:
    memo = memo_for(order(tmp_path, socket.gethostname()))
    assert memo.get(known) == "ab" * 16
    assert memo is memo_for(order(tmp_path, socket.gethostname()))


def test_elsewhere_another_file_may_look_the_same(tmp_path: Path, known: os.stat_result) -> None:
    assert memo_for(order(tmp_path, "another-machine")).get(known) is None
