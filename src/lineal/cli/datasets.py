"""Datasets: ``dataset list`` and ``dataset show``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from msgspec.structs import asdict
from rich.text import Text

from lineal.workspace import Workspace

from .options import AsJson
from .render import ago, heading, out, print_json, table

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
    """Show the versions of a dataset, and the columns of the newest."""
    with Workspace.open() as workspace:
        dataset = workspace.registry.dataset(name)
        artifacts = workspace.services.catalog.artifacts([v.artifact for v in dataset.versions])
    if json:
        profiles = {v.version: artifacts[v.artifact].profile for v in dataset.versions}
        versions = [{**asdict(v), "profile": profiles[v.version]} for v in dataset.versions]
        print_json({**asdict(dataset), "versions": versions})
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
    newest = dataset.versions[-1]
    _columns(newest.reference, artifacts[newest.artifact].profile.get("columns", ()))


def _columns(name: str, columns: Sequence[Mapping[str, Any]]) -> None:
    """The columns of a table, with their statistics where these are recorded."""
    if not columns:
        return
    heading(f"Columns of {name}")
    made = table("column", "type", "nulls", "least", "greatest", "distinct")
    for column in columns:
        about = "about " if "distinct_error" in column else ""
        made.add_row(
            Text(str(column["name"])),
            str(column["type"]),
            str(column.get("nulls", "")),
            Text(str(column.get("min", ""))),
            Text(str(column.get("max", ""))),
            f"{about}{column['distinct']:,}" if "distinct" in column else "",
        )
    out.print(made)
