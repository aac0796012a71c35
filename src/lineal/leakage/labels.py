"""Which columns of a table no model is given: told by the record, else by their names."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.catalog import Catalog
from lineal.records import RunRecord

from .roles import LABEL_COLUMNS

_NAMES = ("label", "labels", "target", "targets", "outcome", "label_column", "target_column")
"""Arguments that name a column of labels, beside those that end in ``_column``."""


class LabelColumns:
    """Tells features from labels in the tables of one run.

    Args:
        catalog: Where the run is recorded.
        record: The run.
        asked: Columns that whoever asks says are labels; nothing else is looked at then.
    """

    def __init__(self, catalog: Catalog, record: RunRecord, asked: Sequence[str] = ()) -> None:
        self._asked = set(asked)
        digests = {o.digest for e in record.executions for o in e.outputs}
        self._features = [
            set(artifact.profile["feature_names"])
            for artifact in catalog.artifacts(sorted(digests)).values()
            if artifact.kind == "model" and "feature_names" in artifact.profile
        ]
        self._named = {
            given.value
            for execution in record.executions
            for given in execution.inputs
            if given.value is not None and given.name in _NAMES
        }

    def of(self, columns: Sequence[str]) -> set[str]:
        """The columns that are no features; empty where nothing tells."""
        there = set(columns)
        if self._asked:
            return self._asked & there
        given = [features for features in self._features if features <= there]
        if given:
            return there - set.union(*given)
        return (self._named & there) or {c for c in columns if c.lower() in LABEL_COLUMNS}
