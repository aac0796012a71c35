"""Comparing what has a name and a plain value: parameters, packages, metrics."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TypeVar

from lineal.records import Environment

from .results import EnvironmentChange, MetricChange, PackageChange, Status, ValueChange

T = TypeVar("T")


def value_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ValueChange, ...]:
    """What differs between two mappings of text, by name."""
    return tuple(
        ValueChange(name=name, status=Status.of(old, new), before=old, after=new)
        for name, old, new in _differing(before, after)
    )


def metric_changes(
    before: Mapping[str, float], after: Mapping[str, float]
) -> tuple[MetricChange, ...]:
    """What moved, by name with slice; two that are not a number are the same."""
    return tuple(
        _metric(name, old, new)
        for name, old, new in _differing(before, after)
        if not (old is not None and new is not None and math.isnan(old) and math.isnan(new))
    )


def environment_change(
    before: Environment | None, after: Environment | None, reached: Collection[str] = ()
) -> EnvironmentChange:
    """What differs between two environments; nothing where one is not known.

    Args:
        before: Where the first was made.
        after: Where the second was.
        reached: Names of the distributions that the code of either uses.
    """
    if before is None or after is None:
        return EnvironmentChange()
    packages = tuple(
        PackageChange(
            name=name,
            status=Status.of(old, new),
            before=old,
            after=new,
            reached=name in reached,
        )
        for name, old, new in _differing(before.distributions, after.distributions)
    )
    facts = value_changes(_facts(before), _facts(after))
    # What the code uses matters most.
    ordered = tuple(sorted(packages, key=lambda p: (not p.reached, p.name)))
    return EnvironmentChange(packages=ordered, facts=facts)


def _differing(
    before: Mapping[str, T], after: Mapping[str, T]
) -> list[tuple[str, T | None, T | None]]:
    return [
        (name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _metric(name: str, old: float | None, new: float | None) -> MetricChange:
    moved = new - old if old is not None and new is not None else None
    absolute = moved if moved is not None and math.isfinite(moved) else None
    relative = absolute / abs(old) if absolute is not None and old else None
    return MetricChange(
        name=name,
        status=Status.of(old, new),
        before=old,
        after=new,
        absolute=absolute,
        relative=relative,
    )


def _facts(environment: Environment) -> dict[str, str]:
    return {
        "python": environment.python,
        "platform": environment.platform,
        "cpu": f"{environment.cpu} x {environment.cpu_count}",
        **{f"variables.{k}": v for k, v in environment.variables.items()},
    }
