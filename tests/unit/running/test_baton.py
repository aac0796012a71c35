"""Two threads share what the baton stands for, one at a time, also when one is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from lineal.running.baton import Baton, Errand

Lend = Callable[[Callable[[], None]], Future[None]]


@pytest.fixture
def lend() -> Iterator[Lend]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


def test_work_is_done_elsewhere_while_its_owner_waits(lend: Lend) -> None:
    baton, threads = Baton(), list[int]()
    with baton.held():
        baton.passed(lend, lambda _: threads.append(threading.get_ident()))
        assert threads != [threading.get_ident()]
        assert len(threads) == 1


def test_what_the_work_raises_is_raised_where_it_was_asked_for(lend: Lend) -> None:
    baton = Baton()

    def broken(_: Errand) -> None:
        raise ZeroDivisionError

    with baton.held():
        with pytest.raises(ZeroDivisionError):
            baton.passed(lend, broken)
        baton.passed(lend, lambda _: None)


def test_who_is_interrupted_has_it_back_at_once_and_the_other_sees_that(lend: Lend) -> None:
    baton, go_on = Baton(), threading.Event()
    seen: list[bool] = []

    class Interrupted(Future[None]):
        def exception(self, timeout: float | None = None) -> None:
            raise KeyboardInterrupt

    def lend_and_interrupt(work: Callable[[], None]) -> Future[None]:
        lent.append(lend(work))
        began.wait(10)
        return Interrupted()

    def work(errand: Errand) -> None:
        with baton.laid_down():
            began.set()
            assert go_on.wait(10)
        seen.append(errand.recalled)

    lent: list[Future[None]] = []
    began = threading.Event()
    with baton.held():
        with pytest.raises(KeyboardInterrupt):
            baton.passed(lend_and_interrupt, work)
        go_on.set()
        assert seen == []  # it is still held here
    lent[0].result(10)
    assert seen == [True]
    with baton.held():
        pass


def test_work_that_comes_too_late_is_not_begun(lend: Lend) -> None:
    baton, done = Baton(), list[int]()
    late: list[Callable[[], None]] = []

    def interrupt(work: Callable[[], None]) -> Future[None]:
        late.append(work)
        raise KeyboardInterrupt

    with baton.held(), pytest.raises(KeyboardInterrupt):
        baton.passed(interrupt, lambda _: done.append(1))
    late[0]()
    assert done == []
