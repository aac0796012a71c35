"""Calls of tasks become steps, and looking at a handle runs what makes it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lineal import pipeline, task, unmapped
from lineal.digests.canonical import value_digest
from lineal.digests.digest import Digest
from lineal.errors import ParameterError, UserError
from lineal.pipeline.graph import Leaf, Literal, Reference, StepNode, resolve
from lineal.pipeline.handles import Handle
from lineal.pipeline.tracing import Trace, current_trace


class Plain:
    """Runs what is demanded, at once and in order."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Any] = {}
        self.ran: list[str] = []

    def digest(self, value: Any) -> Digest:
        return value_digest(value)

    def seed(self, step: str, argument: str) -> int:
        return 7

    def declared(self, step: StepNode) -> None:
        pass

    def demand(self, step: StepNode, output: str) -> Any:
        for node in step.ancestors():
            if node.name not in self.ran:
                self._run(node)
        return self.values[step.name, output]

    def identity(self, step: StepNode, output: str) -> Digest:
        return value_digest(self.values[step.name, output])

    def _run(self, node: StepNode) -> None:
        self.ran.append(node.name)
        arguments = {n: resolve(a, self._leaf) for n, a in node.arguments.items()}
        positional, keywords = node.task.unbind(arguments)
        returned = node.task.fn(*positional, **keywords)
        if isinstance(returned, dict) and len(node.task.outputs) > 1:
            returned = tuple(returned.values())
        values = returned if len(node.task.outputs) > 1 else (returned,)
        for name, value in zip(node.task.outputs, values, strict=True):
            self.values[node.name, name] = value

    def _leaf(self, leaf: Leaf) -> Any:
        return leaf.value if isinstance(leaf, Literal) else self.values[leaf.step.name, leaf.output]


@pytest.fixture
def trace() -> Iterator[Trace]:
    trace = Trace(Plain())
    token = current_trace.set(trace)
    yield trace
    current_trace.reset(token)


@task
def one(x: int = 1) -> int:
    return x


@task
def add(x: Any, y: Any = 10) -> Any:
    return x + y


@task
def total(xs: Any) -> Any:
    return sum(xs.values()) if isinstance(xs, dict) else sum(xs)


@task(outputs=("low", "high"))
def bounds(x: int) -> Any:
    return x - 1, x + 1


def names(trace: Trace) -> list[str]:
    return [step.name for step in trace.steps]


def test_a_call_adds_a_step_and_runs_nothing(trace: Trace) -> None:
    handle = add(one(), 2)
    assert type(handle) is Handle
    assert names(trace) == ["one", "add"]
    assert trace.engine.ran == []  # type: ignore[attr-defined]
    assert repr(handle) == "<add.result>"


def test_looking_runs_only_what_is_needed(trace: Trace) -> None:
    wanted = add(one(1))
    add(one(2))
    assert wanted == 11
    assert trace.engine.ran == ["one", "add"]  # type: ignore[attr-defined]


def test_repeated_calls_get_names_of_their_own(trace: Trace) -> None:
    for _ in range(3):
        one()
    assert names(trace) == ["one", "one-2", "one-3"]


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (lambda h: bool(h), True),
        (lambda h: h + 1, 6),
        (lambda h: 1 + h, 6),
        (lambda h: 10 - h, 5),
        (lambda h: 10 // h, 2),
        (lambda h: h + h, 10),
        (lambda h: -h, -5),
        (lambda h: h > 4, True),
        (lambda h: h < 4, False),
        (lambda h: h == 5, True),
        (lambda h: h != 5, False),
        (lambda h: float(h), 5.0),
        (lambda h: list(range(h)), [0, 1, 2, 3, 4]),
        (lambda h: round(h), 5),
        (lambda h: divmod(h, 2), (2, 1)),
        (lambda h: str(h), "5"),
        (lambda h: f"{h:03d}", "005"),
        (lambda h: h.bit_length(), 3),
        (lambda h: {5: "five"}[h], "five"),
        (lambda h: h.value, 5),
    ],
)
def test_a_handle_looked_at_is_its_value(
    trace: Trace, look: Callable[[Any], Any], expected: Any
) -> None:
    assert look(one(5)) == expected


def test_a_handle_of_a_collection_can_be_walked(trace: Trace) -> None:
    @task
    def words() -> list[str]:
        return ["a", "b"]

    handle = words()
    assert list(handle) == ["a", "b"]
    assert len(handle) == 2
    assert "b" in handle
    assert handle[1] == "b"
    assert list(reversed(handle)) == ["b", "a"]


def test_a_handle_is_refused_by_pickle(trace: Trace) -> None:
    with pytest.raises(UserError, match=r"can't be pickled"):
        pickle.dumps(one())


def test_several_outputs_are_unpacked_or_named(trace: Trace) -> None:
    low, high = bounds(5)
    assert (low, high) == (4, 6)
    both = bounds(8)
    assert both["high"] == 9  # type: ignore[call-overload]
    with pytest.raises(UserError, match=r"'middle'; there are low, high"):
        both["middle"]  # type: ignore[call-overload]


def test_a_mapping_of_outputs_is_a_dictionary_of_handles(trace: Trace) -> None:
    def both() -> Any:
        return {"a": 1, "b": 2}

    both.__annotations__["return"] = dict[str, int]
    handles = task(outputs=("a", "b"))(both)()
    assert set(handles) == {"a", "b"}
    assert handles["b"] == 2


def test_a_returned_tuple_of_two_is_two_outputs(trace: Trace) -> None:
    def pair() -> Any:
        return 1, "x"

    pair.__annotations__["return"] = tuple[int, str]
    number, text = task(pair)()
    assert type(number) is Handle
    assert (number, text) == (1, "x")


def test_handles_inside_containers_are_references(trace: Trace) -> None:
    nested = {"a": one(1), "b": one(2)}
    assert total(nested) == 3
    assert total([one(3), 4]) == 7
    step = trace.steps[2]
    assert [name for name, _ in step.leaves] == ["xs['a']", "xs['b']"]
    assert step.shapes() == ["xs=dict['a', 'b']"]
    assert [s.name for s in step.upstream] == ["one", "one-2"]


def test_deep_containers_come_back_as_they_were(trace: Trace) -> None:
    @task
    def same(x: Any) -> Any:
        return x

    assert same([({"k": [one(1), "t"]}, 2)]).value == [({"k": [1, "t"]}, 2)]


def test_a_value_looked_at_keeps_where_it_came_from(trace: Trace) -> None:
    @task
    def words() -> list[str]:
        return ["a" * 3, "b"]

    value = words().value
    total(value)
    leaf = trace.steps[-1].leaves[0][1]
    assert isinstance(leaf, Literal)
    assert leaf.source is not None
    assert leaf.source.step == "words"


def test_a_map_is_a_step_per_element(trace: Trace) -> None:
    handles = add.map([1, 2, 3], unmapped(100))
    assert names(trace) == ["add[0]", "add[1]", "add[2]"]
    assert [h.value for h in handles] == [101, 102, 103]


def test_a_map_over_a_handle_knows_the_source_of_each_element(trace: Trace) -> None:
    @task
    def numbers() -> list[int]:
        return [1, 2]

    assert [h.value for h in add.map(numbers(), y=unmapped(1))] == [2, 3]
    leaf = dict(trace.steps[-1].leaves)["x"]
    assert isinstance(leaf, Literal)
    assert leaf.source is not None
    assert leaf.source.step == "numbers"


def test_a_map_walks_several_sequences_side_by_side(trace: Trace) -> None:
    assert [h.value for h in add.map([1, 2], y=[10, 20])] == [11, 22]


@pytest.mark.parametrize("inside", [True, False])
def test_a_map_refuses_unequal_or_missing_sequences(inside: bool) -> None:
    token = current_trace.set(Trace(Plain()) if inside else None)
    try:
        with pytest.raises(ParameterError, match=r"sequences of lengths \[1, 2\]"):
            add.map([1], [1, 2])
        with pytest.raises(ParameterError, match="nothing to map over"):
            add.map(unmapped(1))
    finally:
        current_trace.reset(token)


def test_outside_a_pipeline_a_task_is_the_function_it_was() -> None:
    assert add(1, 2) == 3
    assert add.map([1, 2], unmapped(1)) == [2, 3]
    assert add.fn(1) == 11


def test_steps_of_a_pipeline_inside_another_carry_its_name(trace: Trace) -> None:
    @pipeline
    def inner(x: int) -> Any:
        return add(one(x))

    assert inner(2) == 12
    inner(3)
    assert names(trace) == ["inner/one", "inner/add", "inner-2/one", "inner-2/add"]


def test_text_given_for_a_path_is_a_path(trace: Trace, tmp_path: Path) -> None:
    @task
    def read(file: Path) -> str:
        return file.read_text()

    (tmp_path / "a.txt").write_text("hello")
    assert read(str(tmp_path / "a.txt")) == "hello"  # type: ignore[arg-type]


def test_what_cannot_be_identified_is_noted_with_its_reason(trace: Trace) -> None:
    total(x for x in [1])
    leaf = trace.steps[0].leaves[0][1]
    assert isinstance(leaf, Literal)
    assert leaf.digest is None
    assert leaf.problem is not None
    assert "argument xs" in leaf.problem


def test_a_call_that_does_not_fit_says_so(trace: Trace) -> None:
    with pytest.raises(ParameterError, match=r"add\(x.*can't be called like this"):
        add(1, 2, 3)  # type: ignore[call-arg]


def test_a_reference_names_step_and_output(trace: Trace) -> None:
    low, _ = bounds(one())
    total([low])
    leaf = trace.steps[-1].leaves[0][1]
    assert isinstance(leaf, Reference)
    assert (leaf.step.name, leaf.output) == ("bounds", "low")
    assert [s.name for s in trace.steps[-1].ancestors()] == ["one", "bounds", "total"]


def test_a_map_identifies_what_it_gives_to_every_call_once() -> None:
    counted: list[Any] = []

    class Counting(Plain):
        def digest(self, value: Any) -> Digest:
            counted.append(value)
            return super().digest(value)

    @task
    def pick(i: int, whole: list[int]) -> int:
        return whole[i]

    whole = [4, 5, 6]
    token = current_trace.set(trace := Trace(Counting()))
    try:
        pick.map([0, 1, 2], unmapped(whole))
        whole.append(7)
        pick(3, whole)
    finally:
        current_trace.reset(token)
    assert sum(value is whole for value in counted) == 2
    digests = [dict(step.leaves)["whole"].digest for step in trace.steps]
    assert digests == [value_digest([4, 5, 6])] * 3 + [value_digest([4, 5, 6, 7])]
