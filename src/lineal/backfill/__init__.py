"""Past runs as OpenLineage events, handed to a file or an endpoint, each run once."""

from .backfilling import Backfilled
from .journeys import Backfilling

__all__ = ["Backfilled", "Backfilling"]
