"""Holding a version's numbers against gates; `lineal.pipeline.rules` is their grammar.

A number that was not measured, is not one, or was measured differently by several steps passes
no gate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lineal.pipeline.rules import Approvals, Beat, Bound, Term, parse
from lineal.records import GateResult, JudgedMetric

Metrics = Sequence[JudgedMetric]


class NotMeasured(Exception):
    """Why a number can't be held against a gate, as a clause."""


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
    numbers = {str(term): _measured(term, metrics) for term in gate.terms}
    values = [_measured(term, metrics) for term in gate.terms]
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
    own = _measured(gate.term, metrics)
    if rival is None:
        return True, f"there is no other {gate.rival} to beat", {str(gate.term): own}
    try:
        other = _measured(gate.term, rival)
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


def _measured(term: Term, metrics: Metrics) -> float:
    """The number that was measured.

    Raises:
        NotMeasured: there is none, it is not one, or several steps gave different ones.
    """
    found = {m.value for m in metrics if m.key == term.key and dict(m.labels) == term.labels}
    if not found:
        raise NotMeasured(f"{term} is missing")
    if any(math.isnan(value) for value in found):
        raise NotMeasured(f"{term} is not a number")
    if len(found) > 1:
        numbers = " and ".join(f"{value:.6g}" for value in sorted(found))
        raise NotMeasured(
            f"{term} was measured by several steps ({numbers}), and `metrics=` did not say"
            " which counts"
        )
    return found.pop()
