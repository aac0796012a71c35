"""Which of several executions that made the same content was the one that was used.

Content says what a value is, not where a particular step got it. A step's input names the
step of its own run that it came from; that step, or the execution it reused, is the maker.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from typing import Any

from lineal.catalog import Flow
from lineal.records.step import RUN_SHIFT


def actual_makers(flow: Flow) -> Mapping[str, set[int]]:
    """For artifacts that several executions made: those that were really used.

    Where nothing tells (a file that was read from outside), all of them are given. What
    the way up from the roots says goes before what others in the graph say.
    """
    if len({artifact for _, _, artifact in flow.generated}) == len(flow.generated):
        return {}
    makers: dict[str, list[int]] = defaultdict(list)
    for execution, _, artifact in flow.generated:
        makers[artifact].append(execution)
    doubtful = {artifact for artifact, made_by in makers.items() if len(made_by) > 1}
    inputs: dict[int, list[Any]] = defaultdict(list)
    for execution, _, artifact, _, step in flow.used:
        inputs[execution].append((execution, artifact, step))
    claims = _claims_on_the_way(flow, makers, inputs)
    others: dict[str, set[int]] = defaultdict(set)
    for rows in inputs.values():
        for execution, artifact, step in rows:
            if artifact in doubtful:
                others[artifact].update(_named(flow, execution, step, makers[artifact]))
    return {
        artifact: claims.get(artifact) or others.get(artifact) or set(makers[artifact])
        for artifact in doubtful
    }


def _claims_on_the_way(
    flow: Flow, makers: Mapping[str, list[int]], inputs: Mapping[int, list[Any]]
) -> dict[str, set[int]]:
    """The makers met going up from what was asked about, by way of none but makers."""
    claims: dict[str, set[int]] = defaultdict(set)
    pinned: dict[str, set[int]] = defaultdict(set)
    for digest, execution in flow.start.pins:
        pinned[digest].add(execution)
    wholes: dict[str, list[str]] = defaultdict(list)
    for part, whole in flow.derivations:
        wholes[part].append(whole)
    waiting: deque[int] = deque(flow.start.executions)
    for digest in flow.start.artifacts:
        made_by = set(makers.get(digest, ()))
        chosen = (pinned[digest] & made_by) or made_by
        claims[digest].update(chosen)
        waiting.extend(chosen)
    seen = set(waiting)
    while waiting:
        for execution, given, step in inputs.get(waiting.popleft(), ()):
            # A part came from the step that made the whole.
            for artifact in (given, *wholes.get(given, ())):
                made_by = set(makers.get(artifact, ()))
                named = _named(flow, execution, step, made_by) or made_by
                claims[artifact].update(named)
                waiting.extend(named - seen)
                seen |= named
    return claims


def _named(flow: Flow, execution: int, step: str | None, made_by: Collection[int]) -> set[int]:
    """The maker that an input of an execution names, if it is among those there are."""
    if step is None:
        return set()
    found = flow.makers.get((execution >> RUN_SHIFT, step))
    return {found} if found is not None and found in made_by else set()
