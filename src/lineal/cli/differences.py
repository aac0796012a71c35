"""A difference for people: what changed, most telling first."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from lineal.lineage.diff import ColumnChange, DataChange, Difference, RowChanges, Status

from .render import heading, out, table

_SIGNS = {Status.ADDED: "+", Status.REMOVED: "-", Status.CHANGED: "~"}
_SHOWN_PACKAGES = 20
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def show_difference(found: Difference) -> None:
    """Print a difference; what did not change is left out."""
    if found.same:
        out.print(Text(f"{found.before} and {found.after} do not differ."))
    _params(found)
    _metrics(found)
    _data(found.data)
    _shape(found)
    _environment(found)
    _code(found)
    for note in found.notes:
        out.print(Text(note, "yellow"))


def _params(found: Difference) -> None:
    if not found.params:
        return
    heading("Parameters")
    made = table("", "parameter", "before", "after")
    for change in found.params:
        made.add_row(
            _SIGNS[change.status], Text(change.name), _text(change.before), _text(change.after)
        )
    out.print(made)


def _metrics(found: Difference) -> None:
    if not found.metrics:
        return
    heading("Metrics")
    made = table("", "metric", "before", "after", "difference", "")
    for change in found.metrics:
        made.add_row(
            _SIGNS[change.status],
            Text(change.name),
            _number(change.before),
            _number(change.after),
            "" if change.absolute is None else f"{change.absolute:+.4g}",
            "" if change.relative is None else f"{change.relative:+.1%}",
        )
    out.print(made)


def _data(changes: Iterable[DataChange]) -> None:
    for change in changes:
        heading(f"Data: {change.role} {change.name}" if change.name else "Data")
        digests = [d for d in (change.digest_before, change.digest_after) if d is not None]
        shown = " → ".join(digest[:17] + "…" for digest in digests)
        word = "" if change.status is Status.CHANGED else f"{change.status.value} "
        out.print(Text(f"{word}{change.kind} {shown}"))
        if change.rows_before is not None and change.rows_after is not None:
            out.print(f"rows: {change.rows_before} → {change.rows_after}")
        if change.rows is not None:
            _rows(change.rows)
        if change.columns:
            _columns(change.columns)
        for fact in change.facts:
            told = f"{fact.name}: {_brief(fact.before)} → {_brief(fact.after)}"
            out.print(Text(told))
        if change.note:
            out.print(Text(change.note, "yellow"))


def _rows(rows: RowChanges) -> None:
    by = f" by {', '.join(rows.key)}" if rows.key else " as wholes"
    changed = "" if rows.changed is None else f", {rows.changed} changed"
    out.print(
        Text(f"{rows.added} added, {rows.removed} removed{changed}, {rows.unchanged} alike{by}")
    )
    if rows.shared_keys_before or rows.shared_keys_after:
        out.print(
            Text(
                f"the key is shared by {rows.shared_keys_before} rows before and"
                f" {rows.shared_keys_after} after; those were paired in their order",
                "yellow",
            )
        )


def _columns(columns: Iterable[ColumnChange]) -> None:
    made = table("", "column", "type", "rows", "missing", "least", "greatest")
    for c in columns:
        made.add_row(
            _SIGNS[c.status],
            Text(c.name),
            _moved(c.type_before, c.type_after),
            "" if c.rows_changed is None else str(c.rows_changed),
            _moved(c.nulls_before, c.nulls_after),
            _moved(c.min_before, c.min_after),
            _moved(c.max_before, c.max_after),
        )
    out.print(made)


def _shape(found: Difference) -> None:
    shape = found.shape
    lines = [
        *(f"+ step {step}" for step in shape.steps_added),
        *(f"- step {step}" for step in shape.steps_removed),
        *(f"+ {flow.source} → {flow.target}" for flow in shape.flows_added),
        *(f"- {flow.source} → {flow.target}" for flow in shape.flows_removed),
    ]
    if lines:
        heading("Graph")
        for line in lines:
            out.print(Text(line))


def _environment(found: Difference) -> None:
    environment = found.environment
    if not (environment.packages or environment.facts):
        return
    heading("Environment")
    made = table("", "what", "before", "after", "")
    for fact in environment.facts:
        made.add_row(_SIGNS[fact.status], Text(fact.name), _text(fact.before), _text(fact.after))
    for package in environment.packages[:_SHOWN_PACKAGES]:
        made.add_row(
            _SIGNS[package.status],
            Text(package.name),
            _text(package.before),
            _text(package.after),
            "used by the code" if package.reached else "",
        )
    out.print(made)
    more = len(environment.packages) - _SHOWN_PACKAGES
    if more > 0:
        out.print(f"and {more} more packages; --json has them all")


def _code(found: Difference) -> None:
    if not found.code:
        return
    heading("Code")
    for change in found.code:
        whole = " (its file, where it could not be told apart)" if change.of_file else ""
        lost = "" if change.patch is not None else "; its source is not at hand"
        out.print(Text(f"{_SIGNS[change.status]} {change.name}{whole}{lost}", "bold"))
        for line in (change.patch or "").split("\n")[2:]:
            out.print(Text(f"    {line}", _COLOURS.get(line[:1], "")))


def _moved(before: object, after: object) -> Text:
    if before == after:
        return _text(None if before is None else str(before), "")
    return Text(f"{_brief(before)} → {_brief(after)}")


def _text(value: str | None, missing: str = "-") -> Text:
    return Text(missing if value is None else _brief(value))


def _brief(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
