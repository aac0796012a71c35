"""A step that changes what it was given is refused, by argument and change."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lineal import Workspace, pipeline, task
from lineal.cli.loading import load_pipeline
from lineal.errors import DeclarationError, MutatedInput

SEEN: list[int] = []
COUNT = 0


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


@task
def make(kind: str) -> Any:
    return {
        "frame": lambda: pd.DataFrame({"age": [3, 1, 2], "name": ["c", "a", "b"]}),
        "array": lambda: np.arange(6.0),
        "dict": lambda: {"rate": 1, "depth": 2},
        "list": lambda: [1, 2, 3],
        "model": lambda: LogisticRegression(C=2.0),
    }[kind]()


def sort(value: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas advises against it, and yet it is done
        value.sort_values("age", inplace=True)


def column(value: Any) -> None:
    value["age"] = 0


def new_column(value: Any) -> None:
    value["double"] = value["age"] * 2


def item(value: Any) -> None:
    value[1] = 9.0


def append(value: Any) -> None:
    value.append(4)


def entry(value: Any) -> None:
    value["rate"] = 5
    del value["depth"]


def fit(value: Any) -> None:
    value.fit([[0.0], [1.0]], [0, 1])


def parameter(value: Any) -> None:
    value.set_params(C=5.0)


CHANGES = {f.__name__: f for f in (sort, column, new_column, item, append, entry, fit, parameter)}
CASES = [
    ("frame", "sort", "column 'age' changed, column 'name' changed, index changed"),
    ("frame", "column", "column 'age' changed"),
    ("frame", "new_column", "column 'double' is new"),
    ("array", "item", "item 1 changed"),
    ("list", "item", "item 1 changed"),
    ("list", "append", "item 3 is new"),
    ("dict", "entry", "key 'rate' changed, key 'depth' is gone"),
    ("model", "parameter", "attribute C changed"),
    ("model", "fit", "attribute classes_ is new"),
]


@task(ignore=("how",))
def change(value: Any, how: str) -> int:
    CHANGES[how](value)
    return 1


@task(mutates=("value",))
def change_own(value: Any, how: str) -> Any:
    CHANGES[how](value)
    return value


@task
def look(value: Any, after: Any) -> Any:
    return value


@pipeline
def making(kind: str) -> Any:
    return make(kind)


@pipeline
def changing(kind: str, how: str) -> int:
    return change(make(kind), how)


@pipeline
def changing_own(kind: str, how: str) -> tuple[Any, Any]:
    made = make(kind)
    changed = change_own(made, how)
    return changed, look(made, changed)


@pipeline
def changing_a_literal(given: Any, how: str) -> int:
    return change(given, how)


@pytest.mark.parametrize(("kind", "how", "told"), CASES)
@pytest.mark.parametrize("again", [False, True], ids=["made here", "from the store"])
def test_a_change_is_named(
    workspace: Workspace, kind: str, how: str, told: str, again: bool
) -> None:
    if again:  # then `make` is reused, and its value comes from the store
        workspace.run(making, {"kind": kind})
    done = workspace.run(changing, {"kind": kind, "how": how})
    assert isinstance(done.exception, MutatedInput)
    assert "changed its argument 'value'" in str(done.exception)
    text = str(done.exception)
    if kind == "frame" and not again:
        told = told.replace(", index changed", "")
    if (kind, again) != ("array", False):  # an array that is not kept yet has no parts to tell
        assert told in text


@pytest.mark.parametrize(
    ("given", "how", "told"),
    [
        ([1, 2, 3], "append", "item 3 is new"),
        ({"rate": 1, "depth": 2}, "entry", "key 'depth' is gone"),
        (pd.DataFrame({"age": [2, 1], "name": ["b", "a"]}), "column", "column 'age' changed"),
    ],
)
def test_a_change_of_what_the_body_gave_is_named(
    workspace: Workspace, given: Any, how: str, told: str
) -> None:
    done = workspace.run(changing_a_literal, {"given": given, "how": how})
    assert told in str(done.exception)


@pytest.mark.parametrize(("kind", "how", "_told"), CASES)
def test_a_step_that_says_so_changes_a_copy(
    workspace: Workspace, kind: str, how: str, _told: str
) -> None:
    changed, kept = workspace.run(changing_own, {"kind": kind, "how": how}).result
    expected, fresh = make.fn(kind), make.fn(kind)
    CHANGES[how](expected)
    assert repr(kept) == repr(fresh)
    assert repr(changed) == repr(expected)


def test_copies_are_made_in_processes_too(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_copies.py").write_text(
        "from lineal import pipeline, task\n"
        "@task\ndef make(): return [1, 2]\n"
        "@task(mutates=('xs',))\ndef grow(xs): xs.append(3); return xs\n"
        "@task\ndef look(xs, after): return xs\n"
        "@pipeline\ndef growing():\n    xs = make()\n    more = grow(xs)\n"
        "    return more, look(xs, more)\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    growing = load_pipeline(str(tmp_path / "own_copies.py"))
    done = workspace.run(growing, {}, workspace.options(runner="processes", workers=1))
    assert done.exception is None
    assert done.result == ([1, 2, 3], [1, 2])


@task
def remember(n: int) -> int:
    SEEN.append(n)
    return len(SEEN)


@task
def count(n: int) -> int:
    global COUNT
    COUNT += n
    return COUNT


@pipeline
def with_globals(which: str) -> list[int]:
    return (remember if which == "remember" else count).map([1, 2])


@pytest.mark.parametrize(
    ("which", "told"), [("remember", "SEEN (list: item 0 is new)"), ("count", "COUNT (int")]
)
def test_a_global_that_a_step_changes_is_named(workspace: Workspace, which: str, told: str) -> None:
    SEEN.clear()
    done = workspace.run(with_globals, {"which": which}, workspace.options(workers=1))
    assert isinstance(done.exception, MutatedInput)
    assert "changed the global" in str(done.exception)
    assert told in str(done.exception)


def test_an_argument_that_is_not_taken_cannot_be_changed() -> None:
    with pytest.raises(DeclarationError, match="mutates other"):

        @task(mutates=("other",))
        def takes(value: int) -> int:
            return value

    with pytest.raises(DeclarationError, match="sequence of names"):
        task(mutates="value")(lambda value: value)
