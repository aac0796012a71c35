"""From recorded runs to their events, and on to who takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lineal.catalog import Catalog
from lineal.errors import EndpointRefused
from lineal.lineage.export import module_of
from lineal.records import RunRecord, RunStatus

from .takers import Taker

Watch = Callable[[int, int], None]
"""Is told how many runs are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What a backfill did."""

    to: str
    runs: int
    """Runs that were sent, those that still go on included."""
    events: int
    """Events that were new there."""
    passed_over: int
    """Runs that were sent before."""


def events_of(catalog: Catalog, number: int) -> tuple[str, list[dict[str, Any]]]:
    """A run's UUID, and all its events: its own, and those of its executions.

    Raises:
        UserError: the package for OpenLineage is not installed.
    """
    openlineage = module_of("openlineage")
    run = catalog.run(number)
    given = {i.digest for e in run.executions for i in e.inputs}
    values = given | {o.digest for e in run.executions for o in e.outputs}
    jobs = list(
        openlineage.jobs_of_run(
            run,
            catalog.artifacts(list(values)),
            catalog.names.dataset_versions(list(values)),
            catalog.places_of([e.reused_from for e in run.executions if e.reused_from]),
        )
    )
    return jobs[0].id, openlineage.as_plain(openlineage.tell(jobs))


def backfill(
    catalog: Catalog,
    records: Sequence[RunRecord],
    taker: Taker,
    *,
    limit: int | None = None,
    again: bool = False,
    watch: Watch | None = None,
) -> Backfilled:
    """Hand over runs, each once.

    Args:
        catalog: Where they are recorded.
        records: The runs, in order.
        taker: Takes the events.
        limit: How many runs to hand over at the most; those passed over do not count.
        again: Whether to hand over what was before, too.
        watch: Is told of the progress.

    Raises:
        EndpointRefused: an event is not taken; the runs before it are, and are noted.
        StoreUnwritable: what was taken can't be written.
    """
    from lineal.lineage.export.openlineage.telling import run_uuid

    new = [r for r in records if again or not taker.has(run_uuid(r.id))]
    chosen = new[:limit]
    events = 0
    for place, record in enumerate(chosen):
        id_, told = events_of(catalog, record.number)
        # A run's own end comes last, whatever clocks said: a taker that has it has all.
        told.sort(key=lambda e: e["run"]["runId"] == id_ and e["eventType"] != "START")
        try:
            events += taker.take(id_, told, whole=record.status is not RunStatus.RUNNING)
        except EndpointRefused as problem:
            raise EndpointRefused(
                f"Run #{record.number} was not taken: {problem} {place} of {len(chosen)} runs were"
                " sent; the same command goes on where this stopped."
            ) from None
        if watch is not None:
            watch(place + 1, len(chosen))
    return Backfilled(
        to=taker.name, runs=len(chosen), events=events, passed_over=len(records) - len(new)
    )
