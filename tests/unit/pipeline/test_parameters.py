"""What a pipeline may be given in Python, told by its annotations."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

import numpy as np
import pandas as pd
import pytest

from lineal import pipeline
from lineal.errors import ParameterError
from lineal.pipeline.parameters import fits

if TYPE_CHECKING:
    from somewhere import Unknown


class Colour(enum.Enum):
    RED = "red"


FITS: list[tuple[Any, Any]] = [
    (1, int), (np.int64(1), int), (1, float), (1.5, float), (np.float32(1), float), (1, complex),
    (True, bool), (np.bool_(True), bool), ("a", str), (np.str_("a"), str),
    ("data.csv", Path), (Path("data.csv"), Path), (None, Union[int, None]), (None, int | None),  # noqa: UP007
    (3, int | None), ("a", int | str), ("up", Literal["up", "down"]), (1, Literal[1, "x"]),
    (Colour.RED, Colour), (1, Annotated[int, "a note"]), ([1], list[str]), ("x", list[int]),
    (..., Any), (pd.DataFrame(), pd.DataFrame | None), ("x", pd.DataFrame | int),
]  # fmt: skip
DOES_NOT: list[tuple[Any, Any]] = [
    ("1", int), (1.0, int), (True, int), (None, int), (np.bool_(True), int), ([1], int),
    ("1.5", float), (True, float), (1j, float), (1, bool), ("yes", bool), (1, str),
    (Path("a"), str), (b"a", str), (1, Path), ("1", int | None), (1.5, int | None),
    ("left", Literal["up", "down"]), (True, Literal[1]), (1, Literal[True]),
    (np.array([1, 2]), Literal[1, 2]), ("red", Colour), ("1", Annotated[int, "a note"]),
    (pd.DataFrame({"a": [1]}), int | str), (np.array([1]), float),
]  # fmt: skip


@pytest.mark.parametrize(("value", "hint"), FITS, ids=str)
def test_what_fits(value: Any, hint: Any) -> None:
    assert fits(value, hint)


@pytest.mark.parametrize(("value", "hint"), DOES_NOT, ids=str)
def test_what_does_not(value: Any, hint: Any) -> None:
    assert not fits(value, hint)


@pipeline
def study(
    n: int,
    rate: float = 1,
    name: str = None,  # noqa: RUF013 - many write so
    *more: int,
    which: Literal["a", "b"] = "a",
    **rest: str,
) -> None:
    """Its defaults need not be what its annotations say."""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n": "5"}, "'n' of 'study' can't be '5', which is str: it is declared as int."),
        ({"n": 5, "rate": "x"}, "'rate' of 'study' can't be 'x', which is str: .* float"),
        ({"n": 1, "which": "c"}, r"'which' of 'study' can't be 'c', .* as Literal\['a', 'b'\]"),
        ({"n": list(range(1000))}, r"can't be \[0, 1, 2, 3, 4, 5, \.\.\.\], which is list"),
    ],
)
def test_a_refusal_names_the_parameter_what_it_was_given_and_what_it_is(
    arguments: dict[str, Any], says: str
) -> None:
    for way in (study, study.run, study.plan):
        with pytest.raises(ParameterError, match=says):
            way(**arguments)


def test_a_default_is_taken_as_it_is_also_when_it_is_given() -> None:
    whole = study.bind(5)
    assert whole["name"] is None
    assert study.bind(5, name=None, rest=3) == {**whole, "rest": {"rest": 3}}


@pipeline
def elsewhere(n: int, thing: Unknown) -> None:
    """Nobody knows here what its annotations name."""


def test_annotations_that_can_not_be_looked_up_exclude_nothing() -> None:
    assert elsewhere.bind("5", 1) == {"n": "5", "thing": 1}
