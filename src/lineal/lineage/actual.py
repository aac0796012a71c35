"""Which of several executions that made the same content was the one that was used.

Content says what a value is, not where a particular step got it. An input names the
execution that its value was had from; that is its maker.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping

from lineal.catalog import Flow


def actual_makers(flow: Flow) -> Mapping[str, set[int]]:
    """For data of more than one origin: the executions that it was really had from.

    Where nothing tells (a file that was read from outside), all that made it are given;
    where all who used it had it as a part of something else, none. What the way up from
    the roots says goes before what others in the graph say.
    """
    doubtful = _in_doubt(flow)
    if not doubtful:
        return {}
    claiming = _Claiming(flow)
    on_the_way = claiming.on_the_way()
    elsewhere = claiming.everywhere()
    chosen = {}
    for artifact in doubtful:
        claims = on_the_way.get(artifact)
        if claims is None:
            claims = elsewhere.get(artifact)
        chosen[artifact] = set(claiming.makers[artifact]) if claims is None else claims
    return chosen


def _in_doubt(flow: Flow) -> set[str]:
    """The data with more than one origin: executions that made it, wholes it is part of."""
    origins = Counter(row[2] for row in flow.generated)
    made = set(origins)
    origins.update(part for (part, _), _ in flow.parts)
    return {digest for digest in made if origins[digest] > 1 and digest not in flow.common}


class _Claiming:
    """What inputs say of where their values came from."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.makers: dict[str, set[int]] = defaultdict(set)
        for execution, _, artifact in flow.generated:
            self.makers[artifact].add(execution)
        self.wholes: dict[str, list[str]] = defaultdict(list)
        for (part, _), (whole, _) in flow.parts:
            self.wholes[part].append(whole)
        self.inputs: dict[int, list[tuple[str, int | None]]] = defaultdict(list)
        for execution, _, artifact, _, maker in flow.used:
            self.inputs[execution].append((artifact, maker))

    def on_the_way(self) -> dict[str, set[int]]:
        """The makers met going up from what was asked about, by way of none but makers."""
        claims: dict[str, set[int]] = {}
        pinned: dict[str, set[int]] = defaultdict(set)
        for digest, execution in self.flow.start.pins:
            pinned[digest].add(execution)
        waiting: deque[int] = deque(self.flow.start.executions)
        for digest in self.flow.start.artifacts:
            made_by = self.makers.get(digest, set())
            claims[digest] = (pinned[digest] & made_by) or set(made_by)
            waiting.extend(claims[digest])
        seen = set(waiting)
        while waiting:
            execution = waiting.popleft()
            for given, maker in self.inputs.get(execution, ()):
                for artifact, named in self._named(given, maker):
                    claims.setdefault(artifact, set()).update(named)
                    waiting.extend(named - seen)
                    seen |= named
        return claims

    def everywhere(self) -> dict[str, set[int]]:
        """The makers of what is in doubt, by everybody who names one."""
        claims: dict[str, set[int]] = {}
        for rows in self.inputs.values():
            for given, maker in rows:
                if maker is not None:
                    for artifact, named in self._named(given, maker):
                        claims.setdefault(artifact, set()).update(named)
        return claims

    def _named(self, given: str, maker: int | None) -> Iterator[tuple[str, set[int]]]:
        """The makers of an input, or of the wholes that it is a part of."""
        origins = [given, *self.wholes.get(given, ())]
        if maker is not None and given in self.flow.common:
            yield given, {maker}
            origins = origins[1:]
        if maker is not None and any(maker in self.makers.get(o, ()) for o in origins):
            for origin in origins:
                yield origin, {maker} & self.makers.get(origin, set())
        elif maker is None or given not in self.flow.common:
            for origin in origins:
                yield origin, set(self.makers.get(origin, ()))
