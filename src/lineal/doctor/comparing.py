"""Comparing plays: which steps moved, and of which that can't be said yet.

Two executions of a step are compared only where they were given the same. A step below one
that moved is given something else, and has to be run again from its recorded inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .plays import Play


@dataclass(slots=True, kw_only=True)
class Finding:
    """What some plays say of one step."""

    moved: dict[str, Play] = field(default_factory=dict)
    """By name of the condition: a play in which it came out otherwise than in the first."""
    unsettled: dict[str, list[str]] = field(default_factory=dict)
    """By name of the condition: arguments that it was given differently, so that nothing is
    said."""
    lost: dict[str, str] = field(default_factory=dict)
    """By name of the condition: why it did not succeed under it."""
    why: str = ""
    """Why nothing can be said of it at all."""


def compare(step: str, plays: Sequence[Play]) -> Finding:
    """What plays of the same steps say of one, the first being the one to compare with."""
    first, *others = plays
    if not first.ran(step):
        return Finding(why=failure(first, step))
    if first.executions[step].outputs and not first.outputs(step):
        return Finding(why="Its output has no identity of its own, so nothing can be proved of it.")
    found = Finding()
    for play in others:
        name = play.condition.name
        if not play.ran(step):
            found.lost[name] = failure(play, step)
        elif play.given(step) != first.given(step):
            apart = play.given(step).items() ^ first.given(step).items()
            found.unsettled.setdefault(name, []).extend(sorted(dict(apart)))
        elif play.outputs(step) != first.outputs(step):
            found.moved.setdefault(name, play)
    return found


def alike(step: str, plays: Sequence[Play]) -> list[Play]:
    """Those plays in which a step succeeded and was given the same as in the last one."""
    last = plays[-1]
    if not last.ran(step):
        return []
    return [p for p in plays if p.ran(step) and p.given(step) == last.given(step)]


def steady(step: str, plays: Sequence[Play]) -> bool:
    """Whether a step came out the same each time that it was given the same."""
    chosen = alike(step, plays)
    return len(chosen) > 1 and all(p.outputs(step) == chosen[0].outputs(step) for p in chosen[1:])


def failure(play: Play, step: str) -> str:
    """Why a step did not succeed in a play."""
    execution = play.executions.get(step)
    if execution is None:
        return _last(play.done.error or "") or "The pipeline did not come to declare it."
    return _last(execution.error or "") or execution.reason.text


def _last(error: str) -> str:
    lines = [line.strip() for line in error.strip().splitlines() if line.strip()]
    return lines[-1] if lines else ""
