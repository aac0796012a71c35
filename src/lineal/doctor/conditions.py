"""What a step is run under: as it was recorded, or with one thing otherwise or held fixed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from lineal.records import Environment
from lineal.replay.job import Job
from lineal.replay.layout import HASH_SEED, THREADS

_ANOTHER_DAY = datetime(2031, 5, 17, 3, 33, tzinfo=UTC).timestamp()
_HASH_SEEDS = ("12345", "54321")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way to run steps."""

    name: str
    """In a word or two, for tables."""
    told: str
    """In words, for a list."""
    variables: Mapping[str, str] = field(default_factory=dict)
    workers: int | None = None
    clock: float | None = None
    entropy: bool = False
    in_turn: bool = False

    def of(self, job: Job) -> Job:
        """A job under this condition."""
        return replace(
            job,
            workers=self.workers or job.workers,
            clock=self.clock,
            entropy=self.entropy,
            in_turn=self.in_turn,
        )


EQUAL = Condition(name="everything equal", told="as recorded")
CLOCK = Condition(
    name="the clock",
    told="on another day, at another hour (the clock that the project's code looks at)",
    clock=_ANOTHER_DAY,
)
ENTROPY = Condition(
    name="randomness",
    told="with what the system gives as random held fixed",
    entropy=True,
)


def other_hash_seed(environment: Environment | None) -> Condition:
    """Another PYTHONHASHSEED than the steps are run with otherwise."""
    recorded = environment.variables.get("PYTHONHASHSEED", "") if environment else ""
    usual = recorded if recorded.isdigit() else HASH_SEED
    other = next(seed for seed in _HASH_SEEDS if seed != usual)
    return Condition(
        name="the hash seed",
        told=f"with PYTHONHASHSEED={other} instead of {usual}",
        variables={"PYTHONHASHSEED": other},
    )


def other_threads(environment: Environment | None) -> Condition:
    """One thread; or several, where the steps are run with one otherwise."""
    variables = environment.variables if environment is not None else {}
    set_ = [variables[name] for name in THREADS if name in variables]
    if set_ and all(count == "1" for count in set_):
        many = max(2, os.cpu_count() or 2)
        return Condition(
            name="threads",
            told=f"with {many} threads instead of 1",
            variables=dict.fromkeys(THREADS, str(many)),
        )
    return Condition(
        name="threads",
        told="with one thread, and one step at a time",
        variables=dict.fromkeys(THREADS, "1"),
        workers=1,
        in_turn=True,
    )


def all_fixed(threads: Condition) -> Condition:
    """The clock, randomness and the order of threads held fixed together."""
    return replace(
        threads,
        name="all of these",
        told="with clock, randomness and the order of threads held fixed",
        clock=_ANOTHER_DAY,
        entropy=True,
        in_turn=True,
    )
