"""Writes the results of all files as one page of tables and plots."""

from __future__ import annotations

from pathlib import Path

from harness.files import ORDER
from harness.plots import plot
from harness.results import Results, Row
from harness.show import BYTES, figure, of_time, scaled, times

HEAD = """# Side by side

What lineal costs beside the tools people would pick instead, on the same work, in turns. The page
is written by `make bench` from the samples in `results/`; no figure is typed in.

- A time is the **median** of its samples, ± the median absolute deviation. **×** is how many times
  as long as lineal (for bytes and counts: how many times as much), as the median of the turns:
  above 1 lineal is ahead, in **bold** where it is not.
- Every side of a row does the same work in turns (A B A B), on the same machine in the same
  minutes.
- The *limit* is no tool, but what the machine can do at best: a plain call, the hash alone, bare
  SQL.
- `*` marks a figure of which at least one sample was **disturbed**: other processes used more than
  a fifth of a core meanwhile.
- What each side really does, durable or not, stands below its table.
"""


EXPLANATIONS = Path(__file__).parents[1] / "explanations"


def write(folder: Path, explanations: Path = EXPLANATIONS) -> Path:
    """Write ``RESULTS.md`` from the results in a folder; the page's path.

    Args:
        folder: Holds ``NAME.json`` files; the page is written above it, or in it when the
            results are not those of the full size.
        explanations: Holds a ``NAME.md`` for each file that has something to explain.
    """
    found = sorted(map(Results.load, folder.glob("*.json")), key=_place)
    page = _page(folder, found)
    parts = [HEAD, machine(found)]
    for results in found:
        parts.append(section(results, explanations / f"{results.name}.md"))
        if _plot(page, results).exists():
            parts.append(f"![How many times as much as lineal](plots/{results.name}.svg)\n")
    written = page.with_suffix(".new")
    written.write_text("\n".join(parts))
    return written.replace(page)


def plotted(folder: Path) -> None:
    """Draw the plot of each file that has something to draw."""
    found = [Results.load(path) for path in folder.glob("*.json")]
    for results in found:
        plot(results, _plot(_page(folder, found), results))


def _place(results: Results) -> tuple[int, str]:
    known = results.name in ORDER
    return ORDER.index(results.name) if known else len(ORDER), results.name


def _page(folder: Path, found: list[Results]) -> Path:
    full = all(results.size == "full" for results in found)
    return (folder.parent if full else folder) / "RESULTS.md"


def _plot(page: Path, results: Results) -> Path:
    return page.parent / "plots" / f"{results.name}.svg"


def machine(found: list[Results]) -> str:
    """Where and with what everything was measured."""
    if not found:
        return "Nothing was measured.\n"
    told = found[0].metadata
    versions: dict[str, str] = {}
    for results in found:
        versions |= results.versions
    minutes = sum(results.seconds for results in found) / 60
    processor = f"{told.get('cpu_model_name', 'unknown processor')}, {told.get('cpu_count')} cores"
    memory = f"{scaled(float(told['memory']), BYTES)} of memory"
    lines = [
        "## The machine",
        f"{processor}, {memory}, {told.get('filesystem', 'unknown')} file system",
        f"{told.get('platform')}, Python {told.get('python_version')}",
        ", ".join(f"{name} {version}" for name, version in sorted(versions.items())),
        f"size *{found[0].size}*, {minutes:.0f} minutes in all, begun {told.get('date', '')[:16]}",
    ]
    return "\n".join([lines[0], "", *(f"- {line}" for line in lines[1:]), ""])


def section(results: Results, explanation: Path) -> str:
    """One file: its table, what the sides do, and what is to be explained."""
    title, _, about = results.about.partition("\n")
    lines = [f"## {results.name}: {title}", "", about.strip(), "", *table(results), ""]
    lines += [f"- **{side}**: {does}" for side, does in what_they_do(results).items()]
    lines += [f"- {side} was left out: {need} is missing" for side, need in results.missing.items()]
    lines += [f"- failed: {failure}" for failure in results.failures]
    disturbed = sum(side.disturbed for row in results.rows for side in row.sides)
    samples = sum(side.samples for row in results.rows for side in row.sides)
    taken = f"in {results.seconds:,.0f} seconds" if results.seconds else "cut before its last row"
    lines += ["", f"{samples} samples, {disturbed} of them disturbed; {taken}.", ""]
    if explanation.exists():
        lines += [explanation.read_text().strip(), ""]
    return "\n".join(lines)


def table(results: Results) -> list[str]:
    """A line for each row, and a column for each side."""
    names = list(dict.fromkeys(side.side for row in results.rows for side in row.sides))
    limits = [name for name in names if any(row.limit == name for row in results.rows)]
    names = [name for name in names if name not in limits] + limits
    heads = [f"*{name}*" if name in limits else name for name in names]
    lines = [line(["work", *heads]), line(["---"] * (len(names) + 1))]
    lines += [line([work(row), *(cell(row, name) for name in names)]) for row in results.rows]
    return lines


def work(row: Row) -> str:
    each = row.timed and row.unit not in {"byte", "call"}
    return f"{row.name}, per {row.unit}" if each else row.name


def cell(row: Row, name: str) -> str:
    """A figure, how it compares, and where asked its processor time and memory."""
    side = row.side(name)
    if side is None:
        return ""
    text = figure(row, side)
    ratio = row.ratio(name)
    if ratio is not None:
        compared = times(ratio)
        behind = ratio < 1 and name != row.limit
        text += f", **{compared}**" if behind else f", {compared}"
    if row.memory and side.processor is not None and row.unit != "byte":
        text += f"<br>processor {of_time(side.processor, row.unit)}"
    if row.memory and side.peak is not None:
        text += f"<br>memory {scaled(side.peak, BYTES)}"
    return text


def line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def what_they_do(results: Results) -> dict[str, str]:
    """What each side said of itself; where it said several things, all of them."""
    told: dict[str, dict[str, None]] = {}
    for row in results.rows:
        for side in row.sides:
            if side.does:
                told.setdefault(side.side, {})[side.does] = None
    return {side: "; ".join(does) for side, does in told.items()}
