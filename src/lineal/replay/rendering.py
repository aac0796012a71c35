"""A report as a file: JSON, Markdown, or a page that needs nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lineal.errors import UserError
from lineal.running import to_json

from .report import Report

_TEMPLATES = {".html": "report.html.j2", ".htm": "report.html.j2", ".md": "report.md.j2"}


def facts_of(report: Report) -> dict[str, Any]:
    """A report as JSON-like data."""
    first = report.first
    return {
        **to_json(report),
        "accepted": report.accepted,
        "counts": report.counts(),
        "first": first.step if first is not None else None,
    }


def write_report(report: Report, target: Path) -> Path:
    """Write a report in the format that the target's ending names.

    Raises:
        UserError: there is no such format, or it can't be written there.
    """
    suffix = target.suffix.lower()
    if suffix == ".json":
        text = json.dumps(facts_of(report), indent=2, ensure_ascii=False) + "\n"
    elif suffix in _TEMPLATES:
        text = _render(_TEMPLATES[suffix], report)
    else:
        raise UserError(
            f"A report can't be written as {target.name!r}: end it in .html, .md or .json."
        )
    try:
        target.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(
            f"{target} can't be written: {error.strerror}. Name another place with -o."
        ) from error
    return target


def _render(template: str, report: Report) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("lineal.replay"),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["cell"] = _cell
    return made.get_template(template).render(report=report, counts=report.counts())


def _cell(text: str) -> str:
    """Text in a cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
