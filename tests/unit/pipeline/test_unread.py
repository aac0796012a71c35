"""A parameter that no instruction reads is found, and no other."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from lineal import task
from lineal.pipeline.unread import unread_parameters


def reads_all(a: int, b: int, *, c: int = 1) -> int:
    return a + b + c


def reads_none(a: int, b: int, *, c: int = 1) -> int:
    """Mentions a, b and c."""
    return 1


def binds_anew(a: int) -> int:
    a = 2  # noqa: F841 - that is the point
    return 1


def reads_in_a_closure(a: int, b: int) -> Any:
    def inner() -> Any:
        return [a for _ in range(3)]

    return inner


def reads_in_a_comprehension(a: int, xs: list[int]) -> list[int]:
    return [x + a for x in xs]


def looks_at_all(a: int) -> Any:
    return locals()


def rest(_unused: int, *args: int, **kwargs: int) -> int:
    return 1


def augments(a: int) -> int:
    a += 1
    return 1


@functools.wraps(reads_none)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    return reads_none(*args, **kwargs)


@pytest.mark.parametrize(
    ("fn", "unread"),
    [
        (reads_all, ()),
        (reads_none, ("a", "b", "c")),
        (binds_anew, ("a",)),
        (reads_in_a_closure, ("b",)),
        (reads_in_a_comprehension, ()),
        (looks_at_all, ()),
        (rest, ()),
        (augments, ()),
        (wrapped, ("a", "b", "c")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_unread_parameters(fn: Any, unread: tuple[str, ...]) -> None:
    assert unread_parameters(fn) == unread


def test_a_task_tells_it_in_one_line_and_leaves_out_what_it_ignores() -> None:
    told = task(reads_none).warning
    assert told is not None
    assert told.startswith("reads_none never reads its parameters a, b, c:")
    assert task(ignore=("a", "b", "c"))(reads_none).warning is None
    assert task(reads_all).warning is None
