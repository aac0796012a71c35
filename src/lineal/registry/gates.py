"""Gates: rules that a model version must pass, their grammar, and holding numbers against them.

    min auc 0.9                                    a metric is at least so high
    min f1(site=va) 0.7                            over one slice
    max |tpr(sex=f) - tpr(sex=m)| 0.1              two numbers are at most so far apart
    must beat champion on f1                       higher than the version with an alias,
    must beat production on f1                     or on a deployment target
    2 approvals                                    so many people have approved it

A number that was not measured, is not one, or was measured differently by several steps passes
no gate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lineal.errors import ParameterError
from lineal.records import GateResult, JudgedMetric

Metrics = Sequence[JudgedMetric]


@dataclass(frozen=True, slots=True)
class Term:
    """A metric over the whole, or over a slice."""

    key: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        inner = ", ".join(f"{k}={v}" for k, v in self.labels.items())
        return f"{self.key}({inner})" if inner else self.key

    def measured(self, metrics: Metrics) -> float:
        """The number that was measured.

        Raises:
            NotMeasured: there is none, it is not one, or several steps gave different ones.
        """
        found = {m.value for m in metrics if m.key == self.key and dict(m.labels) == self.labels}
        if not found:
            raise NotMeasured(f"{self} is missing")
        if any(math.isnan(value) for value in found):
            raise NotMeasured(f"{self} is not a number")
        if len(found) > 1:
            numbers = " and ".join(f"{value:.6g}" for value in sorted(found))
            raise NotMeasured(
                f"{self} was measured by several steps ({numbers}), and `metrics=` did not say"
                " which counts"
            )
        return found.pop()


class NotMeasured(Exception):
    """Why a number can't be held against a gate, as a clause."""


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
        f"The gate {rule!r} can't be understood; gates look like: min auc 0.9, max |tpr(sex=f) -"
        " tpr(sex=m)| 0.1, must beat champion on f1, 2 approvals."
    )


def judge(
    rules: Sequence[str],
    metrics: Metrics,
    *,
    rival: Callable[[str], Metrics | None],
    approvals: int,
) -> tuple[GateResult, ...]:
    """Hold a version's numbers against rules.

    Args:
        rules: As they were declared.
        metrics: What the version was judged by.
        rival: The metrics of the version that has an alias or is on a target; None where
            there is none, or where it is the version itself.
        approvals: How many people have approved.
    """
    return tuple(_result(rule, metrics, rival, approvals) for rule in rules)


def _result(
    rule: str, metrics: Metrics, rival: Callable[[str], Metrics | None], approvals: int
) -> GateResult:
    gate = parse(rule)
    if isinstance(gate, Approvals):
        text = f"{approvals} have approved, and {gate.count} must"
        passed, numbers = approvals >= gate.count, {"approvals": float(approvals)}
        return GateResult(rule=rule, passed=passed, text=text + ".", numbers=numbers)
    try:
        if isinstance(gate, Bound):
            passed, text, numbers = _bound(gate, metrics)
        else:
            passed, text, numbers = _beat(gate, metrics, rival(gate.rival))
    except NotMeasured as problem:
        passed, text, numbers = False, str(problem), {}
    return GateResult(rule=rule, passed=passed, text=text + ".", numbers=numbers)


def _bound(gate: Bound, metrics: Metrics) -> tuple[bool, str, dict[str, float]]:
    numbers = {str(term): term.measured(metrics) for term in gate.terms}
    values = [term.measured(metrics) for term in gate.terms]
    limit = gate.limit
    if len(values) == 1:
        value, what, slack = values[0], f"{gate.terms[0]} is", 0.0
    else:
        value = abs(values[0] - values[1])
        told = " and ".join(f"{term} ({number:.6g})" for term, number in numbers.items())
        what = f"{told} are apart by"
        # 0.4 and 0.3 are apart by 0.1 for people, and by 0.10000000000000003 for a computer.
        slack = 2 * math.ulp(max(map(abs, values)))
    passed = value >= limit - slack if gate.least else value <= limit + slack
    side = "at least" if gate.least else "at most"
    shown, at = _told_apart(value, limit) if not passed else (f"{value:.6g}", f"{limit:.6g}")
    return passed, f"{what} {shown}, and must be {side} {at}", numbers


def _beat(
    gate: Beat, metrics: Metrics, rival: Metrics | None
) -> tuple[bool, str, dict[str, float]]:
    own = gate.term.measured(metrics)
    if rival is None:
        return True, f"there is no other {gate.rival} to beat", {str(gate.term): own}
    try:
        other = gate.term.measured(rival)
    except NotMeasured as problem:
        raise NotMeasured(f"of the {gate.rival}, {problem}, so nothing shows it beaten") from None
    shown, of_rival = _told_apart(own, other)
    return (
        own > other,
        f"{gate.term} is {shown}, and must be higher than the {gate.rival}'s {of_rival}",
        {str(gate.term): own, gate.rival: other},
    )


def _told_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ."""
    for digits in (6, 9, 12, 17):
        shown = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if shown[0] != shown[1]:
            break
    else:
        shown = f"{one:.6g}", f"{other:.6g}"
    return shown


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
