"""``impact --row-key``: where some rows of data went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.text import Text

from lineal.errors import UserError
from lineal.following import Found, Trail, Verdict
from lineal.workspace import Workspace

from .render import err, out, plain_node, print_json, table

_SAID = {
    Verdict.GIVEN: "made from data that holds it",
    Verdict.FREE: "does not hold it",
}
_SHOWN = 40
"""Values of one kind of verdict that are shown one by one."""


def follow_rows(reference: str, words: Sequence[str], limit: int, *, as_json: bool) -> None:
    """Print where the rows went; exit code 1 where there are none.

    Raises:
        UserError: a word is not COLUMN=VALUE, or the rows can't be asked about.
    """
    key = dict(_pair(word) for word in words)
    with Workspace.open() as workspace:
        trail = workspace.follow_rows(reference, key, limit=limit)
    if as_json:
        print_json(_plain(reference, trail))
    else:
        _show(reference, trail)
    if trail.truncated:
        err.print(f"There is more than {limit} artifacts; --limit goes on.")
    if not trail.begins:
        raise typer.Exit(1)


def _pair(word: str) -> tuple[str, str]:
    column, equals, value = word.partition("=")
    if not equals or not column:
        raise UserError(f"--row-key {word!r} is no key of a row; write COLUMN=VALUE.")
    return column, value


def _plain(reference: str, trail: Trail) -> dict[str, Any]:
    kinds = ("start", "deployments", "models", "datasets", "data", "runs")
    found = {kind: [_plain_found(found) for found in getattr(trail, kind)] for kind in kinds}
    return {"reference": reference, "key": trail.key, "truncated": trail.truncated, **found}


def _plain_found(found: Found) -> dict[str, Any]:
    told = {"verdict": found.verdict, "rows": found.rows, "why": found.why, "place": found.place}
    return told | plain_node(found.node)


def _show(reference: str, trail: Trail) -> None:
    key = " and ".join(f"{column}={value}" for column, value in trail.key.items())
    if not trail.begins:
        out.print(Text(f"No row of {reference} has {key}, in any content that was read of it."))
        return
    out.print(Text(f"{key} in {reference}", style="bold"))
    made = table("what", "name", "verdict")
    for found in trail.start:
        made.add_row("asked", Text(found.place), _told(found))
    for found in trail.deployments:
        past = "" if found.node.facts["current"] else " (succeeded)"
        made.add_row("deployment", Text(found.node.label + past), _told(found))
    for kind, several in (("model", trail.models), ("dataset", trail.datasets)):
        for found in several:
            made.add_row(kind, Text(found.node.label), _told(found))
    for found in trail.runs:
        word = "was given it" if found.verdict is Verdict.GIVEN else "unknown, follows by lineage"
        made.add_row("run", Text(found.node.label.removeprefix("run ")), word)
    order = list(Verdict)
    for verdict in sorted({found.verdict for found in trail.data}, key=order.index):
        alike = [found for found in trail.data if found.verdict is verdict]
        for found in alike[:_SHOWN]:
            name = f"{found.place}  {found.node.facts.get('kind', '')}"
            made.add_row("data", Text(name), _told(found))
        if len(alike) > _SHOWN:
            made.add_row("data", f"and {len(alike) - _SHOWN} more", verdict.value)
    out.print(made)


def _told(found: Found) -> Text:
    if found.verdict is Verdict.HOLDS:
        rows = "1 row" if found.rows == 1 else f"{found.rows} rows"
        return Text(f"holds it: {rows}", style="bold")
    if found.verdict is Verdict.UNKNOWN:
        return Text(f"unknown, follows by lineage: {found.why}", style="yellow")
    return Text(_SAID[found.verdict], style="" if found.verdict is Verdict.GIVEN else "dim")
