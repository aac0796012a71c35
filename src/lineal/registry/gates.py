"""Gates: rules that a model version must pass, their grammar, and holding numbers against them.

    min auc 0.9                                    a metric is at least so high
    min f1(site=va) 0.7                            over one slice
    max |tpr(sex=f) - tpr(sex=m)| 0.1              two numbers are at most so far apart
    must beat champion on f1                       higher than the version with an alias,
    must beat production on f1                     or on a deployment target
    2 approvals                                    so many people have approved it

A number that was not measured, or is not one, passes no gate.
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

    def value(self, metrics: Metrics) -> float | None:
        """The number that was measured last; None where there is none."""
        found = [m.value for m in metrics if m.key == self.key and dict(m.labels) == self.labels]
        return found[-1] if found else None


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
    elif isinstance(gate, Bound):
        passed, text, numbers = _bound(gate, metrics)
    else:
        passed, text, numbers = _beat(gate, metrics, rival(gate.rival))
    return GateResult(rule=rule, passed=passed, text=text + ".", numbers=numbers)


def _bound(gate: Bound, metrics: Metrics) -> tuple[bool, str, dict[str, float]]:
    values = [term.value(metrics) for term in gate.terms]
    for term, value in zip(gate.terms, values, strict=True):
        if value is None or math.isnan(value):
            return False, f"{term} {'is not a number' if value is not None else 'is missing'}", {}
    known = [value for value in values if value is not None]
    numbers = {str(term): value for term, value in zip(gate.terms, known, strict=True)}
    measured = known[0] if len(known) == 1 else abs(known[0] - known[1])
    what = (
        str(gate.terms[0])
        if len(known) == 1
        else " and ".join(f"{term} ({value:.6g})" for term, value in numbers.items())
    )
    passed = measured >= gate.limit if gate.least else measured <= gate.limit
    verb = "is" if len(known) == 1 else "are apart by"
    side = "at least" if gate.least else "at most"
    return passed, f"{what} {verb} {measured:.6g}, and must be {side} {gate.limit:.6g}", numbers


def _beat(
    gate: Beat, metrics: Metrics, rival: Metrics | None
) -> tuple[bool, str, dict[str, float]]:
    own = gate.term.value(metrics)
    if own is None or math.isnan(own):
        return False, f"{gate.term} {'is missing' if own is None else 'is not a number'}", {}
    if rival is None:
        return True, f"there is no other {gate.rival} to beat", {str(gate.term): own}
    other = gate.term.value(rival)
    if other is None or math.isnan(other):
        return True, f"{gate.term} of the {gate.rival} was not measured", {str(gate.term): own}
    numbers = {str(gate.term): own, gate.rival: other}
    return (
        own > other,
        f"{gate.term} is {own:.6g}, and must be higher than the {gate.rival}'s {other:.6g}",
        numbers,
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
