"""Lineage: what was made of some things, and what they were made of.

A walk (see `walking`) finds executions; what flowed between them is then read for these
alone (see `reading`). The whole graph is never loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing

from sqlalchemy import Connection

from .beginning import above, below
from .flow import Flow, Start, Thing
from .naming import settled
from .reading import Flowed, facts
from .reusing import reusing
from .walking import stream, walk

_FEW = 50
"""Artifacts of a start that are shown again in every page, so that edges lead to them."""


def lineage(
    connection: Connection, start: Start, *, up: bool, down: bool, depth: int | None, limit: int
) -> Flow:
    """What was made of some things, or what they were made of, or both.

    Args:
        connection: A transaction that reads.
        start: What was asked about.
        up: Whether to go to their causes.
        down: Whether to go to their effects.
        depth: How many executions to pass; None for all.
        limit: How many artifacts to reach at the most, each way.
    """
    start = settled(connection, start)
    ways = [
        (upwards, _walked(connection, start, upwards, depth, limit + 1))
        for asked, upwards in ((up, True), (down, False))
        if asked
    ]
    executions = dict.fromkeys([*start.executions, *(id_ for _, found in ways for id_ in found)])
    flowed = Flowed(connection, start, executions)
    reached: dict[Thing, None] = dict.fromkeys(flowed.beginning)
    shown = dict.fromkeys(start.executions)
    truncated = False
    for upwards, found in ways:
        beginning = [*flowed.beginning]
        if not upwards:
            beginning += flowed.made_by(start.executions)
        elif depth != 0:
            beginning += flowed.wholes()
        brought = flowed.causes() if upwards else flowed.effects(beginning)
        kept, things, cut = _within(found[:limit], brought, beginning, limit)
        truncated |= cut or len(found) > limit
        shown.update(dict.fromkeys(kept))
        reached.update(dict.fromkeys(things))
    return facts(
        connection,
        start,
        flowed,
        list(shown),
        reached,
        named_below=down,
        truncated=truncated,
    )


def impact(connection: Connection, start: Start, *, page: int, limit: int) -> Iterator[Flow]:
    """What was made of some things, in pages, each as soon as the database has come to it.

    The first page holds what was made of them directly, as far as it goes, because a walk
    has to note all of that, which may be a hundred thousand, before it goes on. An
    execution comes in one page, with what it made; edges lead to artifacts of the same
    page, or of the start. A last page holds the runs that only reused one of all these
    executions, if there are any.

    Args:
        connection: A transaction that reads.
        start: What was asked about.
        page: How many executions a page holds.
        limit: How many artifacts to reach at the most, and how many runs that reused.
    """
    start = settled(connection, start)
    pages = _Pages(connection, start, limit)
    yield from _streamed(connection, start, pages, page, limit)
    again = reusing(
        connection, pages.seen, pages.by_value(), pages.reached, {*start.runs}, most=limit
    )
    if again is not None:
        yield again


def _streamed(
    connection: Connection, start: Start, pages: _Pages, page: int, limit: int
) -> Iterator[Flow]:
    first = [*start.executions, *below(connection, start, min(page, limit))]
    yield pages.next(list(dict.fromkeys(first)))
    if pages.full:
        return
    fresh: list[int] = []
    beginning = [*start.executions, *below(connection, start, None)]
    with closing(stream(connection, beginning)) as further:
        for execution in further:
            if execution in pages.seen:
                continue
            fresh.append(execution)
            if len(fresh) >= page:
                yield pages.next(fresh)
                if pages.full:
                    return
                fresh = []
    if fresh:
        yield pages.next(fresh)


class _Pages:
    """The pages of one impact."""

    def __init__(self, connection: Connection, start: Start, limit: int) -> None:
        self._connection = connection
        self._start = start
        self._limit = limit
        self._given: dict[int, dict[str, str]] = {}
        self.reached: dict[Thing, None] = {}
        self.seen: set[int] = set()
        self.full = False

    def next(self, executions: list[int]) -> Flow:
        """The page of these executions, as far as the limit lets them in."""
        flowed = Flowed(self._connection, self._start, executions)
        begun = dict.fromkeys(flowed.beginning)
        before = dict.fromkeys([*begun, *self.reached])
        brought = flowed.effects(before)
        kept, reached, self.full = _within(executions, brought, before, self._limit)
        self.reached = dict.fromkeys(reached)
        of_these = {thing for execution in kept for thing in brought.get(execution, ())}
        things = [thing for thing in of_these if thing in self.reached]
        beside = begun if not self.seen or len(begun) <= _FEW else ()
        self.seen.update(kept)
        self._note(flowed)
        return facts(
            self._connection,
            self._start,
            flowed,
            kept,
            dict.fromkeys([*beside, *sorted(things, key=str)]),
            named_below=True,
            truncated=self.full,
        )

    def by_value(self) -> dict[int, dict[str, str]]:
        """The executions that were given common values alone of what was reached.

        With the digests of all that each was given, by name.
        """
        return {id_: given for id_, given in self._given.items() if not self._had(given.values())}

    def _note(self, flowed: Flowed) -> None:
        given: dict[int, dict[str, str]] = {}
        for execution, name, digest, *_ in flowed.used:
            given.setdefault(execution, {})[name] = digest
        asked = set(self._start.executions)
        for execution, inputs in given.items():
            if execution not in asked and not self._had(inputs.values()):
                self._given[execution] = inputs

    def _had(self, digests: Iterable[str]) -> bool:
        """Whether any of these is data that was reached."""
        return any((digest, None) in self.reached for digest in digests)


def _walked(
    connection: Connection, start: Start, up: bool, depth: int | None, most: int
) -> list[int]:
    """The executions of a walk in order, with those that were asked about."""
    if depth == 0:
        return list(start.executions)
    further = None if depth is None else depth - 1
    if up:
        begin = [*start.executions, *above(connection, start)]
        return walk(connection, begin, up=True, depth=further, limit=most)
    begin = below(connection, start, most)
    found = walk(connection, begin, up=False, depth=further, limit=most) if begin else []
    return list(dict.fromkeys([*start.executions, *found]))


def _within(
    executions: Sequence[int],
    brought: Mapping[int, Sequence[Thing]],
    beginning: Iterable[Thing],
    limit: int,
) -> tuple[list[int], list[Thing], bool]:
    """The executions in order whose artifacts are no more than a limit, and these artifacts.

    The last execution may be let in with a part of its artifacts, or none. Says last whether
    anything was left out.
    """
    reached = dict.fromkeys(beginning)
    kept = []
    for execution in executions:
        kept.append(execution)
        for thing in brought.get(execution, ()):
            if thing in reached:
                continue
            if len(reached) >= limit:
                return kept, list(reached), True
            reached[thing] = None
    return kept, list(reached), False
