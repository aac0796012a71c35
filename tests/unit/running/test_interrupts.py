"""Ctrl-C is raised where it does no harm, and never lost."""

from __future__ import annotations

import signal
import threading

import pytest

from lineal.running.interrupts import Interrupts


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_it_is_held_back_until_there_is_a_wait() -> None:
    interrupts, done = Interrupts(), list[str]()
    with pytest.raises(KeyboardInterrupt), interrupts.held_back():  # noqa: PT012
        press()
        done.append("work")
        with interrupts.let_in():
            done.append("wait")
    assert done == ["work"]


def test_it_is_raised_at_once_in_a_wait() -> None:
    interrupts = Interrupts()
    with interrupts.held_back(), pytest.raises(KeyboardInterrupt), interrupts.let_in():  # noqa: PT012
        press()
        pytest.fail("it went on")


def test_it_is_raised_at_the_end_where_there_was_no_wait_and_then_as_ever() -> None:
    interrupts, done = Interrupts(), list[str]()
    with pytest.raises(KeyboardInterrupt), interrupts.held_back():  # noqa: PT012
        press()
        done.append("work")
    assert done == ["work"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with interrupts.held_back():
        pass


def test_pressed_twice_it_is_raised_wherever_it_is() -> None:
    interrupts = Interrupts()
    with pytest.raises(KeyboardInterrupt), interrupts.held_back():  # noqa: PT012
        press()
        press()
        pytest.fail("it went on")


def test_a_handler_of_somebody_else_is_left_alone() -> None:
    seen = list[int]()
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        with Interrupts().held_back():
            press()
            assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_on_another_thread_nothing_is_held_back() -> None:
    done = list[str]()

    def work() -> None:
        with Interrupts().held_back():
            done.append("work")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["work"]
