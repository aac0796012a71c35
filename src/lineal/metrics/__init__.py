"""Keep series of points: live journals, sorted Parquet segments, and reads over both."""

from .journal import Journal
from .store import Compacted, MetricStore, Recovered

__all__ = ["Compacted", "Journal", "MetricStore", "Recovered"]
