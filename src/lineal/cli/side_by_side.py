"""Runs side by side for people."""

from __future__ import annotations

from rich.text import Text

from lineal.comparing import ComparedMetric, Comparison

from .render import ago, duration, heading, out, state, table


def show_comparison(comparison: Comparison) -> None:
    """Print what runs are, were given and gave; what differs comes first, the best is marked."""
    numbers = [f"run {run.number}" for run in comparison.runs]
    made = table("", *numbers)
    made.add_row("name", *(Text(run.name) for run in comparison.runs))
    made.add_row("status", *(state(run.status) for run in comparison.runs))
    made.add_row("started", *(ago(run.started_at) for run in comparison.runs))
    made.add_row(
        "took", *("" if r.seconds is None else duration(r.seconds) for r in comparison.runs)
    )
    out.print(made)
    if comparison.params:
        heading("Parameters")
        made = table("", "parameter", *numbers)
        for row in comparison.params:
            style = "" if row.differs else "dim"
            cells = [Text("-" if v is None else v, style) for v in row.values]
            made.add_row("≠" if row.differs else "", Text(row.name, style), *cells)
        out.print(made)
    _metrics("Metrics", comparison.metrics, numbers)
    _metrics("Slices", comparison.slices, numbers)


def _metrics(title: str, rows: tuple[ComparedMetric, ...], numbers: list[str]) -> None:
    if not rows:
        return
    heading(title)
    made = table("metric", *numbers)
    for row in rows:
        cells = [
            Text("-")
            if value is None
            else Text(f"{value:.6g} ★", "bold green")
            if place in row.best
            else Text(f"{value:.6g}")
            for place, value in enumerate(row.values)
        ]
        made.add_row(Text(row.name + (" ↓" if row.lower_is_better else "")), *cells)
    out.print(made)
    if any(row.best for row in rows):
        out.print("★ is the best; ↓ marks metrics of which less is better.")
