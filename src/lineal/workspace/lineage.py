"""Where a workspace says that things came from, and what came from them."""

from __future__ import annotations

from collections.abc import Iterator

from lineal.errors import UserError
from lineal.lineage import LineageGraph
from lineal.lineage.building import build
from lineal.lineage.ways import shortest
from lineal.records import Node
from lineal.references import starting_point
from lineal.running import Services

LINEAGE_LIMIT = 10_000
"""Artifacts in a lineage graph, unless told otherwise."""
IMPACT_LIMIT = 100_000
"""Artifacts that an impact goes to, unless told otherwise."""


class LineageQuestions:
    """Questions of origin and impact."""

    services: Services

    def lineage(
        self,
        reference: str,
        direction: str = "up",
        depth: int | None = None,
        limit: int = LINEAGE_LIMIT,
    ) -> LineageGraph:
        """What made a thing, or what was made of it, as a graph.

        Args:
            reference: Of any kind; see `lineal.references`.
            direction: ``up`` for what it came from, ``down`` for what came from it, ``both``, or
                ``none`` for the thing alone.
            depth: How many executions to pass; all by default.
            limit: How many artifacts to reach at the most; where there are more, the graph
                says it is truncated, and holds the nearest.

        Raises:
            ReferenceNotFound: nothing answers to the reference.
            AmbiguousReference: several things do.
        """
        up, down = _ways(direction)
        start = starting_point(self.services.catalog, reference)
        return build(
            self.services.catalog.lineage(start, up=up, down=down, depth=depth, limit=limit)
        )

    def impact(
        self, reference: str, *, page: int = 200, limit: int = IMPACT_LIMIT
    ) -> Iterator[LineageGraph]:
        """What was made of a thing, in pages: the first at once, however much there is.

        A run that only reused steps which used the thing comes in a last page of its own, as
        a node with the fact ``reused``.

        Args:
            reference: Of any kind; also a code file, and a package as ``numpy==2.4.0``.
            page: Artifacts in a page.
            limit: How many artifacts to reach at the most; the last page says if it is
                truncated.

        Raises:
            ReferenceNotFound: nothing answers to the reference.
            AmbiguousReference: several things do.
        """
        start = starting_point(self.services.catalog, reference)
        pages = self.services.catalog.impact(start, page=page, limit=limit)
        return map(build, pages)

    def path(self, effect: str, cause: str) -> list[Node]:
        """The shortest way from one thing to another that it came from.

        Where the first came not from the second, but the second from the first, it is the
        way from the second. It is empty where neither came from the other.
        """
        ends = self.lineage(effect, "none"), self.lineage(cause, "none")
        return shortest(self.lineage(effect, limit=IMPACT_LIMIT), ends[1]) or shortest(
            self.lineage(cause, limit=IMPACT_LIMIT), ends[0]
        )


_WAYS = {"up": (True, False), "down": (False, True), "both": (True, True), "none": (False, False)}


def _ways(direction: str) -> tuple[bool, bool]:
    """Whether to go up, and whether to go down."""
    if direction not in _WAYS:
        raise UserError(f"There is no direction {direction!r}; choose {', '.join(_WAYS)}.")
    return _WAYS[direction]
