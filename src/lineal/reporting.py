"""Reports as files: JSON, Markdown, or a page that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lineal.errors import UserError

_TEMPLATES = {".html": "report.html.j2", ".htm": "report.html.j2", ".md": "report.md.j2"}


def expect_format(target: Path) -> str:
    """The ending of a file that a report can be written to, in lower case.

    To be asked before anything long is begun.

    Raises:
        UserError: there is no such format.
    """
    suffix = target.suffix.lower()
    if suffix != ".json" and suffix not in _TEMPLATES:
        raise UserError(
            f"A report can't be written as {target.name!r}: end it in .html, .md or .json."
        )
    return suffix


def write(target: Path, package: str, facts: Mapping[str, Any], **context: Any) -> Path:
    """Write a report in the format that the target's ending names.

    Args:
        target: Where to.
        package: The package with the templates ``report.html.j2`` and ``report.md.j2``.
        facts: The report as JSON-like data.
        context: What the templates are given.

    Raises:
        UserError: there is no such format, or it can't be written there.
    """
    suffix = expect_format(target)
    if suffix == ".json":
        text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    else:
        text = _render(package, _TEMPLATES[suffix], context)
    try:
        target.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(
            f"{target} can't be written: {error.strerror}. Name another place with -o."
        ) from error
    return target


def _render(package: str, template: str, context: Mapping[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(package),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["cell"] = _cell
    return made.get_template(template).render(**context)


def _cell(text: str) -> str:
    """Text in a cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
