"""Leases: one holder at a time, taken over only as seen, ended with what came of the step."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text

from lineal.catalog import Batch, Catalog
from lineal.records import Lease, RunStatus

from .conftest import Writer, digest

KEY, OTHER = digest("key", 1), digest("key", 2)


def test_a_key_is_held_by_whoever_took_it_first(catalog, write):
    first, second = write.begin(name="first", host="here", pid=7), write.begin()
    assert catalog.leases.take(first.number, [(KEY, 0)]) == []
    (held,) = catalog.leases.take(second.number, [(KEY, 0), (OTHER, 0)])
    assert (held.key, held.seed, held.run_number) == (KEY, 0, first.number)
    assert (held.run_name, held.host, held.pid) == ("first", "here", 7)
    assert held.run_started_at == first.started_at
    assert held.going
    assert 0 <= held.silent < 60
    assert abs((datetime.now(UTC) - held.since).total_seconds()) < 60
    holders = {lease.key: lease.run_number for lease in catalog.leases.held()}
    assert holders == {KEY: first.number, OTHER: second.number}


def test_taking_again_what_one_holds_changes_nothing(catalog, write):
    run = write.begin()
    assert catalog.leases.take(run.number, [(KEY, 0)]) == []
    before = catalog.leases.held()
    assert catalog.leases.take(run.number, [(KEY, 0)]) == []
    assert [x.renewed_at for x in catalog.leases.held()] == [x.renewed_at for x in before]


def test_another_seed_is_another_lease(catalog, write):
    large = 2**70
    first, second = write.begin(), write.begin()
    assert catalog.leases.take(first.number, [(KEY, 0)]) == []
    assert catalog.leases.take(second.number, [(KEY, large)]) == []
    assert sorted(x.seed for x in catalog.leases.held()) == [0, large]


def test_a_lease_is_taken_over_only_as_it_was_seen(catalog, write):
    holder, second, third = write.begin(), write.begin(), write.begin()
    catalog.leases.take(holder.number, [(KEY, 0)])
    (seen,) = catalog.leases.take(second.number, [(KEY, 0)])
    catalog.heartbeat(holder.number)
    (still,) = catalog.leases.take(second.number, [(KEY, 0)], over=[seen])
    assert still.run_number == holder.number
    assert still.renewed_at > seen.renewed_at
    assert still.since == seen.since
    assert catalog.leases.take(second.number, [(KEY, 0)], over=[still]) == []
    (now,) = catalog.leases.take(third.number, [(KEY, 0)], over=[still])
    assert now.run_number == second.number


def test_who_was_taken_over_from_ends_nothing_of_the_one_after(catalog, write):
    slow, second = write.begin(), write.begin()
    catalog.leases.take(slow.number, [(digest("key", 1), 0)])
    catalog.leases.take(second.number, [(digest("key", 1), 0)], over=catalog.leases.held())
    catalog.heartbeat(slow.number)
    done = write.step(slow, 1)
    catalog.commit(Batch(executions=(done,), released=(done,)))
    assert [lease.run_number for lease in catalog.leases.held()] == [second.number]


def test_a_lease_ends_with_what_came_of_its_step(catalog, write):
    run = write.begin()
    catalog.leases.take(run.number, [(digest("key", 1), 0), (digest("key", 2), 0)])
    done = write.step(run, 1)
    catalog.commit(Batch(executions=(done,), released=(done,)))
    assert [lease.key for lease in catalog.leases.held()] == [digest("key", 2)]


def test_a_run_that_has_ended_holds_nothing(catalog, write):
    run, other = write.begin(), write.begin()
    catalog.leases.take(run.number, [(KEY, 0)])
    catalog.leases.take(other.number, [(OTHER, 0)])
    write.finish(run)
    assert [lease.run_number for lease in catalog.leases.held()] == [other.number]
    catalog.leases.let_go(other.number)
    assert catalog.leases.held() == []


def test_the_lease_of_a_lost_run_tells_that_it_does_not_go_on(catalog, write):
    run = write.begin()
    catalog.leases.take(run.number, [(KEY, 0)])
    gone = write.catalog.run(run.number)
    with catalog._database.write() as connection:
        connection.execute(
            text("UPDATE runs SET status = :lost WHERE number = :number"),
            {"lost": RunStatus.LOST.value, "number": gone.number},
        )
    assert [lease.going for lease in catalog.leases.held()] == [False]


def test_silence_is_told_and_what_all_have_forgotten_is_swept_away(catalog, write):
    old, run = write.begin(), write.begin()
    catalog.leases.take(old.number, [(KEY, 0)])
    with catalog._database.write() as connection:
        connection.execute(text("UPDATE leases SET renewed_at = renewed_at - 90000000"))
    (lease,) = catalog.leases.held()
    assert 90 <= lease.silent < 150
    with catalog._database.write() as connection:
        connection.execute(text("UPDATE leases SET renewed_at = renewed_at - 86400000000"))
    write.finish(run)
    assert catalog.leases.held() == []


def test_of_many_who_take_at_once_one_gets_it(url, write):
    runs = [write.begin() for _ in range(6)]

    def take(number: int) -> bool:
        with Catalog.open(url) as own:
            return own.leases.take(number, [(KEY, 0)]) == []

    with ThreadPoolExecutor(len(runs)) as pool:
        won = list(pool.map(take, [run.number for run in runs]))
    assert won.count(True) == 1
    (lease,) = write.catalog.leases.held()
    assert lease.run_number == runs[won.index(True)].number


def test_of_many_who_take_over_at_once_one_gets_it(url, write):
    dead, *runs = [write.begin() for _ in range(6)]
    write.catalog.leases.take(dead.number, [(KEY, 0)])
    seen = write.catalog.leases.held()

    def take(number: int) -> bool:
        with Catalog.open(url) as own:
            return own.leases.take(number, [(KEY, 0)], over=seen) == []

    with ThreadPoolExecutor(len(runs)) as pool:
        won = list(pool.map(take, [run.number for run in runs]))
    assert won.count(True) == 1


def test_what_is_written_beside_a_lease_is_durable_as_ever(catalog, write):
    """A connection that did not wait for the disk waits again when a fact is written."""
    if catalog._database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL is told so in each transaction")
    run = write.begin()
    levels = []
    for durable in (True, False, True, False, False, True):
        with catalog._database.write(durable=durable) as connection:
            levels.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    assert levels == [2, 1, 2, 1, 1, 2]
    catalog.leases.take(run.number, [(KEY, 0)])


class OneHolder(RuleBasedStateMachine):
    """Any order of taking, taking over, renewing and ending, beside a plain model of it."""

    @initialize()
    def begin(self) -> None:
        self.number = next(_numbers)
        self.catalog = Catalog.open(_place())
        writer = Writer(self.catalog)
        writer.counter = count(1 + 100 * self.number)
        self.runs = [writer.begin() for _ in range(3)]
        self.writer = writer
        self.holders: dict[int, int] = {}
        self.seen: list[Lease] = []
        self.changed: set[tuple[int, int]] = set()
        self.steps = count(1)

    def key(self, name: int):
        return digest("key", self.number, name)

    @rule(who=st.integers(0, 2), names=st.sets(st.integers(0, 3), min_size=1), over=st.booleans())
    def take(self, who: int, names: set[int], over: bool) -> None:
        number = self.runs[who].number
        stale = [x for x in self.seen if over]
        for x in stale:
            name = next(n for n in range(4) if self.key(n) == x.key)
            if self.holders.get(name) == x.run_number and self.as_seen(x):
                del self.holders[name]
        held = self.catalog.leases.take(number, [(self.key(n), 0) for n in names], over=stale)
        lost = {n for n in names if self.holders.get(n, number) != number}
        assert {x.key for x in held} == {self.key(n) for n in lost}
        self.holders.update(dict.fromkeys(names - lost, number))

    def as_seen(self, lease: Lease) -> bool:
        now = {(x.key, x.run_number): x.renewed_at for x in self.mine()}
        return now.get((lease.key, lease.run_number)) == lease.renewed_at

    @rule()
    def look(self) -> None:
        self.seen = self.mine()

    @rule(who=st.integers(0, 2))
    def renew(self, who: int) -> None:
        self.catalog.heartbeat(self.runs[who].number)

    @rule(who=st.integers(0, 2), name=st.integers(0, 3))
    def end(self, who: int, name: int) -> None:
        run = self.runs[who]
        done = self.writer.step(run, next(self.steps), key=self.key(name))
        self.catalog.commit(Batch(executions=(done,), released=(done,)))
        if self.holders.get(name) == run.number:
            del self.holders[name]

    @rule(who=st.integers(0, 2))
    def let_go(self, who: int) -> None:
        number = self.runs[who].number
        self.catalog.leases.let_go(number)
        self.holders = {n: holder for n, holder in self.holders.items() if holder != number}

    def mine(self) -> list[Lease]:
        keys = {self.key(n) for n in range(4)}
        return [x for x in self.catalog.leases.held() if x.key in keys]

    @invariant()
    def the_catalog_says_the_same(self) -> None:
        if hasattr(self, "holders"):
            found = {x.key: x.run_number for x in self.mine()}
            assert found == {self.key(n): holder for n, holder in self.holders.items()}

    def teardown(self) -> None:
        if hasattr(self, "catalog"):
            self.catalog.close()


_numbers = count(1)
_urls: list[str] = []


def _place() -> str:
    return _urls[-1]


def test_there_is_one_holder_whatever_is_done_in_whatever_order(url):
    Catalog.open(url).close()
    _urls.append(url)
    OneHolder.TestCase.settings = settings(max_examples=12, stateful_step_count=20)
    OneHolder.TestCase("runTest").runTest()
