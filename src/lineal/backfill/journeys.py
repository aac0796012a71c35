"""What a workspace tells others about its runs; one short method a journey."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Any

from lineal.config import Settings
from lineal.errors import UserError
from lineal.lineage import LineageGraph
from lineal.lineage.export import module_of
from lineal.records import NodeKind
from lineal.running import Services

from .backfilling import Backfilled, Watch, backfill, events_of
from .takers import taker_at

FOLDER = "openlineage"
"""Of notes in the store: which endpoint has taken which runs."""


class Backfilling:
    """Telling OpenLineage of runs; a workspace has all of it."""

    services: Services
    settings: Settings

    def openlineage(self, graph: LineageGraph) -> list[dict[str, Any]]:
        """OpenLineage events of all runs of which something is in a graph, whole and by time.

        Raises:
            UserError: the package for OpenLineage is not installed.
        """
        numbers = sorted(node.facts["number"] for node in graph.of_kind(NodeKind.RUN))
        told = [e for n in numbers for e in events_of(self.services.catalog, n)[1]]
        return sorted(told, key=lambda event: datetime.fromisoformat(event["eventTime"]))

    def backfill(
        self,
        place: str,
        *,
        where: str | None = None,
        since: str | None = None,
        limit: int | None = None,
        again: bool = False,
        watch: Watch | None = None,
    ) -> Backfilled:
        """Send past runs as OpenLineage events, oldest first, each run once.

        A run that still goes on is told as far as it went, and again when it has ended.

        Args:
            place: The URL of an OpenLineage endpoint, or a file of JSON lines.
            where: Only these; the filter of `Workspace.runs`.
            since: Only runs that began at this time in ISO 8601 or later; local time where it
                has no offset.
            limit: At most so many runs.
            again: Also those that were sent to this endpoint before.
            watch: Is told after every run how many are done, and of how many.

        Raises:
            FilterError: the filter can't be understood.
            UserError: there can be nothing at the place, `since` is no time, or the package
                for OpenLineage is not installed.
            EndpointRefused: an event was not taken; runs before it were.
        """
        module_of("openlineage")
        catalog, key = self.services.catalog, self.settings.openlineage_api_key
        records = catalog.runs(_both(where, since), ["attributes.number ASC"])
        notes = self.services.root / FOLDER
        with closing(
            taker_at(place, notes, None if key is None else key.get_secret_value())
        ) as taker:
            return backfill(catalog, records, taker, limit=limit, again=again, watch=watch)


def _both(where: str | None, since: str | None) -> str | None:
    if since is None:
        return where
    try:
        moment = datetime.fromisoformat(since).astimezone()
    except ValueError:
        raise UserError(
            f"{since!r} is no time; write it as 2026-01-31 or 2026-01-31T08:30+01:00."
        ) from None
    began = f"attributes.start_time >= '{moment.isoformat()}'"
    return began if not where or not where.strip() else f"({where}) and {began}"
