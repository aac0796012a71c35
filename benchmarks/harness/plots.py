"""One plot for each file: how many times as much as lineal each side takes."""

from __future__ import annotations

from pathlib import Path

from harness.results import Results, Row

SPREAD = 0.75
"""The share of a row's height that its bars fill."""


def plot(results: Results, path: Path) -> bool:
    """Draw the ratios of all rows that have any; False when there are none."""
    rows = [row for row in results.rows if _ratios(row)]
    if not rows:
        return False
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for row in rows for name in _ratios(row)))
    figure = Figure(figsize=(8, 1 + 0.2 * sum(len(_ratios(row)) + 1 for row in rows)))
    axes = figure.subplots()
    for index, row in enumerate(rows):
        ratios = _ratios(row)
        height = SPREAD / len(ratios)
        for number, (name, ratio) in enumerate(ratios.items()):
            at = index - SPREAD / 2 + height * (number + 0.5)
            color = f"C{names.index(name) % 10}"
            axes.barh(at, ratio - 1, height * 0.9, left=1, color=color)
    for number, name in enumerate(names):
        axes.barh(0, 0, color=f"C{number % 10}", label=name)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("times as much as lineal (right of 1: lineal is ahead)")
    axes.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": results.name}):
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    return True


def _ratios(row: Row) -> dict[str, float]:
    """The ratios of a row, but for its limit's."""
    found = {side.side: row.ratio(side.side) for side in row.sides if side.side != row.limit}
    return {name: ratio for name, ratio in found.items() if ratio}
