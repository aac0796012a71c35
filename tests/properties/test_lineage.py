"""The recursive queries against what really flowed, worked out one execution at a time.

Random runs take data and common values from one another's steps, whole or in part, and
from outside; some steps are reused. An oracle reads the same story in plain Python: an
execution comes from those that it had its inputs from and, where an input is data, from all
that made the same content.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.catalog import Batch, Catalog, Start
from lineal.digests.digest import Digest, combine
from lineal.lineage.building import build, execution_node
from lineal.records import (
    Artifact,
    Cause,
    Execution,
    ExecutionStatus,
    Input,
    Output,
    Reason,
    RunRecord,
    Source,
    Stored,
    execution_id,
)
from lineal.records.run import RunStatus

DATA = [combine("data", [str(n)]) for n in range(4)]
COMMON = [combine("common", [str(n)]) for n in range(3)]
UNRECORDED = combine("unrecorded", [])
PARTS = {DATA[0]: [COMMON[0], DATA[1], UNRECORDED], COMMON[2]: [COMMON[1], UNRECORDED]}
"""What can be taken out of a whole: a common value, data, and what is recorded nowhere else."""
EVERYTHING = [*DATA, *COMMON]

outputs = st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=2, unique=True)
choices = st.integers(0, 11)
steps = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(["step", "part", "outside", "setting"]), choices), max_size=3
    ),
    outputs,
    st.none() | choices,
)
stories = st.lists(st.lists(steps, min_size=1, max_size=5), min_size=1, max_size=3)


@dataclass
class Told:
    """What an oracle remembers of an execution."""

    inputs: list[tuple[Digest, Digest, int | None, bool]] = field(default_factory=list)
    """Content, the whole that it was taken from, the maker, whether it is a setting."""
    outputs: list[Digest] = field(default_factory=list)
    reused: list[tuple[Digest, int]] = field(default_factory=list)
    """What a reused execution had, which equalled an input, and from whom."""


def telling(digest: Digest) -> bool:
    return digest in DATA


class Oracle:
    """Who comes from whom, by looking at every pair."""

    def __init__(self, told: dict[int, Told]) -> None:
        self.told = told
        self.wholes: dict[Digest, set[Digest]] = defaultdict(set)
        for one in told.values():
            for digest, whole, _, _ in one.inputs:
                if digest != whole:
                    self.wholes[digest].add(whole)
        self.above = {id_: set(self.causes(id_)) for id_ in told}
        self.below = {id_: {e for e in told if id_ in self.above[e]} for id_ in told}

    def makers(self, digest: Digest) -> set[int]:
        return {id_ for id_, one in self.told.items() if digest in one.outputs}

    def causes(self, id_: int) -> Iterator[int]:
        for digest, _, maker, setting in self.told[id_].inputs:
            if setting:
                continue
            if maker is not None:
                yield maker
            if telling(digest):
                yield from self.makers(digest)
            for whole in self.wholes[digest]:
                had = maker in self.makers(whole) and telling(whole)
                if had or telling(digest):
                    yield from self.makers(whole)
        yield from (maker for _, maker in self.told[id_].reused)

    def first_above(self, digest: Digest, pin: int | None) -> set[int]:
        if pin is not None and not telling(digest):
            return {pin}
        return self.makers(digest).union(*map(self.makers, self.wholes[digest]))

    def first_below(self, digest: Digest, pin: int | None) -> set[int]:
        found = set()
        for id_, one in self.told.items():
            for taken, _, maker, setting in one.inputs:
                held = digest in self.wholes[taken]
                if setting:
                    continue
                if pin is not None and not telling(digest):
                    hit = maker == pin and (taken == digest or held)
                else:
                    had = maker in self.makers(digest) or telling(taken)
                    hit = taken == digest or (held and had)
                if hit:
                    found.add(id_)
            for taken, maker in one.reused:
                if pin is None or telling(digest):
                    hit = taken == digest
                else:
                    hit = maker == pin and (taken == digest or digest in self.wholes[taken])
                if hit:
                    found.add(id_)
        return found

    def within(self, first: Iterable[int], up: bool, depth: int | None) -> set[int]:
        ways = self.above if up else self.below
        reached, edge, passed = set(first), set(first), 1
        while edge and (depth is None or passed < depth):
            edge = {further for id_ in edge for further in ways[id_]} - reached
            reached |= edge
            passed += 1
        return reached


class Teller:
    """Writes a story into a catalog, and tells an oracle the same."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.told: dict[int, Told] = {}

    def tell(self, story: Iterable[list[tuple]]) -> Oracle:
        for place, made in enumerate(story):
            self.run(place, made)
        return Oracle(self.told)

    def run(self, place: int, made: list[tuple]) -> None:
        run = RunRecord(
            id=f"{place:032x}",
            number=0,
            name="r",
            experiment="e",
            pipeline="m:p",
            status=RunStatus.FINISHED,
            started_at=datetime(2026, 1, 31, tzinfo=UTC),
        )
        number = self.catalog.begin_run(run)
        here: list[tuple[str, int, list[Digest]]] = []
        """Steps of the run: name, the execution that made their outputs, these."""
        for position, (taken, gives, reuse) in enumerate(made, 1):
            origin = None if reuse is None else self.reusable(reuse, here)
            if origin is not None:
                inputs, told = origin
                outputs = self.told[told].outputs
            else:
                inputs = [self.input(n, *one, here) for n, one in enumerate(taken)]
                outputs, told = gives, execution_id(number, position)
                self.told[told] = Told(outputs=gives, inputs=list(map(self.noted, inputs)))
            self.write(run, number, position, [i for i, _ in inputs], outputs, told)
            here.append((f"s{position}", told, outputs))

    def input(self, n: int, way: str, choice: int, here) -> tuple[Input, int | None]:
        if way in ("step", "part") and here:
            step, maker, outputs = here[choice % len(here)]
            whole = outputs[choice // len(here) % len(outputs)]
            digest = whole
            if way == "part" and whole in PARTS:
                digest = PARTS[whole][choice % len(PARTS[whole])]
            source = Source(
                step=step,
                output=f"o{outputs.index(whole)}",
                digest=None if digest == whole else whole,
            )
            return Input(name=f"i{n}", digest=digest, source=source), maker
        value = "3" if way == "setting" else None
        return Input(name=f"i{n}", digest=EVERYTHING[choice % len(EVERYTHING)], value=value), None

    def noted(self, given: tuple[Input, int | None]) -> tuple[Digest, Digest, int | None, bool]:
        one, maker = given
        whole = one.source.digest if one.source and one.source.digest else one.digest
        return one.digest, whole, maker, one.value is not None

    def reusable(self, choice: int, here) -> tuple[list[tuple[Input, int | None]], int] | None:
        """What a step is given here that equals what an execution used, and that execution."""
        if not self.told:
            return None
        origin = list(self.told)[choice % len(self.told)]
        inputs: list[tuple[Input, int | None]] = []
        matches: list[tuple[Digest, int]] = []
        for n, (digest, _, maker, setting) in enumerate(self.told[origin].inputs):
            found = [
                (step, other, outputs, whole)
                for step, other, outputs in here
                for whole in outputs
                if digest == whole or digest in PARTS.get(whole, ())
            ]
            if found:
                step, other, outputs, whole = found[choice % len(found)]
                source = Source(
                    step=step,
                    output=f"o{outputs.index(whole)}",
                    digest=None if digest == whole else whole,
                )
                inputs.append((Input(name=f"i{n}", digest=digest, source=source), other))
                if other != maker and not telling(digest):
                    matches.append((digest, other))
                if digest != whole:
                    # A part that a reused step was given is noted like any other.
                    self.extra.append((digest, whole))
            elif maker is None:
                value = "3" if setting else None
                inputs.append((Input(name=f"i{n}", digest=digest, value=value), None))
            else:
                return None
        self.told[origin].reused += matches
        return inputs, origin

    @property
    def extra(self) -> list[tuple[Digest, Digest]]:
        return self.__dict__.setdefault("_extra", [])

    def write(self, run, number, position, inputs, outputs, told) -> None:
        reused = told if told != execution_id(number, position) else None
        self.catalog.commit(
            Batch(
                artifacts=(
                    *(Artifact(digest=d, kind="frame", type="t") for d in DATA),
                    *(
                        Artifact(
                            digest=d,
                            kind="value",
                            type="t",
                            stored=Stored(codec="plain/1", size=1, inline=b"2"),
                        )
                        for d in COMMON
                    ),
                ),
                executions=(
                    Execution(
                        id=execution_id(number, position),
                        run_id=run.id,
                        position=position,
                        step=f"s{position}",
                        task="m:t",
                        status=ExecutionStatus.EXECUTED
                        if reused is None
                        else ExecutionStatus.REUSED,
                        key=None,
                        reason=Reason(cause=Cause.FIRST, text=""),
                        inputs=tuple(inputs),
                        outputs=tuple(
                            Output(name=f"o{n}", digest=d) for n, d in enumerate(outputs)
                        ),
                        reused_from=reused,
                    ),
                ),
            )
        )


def told_by(catalog: Catalog, story) -> Oracle:
    teller = Teller(catalog)
    oracle = teller.tell(story)
    if teller.extra:
        for part, whole in teller.extra:
            oracle.wholes[part].add(whole)
        oracle.above = {id_: set(oracle.causes(id_)) for id_ in oracle.told}
        oracle.below = {
            id_: {e for e in oracle.told if id_ in oracle.above[e]} for id_ in oracle.told
        }
    return oracle


def questions(oracle: Oracle) -> Iterator[tuple[Start, set[int], set[int]]]:
    """Everything that can be asked about, with what stands next to it above and below."""
    for id_ in oracle.told:
        yield Start(executions=(id_,)), {id_}, oracle.below[id_]
    for digest in EVERYTHING:
        for pin in (None, *sorted(oracle.makers(digest))):
            pins = () if pin is None else ((digest, pin),)
            start = Start(artifacts=(digest,), pins=pins)
            yield start, oracle.first_above(digest, pin), oracle.first_below(digest, pin)


def answers_as_the_oracle(catalog: Catalog, story, depth: int | None = None) -> None:
    oracle = told_by(catalog, story)
    for start, above, below in questions(oracle):
        for up, first in ((True, above), (False, below)):
            expected = set(start.executions)
            if depth != 0:
                expected |= oracle.within(first, up, depth)
            flow = catalog.lineage(start, up=up, down=not up, depth=depth, limit=1000)
            assert {row[0] for row in flow.executions} == expected
            assert not flow.truncated
            if depth is None:
                hangs_together(flow, expected, up)


def hangs_together(flow, expected: set[int], up: bool) -> None:
    """Following the edges of the graph leads to all that was reached, and to nothing else."""
    graph = build(flow)
    nodes = set(graph.nodes)
    assert all({edge.source, edge.target} <= nodes for edge in graph.edges)
    reached = graph.upstream() if up else graph.downstream()
    found = {n for n in reached.nodes if n.startswith("execution:")}
    assert found == {execution_node(id_) for id_ in expected}
    for root in graph.roots:
        artifacts = [n for n in graph.nodes if n.startswith("artifact:")]
        assert root in artifacts or root.startswith("execution:")


@contextmanager
def new_catalog() -> Iterator[Catalog]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Catalog.open(f"sqlite:///{Path(folder) / 'catalog.db'}") as catalog,
    ):
        yield catalog


@settings(max_examples=40)
@given(stories)
def test_a_walk_reaches_what_really_flowed(story):
    with new_catalog() as catalog:
        answers_as_the_oracle(catalog, story)


# Every example has a database of its own, which takes PostgreSQL a second to make.
@settings(max_examples=6)
@given(stories)
def test_postgresql_reaches_the_same(new_postgresql, story):
    with Catalog.open(new_postgresql()) as catalog:
        answers_as_the_oracle(catalog, story)


@settings(max_examples=20)
@given(stories, st.integers(0, 3))
def test_a_bounded_walk_passes_no_more_executions(story, depth):
    with new_catalog() as catalog:
        answers_as_the_oracle(catalog, story, depth)


@settings(max_examples=20)
@given(stories, st.integers(1, 4))
def test_the_pages_of_an_impact_hold_what_the_way_down_holds(story, page):
    with new_catalog() as catalog:
        oracle = told_by(catalog, story)
        for start, _, _ in questions(oracle):
            whole = catalog.lineage(start, up=False, down=True, depth=None, limit=1000)
            pages = list(catalog.impact(start, page=page, limit=1000))
            assert not any(one.truncated for one in pages)
            ran = [row[0] for one in pages for row in one.executions]
            assert sorted(ran) == sorted(row[0] for row in whole.executions)
            found = {thing for one in pages for thing in one.things}
            assert found <= set(whole.things)
            # A part may come in a page before that of its whole, and is not shown then.
            assert set(whole.things) - found <= {part for part, _ in whole.parts}
