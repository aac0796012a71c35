"""The language of gates, as tables of what passes, what fails and what is no gate."""

from __future__ import annotations

import pytest

from lineal.errors import ParameterError
from lineal.records import JudgedMetric
from lineal.registry.gates import judge, parse


def metric(key: str, value: float, **labels: str) -> JudgedMetric:
    return JudgedMetric(key=key, value=value, labels=labels, execution_id=1)


METRICS = (
    metric("auc", 0.91),
    metric("f1", 0.8),
    metric("f1", 0.6, site="va"),
    metric("tpr", 0.75, sex="f"),
    metric("tpr", 0.9, sex="m"),
    metric("loss", float("nan")),
    metric("tpr", 0.5, sex="f", age="old"),
    metric("far", 0.4, sex="f"),
    metric("far", 0.3, sex="m"),
    metric("twice", 0.3),
    metric("twice", 0.8),
    metric("same", 0.8),
    metric("same", 0.8),
    metric("near", 0.8999999999),
    metric("endless", float("inf"), sex="f"),
    metric("endless", float("inf"), sex="m"),
)
RIVALS = {
    "champion": (metric("f1", 0.8), metric("auc", float("nan"))),
    "production": (metric("f1", 0.7),),
}


def result(rule: str, approvals: int = 0):
    (found,) = judge([rule], METRICS, rival=RIVALS.get, approvals=approvals)
    return found


@pytest.mark.parametrize(
    ("rule", "passed"),
    [
        ("min auc 0.9", True),
        ("min auc .91", True),
        ("min auc 0.92", False),
        ("max auc 0.91", True),
        ("max auc 9e-1", False),
        ("min f1(site=va) 0.6", True),
        ("min f1(site=va) 0.61", False),
        ("min f1(site=cleveland) 0", False),
        ("min recall 0", False),
        ("max loss 100", False),
        ("max |tpr(sex=f) - tpr(sex=m)| 0.2", True),
        ("max |tpr(sex=f) − tpr(sex=m)| 0.1", False),
        ("min |tpr(sex=m) - tpr(sex=f)| 0.1", True),
        ("max |tpr(sex=f) - tpr(sex=x)| 1", False),
        ("min tpr(sex=f, age=old) 0.5", True),
        ("must beat champion on f1", False),
        ("must beat production on f1", True),
        ("must beat nobody on f1", True),
        ("must beat production on recall", False),
        ("must beat production on auc", False),
        ("must beat champion on auc", False),
        ("max |far(sex=f) - far(sex=m)| 0.1", True),
        ("min |far(sex=f) - far(sex=m)| 0.1", True),
        ("max |far(sex=f) - far(sex=m)| 0.0999999", False),
        ("max |endless(sex=f) - endless(sex=m)| 1", False),
        ("min twice 0.1", False),
        ("min same 0.8", True),
        ("min near 0.9", False),
        ("2 approvals", False),
    ],
)
def test_a_gate_passes_or_fails(rule: str, passed: bool) -> None:
    assert result(rule).passed is passed


def test_approvals_are_counted() -> None:
    assert result("1 approval", approvals=1).passed
    assert not result("3 approvals", approvals=2).passed


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("min auc 0.92", "auc is 0.91, and must be at least 0.92."),
        ("min recall 0.5", "recall is missing."),
        ("max loss 1", "loss is not a number."),
        (
            "max |tpr(sex=f) - tpr(sex=m)| 0.1",
            "tpr(sex=f) (0.75) and tpr(sex=m) (0.9) are apart by 0.15, and must be at most 0.1.",
        ),
        ("must beat champion on f1", "f1 is 0.8, and must be higher than the champion's 0.8."),
        ("2 approvals", "0 have approved, and 2 must."),
        ("min near 0.9", "near is 0.8999999999, and must be at least 0.9."),
        (
            "min twice 0.1",
            (
                "twice was measured by several steps (0.3 and 0.8), and `metrics=` did not say"
                " which counts."
            ),
        ),
        (
            "must beat production on auc",
            "of the production, auc is missing, so nothing shows it beaten.",
        ),
    ],
)
def test_a_failed_gate_tells_the_numbers(rule: str, text: str) -> None:
    assert not result(rule).passed
    assert result(rule).text == text


@pytest.mark.parametrize(
    "rule",
    ["", "auc 0.9", "min auc", "min auc high", "max |a - b 0.1", "must beat champion",
     "0 approvals", "approvals", "min f1(site) 0.5", "min auc 0.9; drop"],
)  # fmt: skip
def test_what_is_no_gate_is_refused_with_examples(rule: str) -> None:
    with pytest.raises(ParameterError, match=r"min auc 0\.9|has no value"):
        parse(rule)
