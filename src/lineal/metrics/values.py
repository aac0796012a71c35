"""Decide what may enter a series: numbers, keys, labels, steps and times.

Whatever passes here can be written, so one bad point never holds up the others that wait
with it. Nothing heavy is imported: NumPy values are known by their ``dtype``.
"""

from __future__ import annotations

import json
import numbers
from collections.abc import Mapping
from typing import Any

from lineal.errors import ParameterError

WHOLE = "{}"
"""The labels of a series that is no slice, as text."""

_LOW, _HIGH = -(2**63), 2**63 - 1


def number(key: object, value: Any) -> float:
    """A point's value as a float.

    Bools, integers, floats, NumPy scalars and arrays without dimensions are numbers; NaN
    and the infinities too.

    Raises:
        ParameterError: it is something else, or an integer too large for a float.
    """
    if not _is_number(value):
        raise ParameterError(
            f"The metric {key!r} was given {_brief(value)}, a {type(value).__name__}; a metric is"
            " a number: convert it with float(…), or log text with log_param or set_tag."
        )
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError) as error:
        raise ParameterError(
            f"The metric {key!r} was given {_brief(value)}, a {type(value).__name__} that can't"
            f" be kept as a 64-bit float ({error}); scale it, or log it as text."
        ) from None


def _is_number(value: Any) -> bool:
    if isinstance(value, (str, bytes)):
        return False
    if isinstance(value, numbers.Real):
        return True
    if getattr(value, "shape", None) != ():
        return False
    return getattr(getattr(value, "dtype", None), "kind", "f") in "biuf"


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def valid_key(key: Any) -> str:
    """The key, when it can name a series.

    Raises:
        ParameterError: it is not text, is empty, or can't be written as UTF-8.
    """
    if not isinstance(key, str):
        raise ParameterError(
            f"A metric was named {_brief(key)}, a {type(key).__name__}; its name must be text."
        )
    if not key:
        raise ParameterError("A metric has an empty name; give it one, such as 'loss'.")
    # `str(key)` of an enumeration's member is not its text.
    return _writable(str.__str__(key), f"The metric name {key!r}")


def valid_execution(execution_id: Any) -> int:
    """The execution's id, when it is one.

    Raises:
        ParameterError: it is not an integer from 0 to 2**63 - 1.
    """
    value = integer(execution_id, "execution id")
    if value < 0:
        raise ParameterError(f"{value} is not an execution id; ids count up from 0.")
    return value


def integer(value: Any, what: str, key: object = None) -> int:
    """A step or a time as a 64-bit integer.

    Raises:
        ParameterError: it is no integer, or too large.
    """
    of = f" of the metric {key!r}" if key is not None else ""
    try:
        whole = value.__index__()
    except (AttributeError, TypeError):
        raise ParameterError(
            f"The {what}{of} is {_brief(value)}, a {type(value).__name__}; it must be an integer."
        ) from None
    if not _LOW <= whole <= _HIGH:
        raise ParameterError(f"The {what}{of} is {whole}, which does not fit into 64 bits.")
    return int(whole)


def labels_text(labels: Any) -> str:
    """Labels as canonical JSON: sorted, without blanks, so equal labels are equal texts.

    Raises:
        ParameterError: they are no mapping of text to text.
    """
    if not labels:
        return WHOLE
    if not isinstance(labels, Mapping) or not all(
        isinstance(part, str) for pair in labels.items() for part in pair
    ):
        raise ParameterError(
            f"The labels {_brief(labels)} are not a mapping of text to text; write them like"
            ' {"site": "hungarian"}.'
        )
    text = json.dumps(dict(labels), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return _writable(text, f"The labels {_brief(labels)}")


def _writable(text: str, what: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ParameterError(
            f"{what} holds a character that UTF-8 can't write (a lone surrogate); remove it."
        ) from None
    return text
