"""Names that a pipeline gives: what is a version of a dataset, what is a model to register.

They are only declared here; the registry gives them once the run is durable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineal.errors import ParameterError

from .rules import parse

_FORBIDDEN = re.compile(r"[@:/\x00-\x1f\x7f]|^\s|\s$")

_VERSION = re.compile(r"[vV]?[0-9]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
LONGEST = 500
"""Signs in a name: what databases can look up, and people can read."""


@dataclass(frozen=True, slots=True)
class DatasetName:
    """What ``dataset("transactions")`` gives: the name, for an output of a task."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """A value that is to have a name."""

    kind: str
    """dataset or model"""
    name: str
    value: Any
    """A handle, or a value; None where `place` says which it is."""
    place: int = 0
    """Where the value is among what the step logged, when it was said inside one."""
    metrics: Any = None
    """Of a model: a handle, or the `Metrics` it is judged by."""
    gates: tuple[str, ...] = ()
    alias: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def check_name(name: str, kind: str) -> str:
    """A name that references can be made of.

    Raises:
        ParameterError: it is empty, or holds a sign that references use.
    """
    check_text(name, f"the name of {_a(kind)}")
    if len(name) > LONGEST:
        raise ParameterError(
            f"{name[:40]!r}… can't be the name of {_a(kind)}: it has {len(name)} signs, and a name"
            f" has at most {LONGEST}."
        )
    if not name or _FORBIDDEN.search(name):
        raise ParameterError(
            f"{name!r} can't be the name of {_a(kind)}: it must not be empty, begin or end with a"
            " blank, or hold @, :, / or control characters, which references use."
        )
    return name


def check_text(text: str, what: str) -> str:
    """A text that can be kept exactly as it is.

    Raises:
        ParameterError: it holds NUL, or bytes that are no text.
    """
    if "\x00" in text or _SURROGATE.search(text):
        shown = f"{text[:40]!r}{'…' if len(text) > 40 else ''}"
        raise ParameterError(
            f"{shown} can't be {what}: it holds NUL, or bytes that are no text in UTF-8."
        )
    return text


def check_tag(key: str, value: str) -> None:
    """A tag that can be kept.

    Raises:
        ParameterError: its key is empty or too long, or one of the two is no text.
    """
    check_text(key, "the key of a tag")
    check_text(value, "the value of a tag")
    if not key or len(key) > LONGEST:
        raise ParameterError(
            f"A tag's key has between 1 and {LONGEST} signs; {key[:40]!r} has {len(key)}."
        )


def tags_of(tags: Mapping[Any, Any]) -> dict[str, str]:
    """Tags as texts.

    Raises:
        ParameterError: one can't be kept.
    """
    found = {str(key): str(value) for key, value in tags.items()}
    for key, value in found.items():
        check_tag(key, value)
    return found


def check_alias(alias: str) -> str:
    """An alias that can't be taken for a version.

    Raises:
        ParameterError: it can't be one.
    """
    return _check_no_version(check_name(alias, "alias"), "alias")


def check_target(target: str) -> str:
    """A deployment target that can't be taken for a version.

    Raises:
        ParameterError: it can't be one.
    """
    return _check_no_version(check_name(target, "target"), "target")


def _check_no_version(name: str, kind: str) -> str:
    if _VERSION.fullmatch(name):
        raise ParameterError(
            f"{name!r} can't be the name of {_a(kind)}, because MODEL@{name} means a version."
        )
    return name


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "alias" else f"a {kind}"


def outputs_of(outputs: Any) -> tuple[Any, dict[str, str]]:
    """The names of declared outputs, and the datasets that some of them are versions of.

    Args:
        outputs: What ``@task(outputs=…)`` was given; a mapping names datasets:
            ``{"train": dataset("train"), "test": None}``.

    Raises:
        ParameterError: an output is mapped to something else than ``dataset("NAME")``.
    """
    if not isinstance(outputs, Mapping):
        return outputs, {}
    for output, name in outputs.items():
        if name is not None and not isinstance(name, DatasetName):
            raise ParameterError(
                f"The output {output!r} is mapped to {name!r}; map it to dataset('NAME'), or to"
                " None when it needs no name."
            )
    named = {output: name.name for output, name in outputs.items() if name is not None}
    return tuple(outputs), named


def rules_of(gates: str | Sequence[str]) -> tuple[str, ...]:
    """Gates as a tuple, one alone included.

    Raises:
        ParameterError: one can't be understood.
    """
    rules = (gates,) if isinstance(gates, str) else tuple(gates)
    for rule in rules:
        parse(rule)
    return rules
