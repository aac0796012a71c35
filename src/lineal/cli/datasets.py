"""Datasets: ``dataset list`` and ``dataset show``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from lineal.workspace import Workspace

from .inspect import AsJson
from .render import ago, out, print_json, table

datasets = typer.Typer(no_args_is_help=True, help="Look at the versions of datasets.")


@datasets.command("list")
def list_datasets(json: AsJson = False) -> None:
    """List the datasets."""
    with Workspace.open() as workspace:
        found = workspace.registry.datasets()
    if json:
        print_json(found)
        return
    if not found:
        out.print("No datasets yet: lineal.dataset('NAME', value) in a pipeline makes one.")
        return
    made = table("dataset", "versions", "newest", "made")
    for dataset in found:
        last = dataset.versions[-1]
        made.add_row(
            Text(dataset.name), str(len(dataset.versions)), last.artifact.short,
            ago(last.created_at),
        )  # fmt: skip
    out.print(made)


@datasets.command("show")
def show_dataset(
    name: Annotated[str, typer.Argument(metavar="DATASET", help="Its name.")], json: AsJson = False
) -> None:
    """Show the versions of a dataset."""
    with Workspace.open() as workspace:
        dataset = workspace.registry.dataset(name)
        artifacts = workspace.services.catalog.artifacts([v.artifact for v in dataset.versions])
    if json:
        print_json(dataset)
        return
    made = table("version", "content", "rows", "columns", "made", "by run")
    for version in dataset.versions:
        profile = artifacts[version.artifact].profile
        made.add_row(
            f"v{version.version}",
            version.artifact.short,
            str(profile.get("rows", "")),
            str(len(profile["columns"])) if "columns" in profile else "",
            ago(version.created_at),
            f"#{version.execution_id >> 24}",
        )
    out.print(made)
