"""Which of several executions that made the same content was the one that was used.

Content says what a value is, not where a particular step got it. A step's input names the
step of its own run that it came from; that step, or the execution it reused, is the maker.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from lineal.catalog import Flow
from lineal.records.step import RUN_SHIFT


def actual_makers(flow: Flow) -> Mapping[str, set[int]]:
    """For artifacts that several executions made: those that were really used.

    Where nothing tells (a file that was read from outside), all of them are given. What
    the way up from the roots says goes before what others in the graph say.
    """
    makers: dict[str, list[int]] = defaultdict(list)
    for row in flow.generated:
        makers[row.artifact].append(row.execution_id)
    doubtful = {artifact for artifact, made_by in makers.items() if len(made_by) > 1}
    if not doubtful:
        return {}
    inputs: dict[int, list[Any]] = defaultdict(list)
    for row in flow.used:
        inputs[row.execution_id].append(row)
    claims = _claims_on_the_way(flow, makers, inputs)
    others: dict[str, set[int]] = defaultdict(set)
    for rows in inputs.values():
        for row in rows:
            if row.artifact in doubtful:
                others[row.artifact].update(_named(flow, row, makers))
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
    for row in flow.derivations:
        wholes[row.artifact].append(row.source)
    waiting: deque[int] = deque(flow.start.executions)
    for digest in flow.start.artifacts:
        made_by = set(makers.get(digest, ()))
        chosen = (pinned[digest] & made_by) or made_by
        claims[digest].update(chosen)
        waiting.extend(chosen)
    seen = set(waiting)
    while waiting:
        for row in inputs.get(waiting.popleft(), ()):
            # A part came from the step that made the whole.
            for artifact in (row.artifact, *wholes.get(row.artifact, ())):
                named = _named(flow, row, makers, artifact) or set(makers.get(artifact, ()))
                claims[artifact].update(named)
                waiting.extend(named - seen)
                seen |= named
    return claims


def _named(
    flow: Flow, row: Any, makers: Mapping[str, list[int]], artifact: str | None = None
) -> set[int]:
    """The maker that an input names, if it made the artifact."""
    if row.source_step is None:
        return set()
    found = flow.makers.get((row.execution_id >> RUN_SHIFT, row.source_step))
    made = found is not None and found in makers.get(artifact or row.artifact, ())
    return {found} if found is not None and made else set()
