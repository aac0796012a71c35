"""What a workspace can be asked about several things at once; one short method a journey."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineal.lineage.diff import Difference
from lineal.lineage.diff import compare as compare_sides
from lineal.records import RunRecord
from lineal.running import Services

from .card import CardFacts, card_of
from .frames import runs_frame
from .gathering import side_of
from .loading import LIMIT, Loader
from .made import reference_of, run_named
from .runs import Comparison, compare_runs

if TYPE_CHECKING:
    import pandas as pd


class Comparing:
    """Searching, comparing and describing; a workspace has all of it."""

    services: Services

    def list_runs(
        self,
        where: str | None = None,
        order_by: Sequence[str] | str | None = None,
        limit: int | None = None,
        experiment: str | None = None,
    ) -> list[RunRecord]:
        """Runs as records without their executions, newest first.

        Args:
            where: MLflow's filter grammar: ``metrics.auc > 0.9 and params.depth = '3'``.
            order_by: Such as ``"metrics.auc DESC"``, or several of these.
            limit: At most so many.
            experiment: Only of this experiment.

        Raises:
            FilterError: the filter or order can't be understood.
        """
        orders = (order_by,) if isinstance(order_by, str) else order_by
        return self.services.catalog.runs(where, orders, limit, experiment)

    def runs(
        self,
        where: str | None = None,
        order_by: Sequence[str] | str | None = None,
        limit: int | None = None,
        experiment: str | None = None,
    ) -> pd.DataFrame:
        """Runs as a frame, one a row, newest first; asked for as with `list_runs`.

        The columns are ``run_id``, ``number``, ``name``, ``experiment``, ``status``,
        ``start_time``, ``end_time``, and those of the runs' own: ``params.depth`` (text),
        ``metrics.auc`` and ``metrics.auc[site=a]`` (floats), ``tags.team`` (text).

        Raises:
            FilterError: the filter or order can't be understood.
        """
        return runs_frame(self.list_runs(where, order_by, limit, experiment))

    def diff(self, before: Any, after: Any, key: Sequence[str] | str | None = None) -> Difference:
        """What changed between two things: code, data, parameters, packages, metrics, shape.

        Args:
            before: A reference to a run, a version or an artifact, or its record.
            after: The other.
            key: The columns that tell rows apart; whole rows are compared without. With a
                key, tables of any size are loaded.

        Raises:
            ReferenceNotFound: nothing answers to a reference.
            AmbiguousReference: several things do.
            UserError: rows can't be compared: a column is missing, or two have one name.
        """
        columns = (key,) if isinstance(key, str) else tuple(key or ())
        one, other = (side_of(self.services, reference_of(thing)) for thing in (before, after))
        loader = Loader(self.services.values, None if columns else LIMIT)
        return compare_sides(one, other, loader, columns)

    def compare(
        self,
        runs: Iterable[Any],
        metrics: Sequence[str] | None = None,
        *,
        lower: Sequence[str] = (),
        plot: str | os.PathLike[str] | None = None,
    ) -> Comparison:
        """Runs side by side.

        Args:
            runs: References to them, or their records.
            metrics: Only these; all by default.
            lower: Metrics of which less is better, where their names don't say so.
            plot: Write an HTML page with plots here; it needs ``lineal[plots]``.

        Raises:
            ReferenceNotFound: there is no such run.
            UserError: no run has a metric that was asked for, or plots can't be drawn.
        """
        records = [run_named(self.services.catalog, reference_of(run)) for run in runs]
        comparison = compare_runs(records, metrics, lower)
        if plot is not None:
            from .plots import page
            from .series import curves

            text = page(comparison, curves(self.services.metrics, records, comparison))
            Path(plot).write_text(text, "utf-8")
        return comparison

    def card(self, reference: Any) -> str:
        """The card of a model version, as Markdown, from the recorded facts alone.

        Args:
            reference: A version (``fraud@v3``, ``fraud@production``), or its record.

        Raises:
            ReferenceNotFound: nothing answers to the reference.
            UserError: it names no model version.
        """
        from .rendering import render

        return render(self.card_facts(reference))

    def card_facts(self, reference: Any) -> CardFacts:
        """What the card of a model version says, as records; see `card`."""
        return card_of(self.services, reference_of(reference))
