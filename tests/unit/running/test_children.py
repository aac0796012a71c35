"""Ctrl-C goes to every process of a terminal; those that wait for work take no notice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from lineal.running.children import deaf_at_birth, serve_parent

SPAWN = multiprocessing.get_context("spawn")
HEARS = """
import signal
print(
    signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []),
)
"""


@pytest.fixture
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=SPAWN, initializer=serve_parent) as pool:
        yield pool


def what_a_child_hears() -> str:
    return subprocess.check_output([sys.executable, "-c", HEARS], text=True).strip()


def test_a_child_that_waits_goes_on_waiting(pool):
    with deaf_at_birth():
        before = pool.submit(os.getpid).result()
    os.kill(before, signal.SIGINT)
    assert pool.submit(os.getpid).result() == before


def test_a_child_that_is_being_born_hears_nothing():
    with deaf_at_birth():
        child = SPAWN.Process(target=serve_parent)
        child.start()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGINT)
    child.join(60)
    assert child.exitcode == 0


def test_what_a_child_starts_hears_as_ever(pool):
    with deaf_at_birth():
        assert pool.submit(what_a_child_hears).result() == "True False"


def test_the_parent_hears_as_before():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with deaf_at_birth():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
