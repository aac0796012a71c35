"""The grammar of gates: rules that a model version must pass, as a small tree.

    min auc 0.9                                    a metric is at least so high
    min f1(site=va) 0.7                            over one slice
    max |tpr(sex=f) - tpr(sex=m)| 0.1              two numbers are at most so far apart
    must beat champion on f1                       higher than the version with an alias,
    must beat production on f1                     or on a deployment target
    2 approvals                                    so many people have approved it

It knows no numbers; `lineal.registry.gates` holds them against the tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lineal.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Term:
    """A metric over the whole, or over a slice."""

    key: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        inner = ", ".join(f"{k}={v}" for k, v in self.labels.items())
        return f"{self.key}({inner})" if inner else self.key


@dataclass(frozen=True, slots=True)
class Bound:
    """A number, or how far apart two are, must not pass a limit."""

    least: bool
    terms: tuple[Term, ...]
    limit: float


@dataclass(frozen=True, slots=True)
class Beat:
    """A number must be higher than a rival's."""

    rival: str
    term: Term


@dataclass(frozen=True, slots=True)
class Approvals:
    """So many people must have approved."""

    count: int


Gate = Bound | Beat | Approvals

_TERM = r"[^\s()|]+(?:\([^()]*\))?"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BOUND = re.compile(rf"(min|max)\s+({_TERM})\s+({_NUMBER})")
_GAP = re.compile(rf"(min|max)\s+\|\s*({_TERM})\s+[-−]\s+({_TERM})\s*\|\s+({_NUMBER})")
_BEAT = re.compile(rf"must\s+beat\s+(\S+)\s+on\s+({_TERM})")
_APPROVALS = re.compile(r"(\d+)\s+approvals?")


def parse(rule: str) -> Gate:
    """Understand a rule.

    Raises:
        ParameterError: it is none; shows what rules look like.
    """
    text = rule.strip()
    if found := _GAP.fullmatch(text):
        return Bound(found[1] == "min", (_term(found[2]), _term(found[3])), float(found[4]))
    if found := _BOUND.fullmatch(text):
        return Bound(found[1] == "min", (_term(found[2]),), float(found[3]))
    if found := _BEAT.fullmatch(text):
        return Beat(found[1], _term(found[2]))
    if (found := _APPROVALS.fullmatch(text)) and int(found[1]) > 0:
        return Approvals(int(found[1]))
    raise ParameterError(
        f"The gate {rule[:80]!r} can't be understood; gates look like: min auc 0.9, max"
        " |tpr(sex=f) - tpr(sex=m)| 0.1, must beat champion on f1, 2 approvals."
    )


def _term(text: str) -> Term:
    key, _, inner = text.partition("(")
    labels = {}
    for pair in filter(None, (part.strip() for part in inner.removesuffix(")").split(","))):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ParameterError(
                f"The slice {pair!r} in a gate has no value; write {key}({name}=…)."
            )
        labels[name.strip()] = value.strip()
    return Term(key, labels)
