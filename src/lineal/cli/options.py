"""Options that commands share, so that each is called and told alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write it here instead of printing it."),
]
ReportFile = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write the report: .html, .md, .json.")
]
