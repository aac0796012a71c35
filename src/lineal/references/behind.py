"""The run behind a reference: the one it names, or the one that made what it names."""

from __future__ import annotations

from lineal.catalog import Catalog
from lineal.errors import AmbiguousReference, ReferenceNotFound
from lineal.lineage.building import build
from lineal.records import Relation, RunRecord

from .grammar import locate, starting_point
from .mlflow import translated
from .names import is_name

_LIMIT = 64


def run_behind(catalog: Catalog, reference: str) -> RunRecord:
    """The run that a reference names, or that made what it names.

    Raises:
        ReferenceNotFound: nothing answers to it, or no run made it.
        AmbiguousReference: several runs made it.
    """
    if not is_name(translated(catalog, reference)):
        located = locate(catalog, reference)
        if located.run is not None:
            return located.run
    start = starting_point(catalog, reference)
    graph = build(catalog.lineage(start, up=True, down=False, depth=1, limit=_LIMIT))
    wanted = set(catalog.artifacts_of_start(start))
    makers = {
        edge.target
        for edge in graph.edges
        if edge.relation is Relation.GENERATED_BY
        and edge.actual
        and graph.nodes[edge.source].facts["digest"] in wanted
    }
    runs = {node.facts["run_id"] for node in graph.nodes.values() if node.id in makers}
    if not runs:
        raise ReferenceNotFound(f"No run made {reference!r}; name a run instead.")
    if len(runs) > 1:
        raise AmbiguousReference(
            f"{len(runs)} runs made {reference!r}: {', '.join(sorted(runs)[:8])}; name one."
        )
    return catalog.run(runs.pop())
