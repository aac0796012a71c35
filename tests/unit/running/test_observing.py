"""What the hook can't make out is told and never taken for unchanged."""

from __future__ import annotations

import sys

from lineal import pipeline, task
from lineal.running.observed import digests_now, inputs_of
from lineal.running.observing import Observation, observed_by, observing

ODD = "observed:something by sqlite3.connect"


@task
def odd() -> int:
    sys.audit("sqlite3.connect")  # says not to what
    return 1


@pipeline
def oddly() -> int:
    return odd()


def test_an_event_without_what_it_should_say_is_noted():
    with observing(), observed_by(seen := Observation()):
        sys.audit("sqlite3.connect")
    (given,) = inputs_of(seen, None)
    assert given.name == ODD
    assert digests_now([ODD], None)[ODD] != given.digest


def test_a_step_that_did_it_is_not_reused():
    first, second = (oddly.run().executions[0] for _ in range(2))
    assert [e.status.value for e in (first, second)] == ["executed", "executed"]
    assert ODD in {given.name for given in first.inputs}
