"""One plot for each file: how many times as much as lineal each side takes, or how costs grow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.results import Results, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPREAD = 0.75
"""The share of a row's height that its bars fill."""


def plot(results: Results, path: Path) -> bool:
    """Draw how costs grow or else the ratios of rows; False when there are neither."""
    if grown(results):
        return _growth(results, path)
    rows = [row for row in results.rows if _ratios(row)]
    if not rows:
        return False
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
    _save(figure, path)
    return True


def grown(results: Results) -> dict[str, list[tuple[int, float]]]:
    """The sizes and medians of each work that was done at several sizes, by its name."""
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in results.rows:
        if row.at is None:
            continue
        work = row.name.removesuffix(f", {row.at:,}")
        for side in row.sides:
            if side.median:
                name = work if len(row.sides) == 1 else f"{work}, {side.side}"
                lines.setdefault(name, []).append((row.at, side.median))
    return lines


def _growth(results: Results, path: Path) -> bool:
    from matplotlib.figure import Figure

    lines = grown(results)
    figure = Figure(figsize=(8, 6))
    axes = figure.subplots()
    for name, points in lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
    axes.set(xscale="log", yscale="log", xlabel="how many there are", ylabel="seconds")
    sizes = sorted({size for points in lines.values() for size, _ in points})
    least = min(seconds for points in lines.values() for _, seconds in points)
    ends = sizes[0], sizes[-1]
    axes.plot(ends, [least, least * ends[1] / ends[0]], "k:", label="slope 1")
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    _save(figure, path)
    return True


def _save(figure: Figure, path: Path) -> None:
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


def _ratios(row: Row) -> dict[str, float]:
    """The ratios of a row, but for its limit's."""
    found = {side.side: row.ratio(side.side) for side in row.sides if side.side != row.limit}
    return {name: ratio for name, ratio in found.items() if ratio}
