"""Figures as people read them."""

from __future__ import annotations

from harness.results import Measured, Row

TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


def figure(row: Row, side: Measured) -> str:
    """A median with its spread, or the figure that was recorded."""
    if side.failure:
        return "failed"
    if side.times is None:
        return of_value(side, row.unit)
    text = of_time(side.median or 0.0, row.unit)
    if side.spread is not None:
        text += f" ±{side.spread:.0%}"
    return text + "*" * bool(side.disturbed)


def of_time(seconds: float, unit: str) -> str:
    if unit == "byte":
        return f"{three(1e-9 / seconds)} GB/s"
    return scaled(seconds, TIMES)


def of_value(side: Measured, unit: str) -> str:
    if isinstance(side.value, bool):
        return "yes" if side.value else "no"
    if isinstance(side.value, str):
        return side.value
    if unit == "byte":
        return scaled(side.median or 0.0, BYTES)
    text = f"{side.value:,}" if isinstance(side.value, int) else three(side.median or 0.0)
    return f"{text} {unit}".strip()


def scaled(value: float, units: tuple[tuple[float, str], ...]) -> str:
    factor, name = next((unit for unit in units if value >= unit[0]), units[-1])
    return f"{three(value / factor)} {name}"


def three(value: float) -> str:
    """Three digits that matter, and no power of ten."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value else "0"


def times(ratio: float) -> str:
    return f"{three(ratio)}×"


def shown(row: Row) -> str:
    """A row as lines of text."""
    each = f" for each {row.unit}" if row.timed and row.unit not in {"byte", "call"} else ""
    lines = [f"{row.name}{each}"]
    for side in row.sides:
        ratio = row.ratio(side.side)
        compared = times(ratio) if ratio is not None else ""
        lines.append(f"  {side.side:32} {figure(row, side):>18} {compared:>9}")
    return "\n".join(lines)
