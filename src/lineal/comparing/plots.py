"""One HTML page with plots of runs side by side; it needs no network and no server.

Names come from users: whatever plotly shows as markup is escaped, and so is the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from lineal.errors import UserError

from .runs import ComparedMetric, Comparison
from .series import Curve

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}}
h1{{font-size:1.3rem}}</style></head>
<body>
<h1>{title}</h1>
{figures}
</body>
</html>
"""
_SHOWN = 60
"""Letters of a name that are shown."""


def page(comparison: Comparison, curves: Sequence[Curve]) -> str:
    """The page: parallel coordinates, curves by step, bars of slices.

    Raises:
        UserError: plotly is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise UserError(
            "Plots are drawn by plotly, which is not installed; `pip install 'lineal[plots]'`"
            " brings it."
        ) from None
    parts: list[str] = []
    for data, layout in _figures(comparison, curves):
        figure = go.Figure(data=data, layout=layout)
        # The library is written into the page once, before the first figure.
        parts.append(
            figure.to_html(
                full_html=False,
                include_plotlyjs=not parts,
                config={"displaylogo": False, "responsive": True},
            )
        )
    numbers = ", ".join(f"#{run.number}" for run in comparison.runs)
    title = escape(f"Runs {numbers}")
    return _PAGE.format(title=title, figures="\n".join(parts) or "<p>No metrics.</p>")


_Figure = tuple[list[dict[str, Any]], dict[str, Any]]


def _figures(comparison: Comparison, curves: Sequence[Curve]) -> Iterator[_Figure]:
    dimensions = list(_dimensions(comparison))
    if len(dimensions) > 1 and len(comparison.runs) > 1:
        lines = {"color": [run.number for run in comparison.runs], "colorscale": "Viridis"}
        trace = {"type": "parcoords", "dimensions": dimensions, "line": lines}
        yield [trace], {"title": {"text": "Parameters and metrics"}, "margin": {"t": 110}}
    for metric in sorted({curve.metric for curve in curves}):
        traces = [
            {"type": "scatter", "mode": "lines", "name": f"run {curve.run}",
             "x": list(curve.steps), "y": _finite(curve.values)}
            for curve in curves if curve.metric == metric
        ]  # fmt: skip
        axes = {"xaxis": {"title": {"text": "step"}}}
        yield traces, {"title": {"text": _name(metric)}, "showlegend": True, **axes}
    for name in sorted({row.name.partition("[")[0] for row in comparison.slices}):
        yield _slices(name, comparison)


def _dimensions(comparison: Comparison) -> Iterator[dict[str, Any]]:
    runs = [str(run.number) for run in comparison.runs]
    yield _categories("run", runs)
    for row in comparison.params:
        if row.differs:
            numbers = [_number(value) for value in row.values]
            if None in numbers:
                yield _categories(row.name, ["-" if v is None else v for v in row.values])
            else:
                yield {"label": _name(row.name), "values": numbers}
    for metric in comparison.metrics:
        values = _finite(metric.values)
        if None not in values:  # a line can't pass an axis where it has no value
            yield {"label": _name(metric.name), "values": values}


def _categories(name: str, values: Sequence[str]) -> dict[str, Any]:
    known = sorted(set(values))
    return {
        "label": _name(name),
        "values": [known.index(value) for value in values],
        "tickvals": list(range(len(known))),
        "ticktext": [_name(value) for value in known],
    }


def _slices(name: str, comparison: Comparison) -> _Figure:
    rows: list[ComparedMetric] = [
        row for row in comparison.slices if row.name.partition("[")[0] == name
    ]
    labels = [_name(row.name.partition("[")[2].removesuffix("]")) for row in rows]
    traces = [
        {"type": "bar", "name": f"run {run.number}", "x": labels,
         "y": _finite([row.values[place] for row in rows])}
        for place, run in enumerate(comparison.runs)
    ]  # fmt: skip
    layout = {"title": {"text": f"{_name(name)} by slice"}, "barmode": "group"}
    return traces, {**layout, "xaxis": {"type": "category"}, "showlegend": True}


def _name(text: str) -> str:
    """A name as plotly shows it letter by letter."""
    return escape(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _finite(values: Sequence[float | None]) -> list[float | None]:
    return [v if v is not None and math.isfinite(v) else None for v in values]
