"""Lineage on the command line: ``lineage``, ``impact``, ``path``, ``graph``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from lineal.errors import UserError
from lineal.lineage import LineageGraph
from lineal.lineage.declared import declared
from lineal.lineage.export import FORMATS, write_file
from lineal.lineage.export.plain import json_text
from lineal.records import Node, NodeKind
from lineal.workspace import IMPACT_LIMIT, LINEAGE_LIMIT, Workspace

from .files import write_text, writing
from .loading import load_pipeline, parse_parameters
from .options import AsJson
from .planning import plan_of
from .render import err, out, plain_node, print_json, table
from .rows import follow_rows
from .trees import draw

Reference = Annotated[
    str,
    typer.Argument(
        metavar="REF",
        help="fraud@production, fraud@v3, transactions@v7, RUN:STEP, a digest, a path, …",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help=f"tree, json{''.join(f', {f}' for f in FORMATS if f != 'json')}.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write it here; the ending may say the format."
    ),
]

_ENDINGS = {"mmd": "mermaid", "gv": "dot", "htm": "html", "cyjs": "cytoscape"}
_NAMED = {
    NodeKind.DEPLOYMENT: "deployments",
    NodeKind.MODEL: "models",
    NodeKind.DATASET: "datasets",
    NodeKind.RUN: "runs",
    NodeKind.EXECUTION: "executions",
    NodeKind.ARTIFACT: "artifacts",
}


def lineage(
    reference: Reference,
    up: Annotated[bool, typer.Option("--up", help="What it came from; the default.")] = False,
    down: Annotated[bool, typer.Option("--down", help="What came from it.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Both.")] = False,
    depth: Annotated[
        int | None, typer.Option("--depth", metavar="N", min=0, help="How many executions to pass.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Artifacts to reach at the most.")
    ] = LINEAGE_LIMIT,
    form: Format = None,
    output: Output = None,
    json: AsJson = False,
) -> None:
    """Show what made a thing, or what was made of it."""
    direction = "both" if both or (up and down) else "down" if down else "up"
    with Workspace.open() as workspace:
        graph = workspace.lineage(reference, direction, depth, limit)
        _give(graph, "json" if json else form, output, direction, workspace)
    if graph.truncated:
        err.print(
            f"There is more than {limit} artifacts; --limit shows more, --depth what is near."
        )


def impact(
    reference: Reference,
    row_key: Annotated[
        list[str] | None,
        typer.Option(
            "--row-key",
            metavar="COLUMN=VALUE",
            help="Follow only the rows of REF that have this value; may be repeated.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Artifacts to reach at the most.")
    ] = IMPACT_LIMIT,
    json: AsJson = False,
) -> None:
    """Show what came of a thing: deployments, models, data, runs."""
    if row_key:
        follow_rows(reference, row_key, limit, as_json=json)
        return
    found: dict[str, Node] = {}
    start: set[str] = set()
    truncated = False
    with Workspace.open() as workspace:
        pages = iter(workspace.impact(reference, limit=limit))
        for page in pages:
            found |= page.nodes
            truncated |= page.truncated
            start.update(page.roots)
    kinds: dict[str, list[Node]] = {word: [] for word in _NAMED.values()}
    for node in found.values():
        # Code and packages are asked about by what ran them, which is downstream too.
        asked = node.id in start and node.kind is not NodeKind.EXECUTION
        if node.kind in _NAMED and not asked:
            kinds[_NAMED[node.kind]].append(node)
    if json:
        nodes = {word: [plain_node(node) for node in kinds[word]] for word in kinds}
        print_json({"reference": reference, "truncated": truncated, **nodes})
        return
    _impact(kinds)
    if truncated:
        err.print(f"There is more than {limit} artifacts; --limit goes on.")


def path(
    effect: Annotated[str, typer.Argument(metavar="REF", help="A thing.")],
    cause: Annotated[str, typer.Argument(metavar="REF", help="Another.")],
    json: AsJson = False,
) -> None:
    """Show how one thing came from another: the shortest way."""
    with Workspace.open() as workspace:
        way = workspace.path(effect, cause)
    if json:
        print_json([plain_node(node) for node in way])
    elif way:
        for place, node in enumerate(way):
            kind = node.kind.value
            out.print(Text.assemble("← " if place else "  ", (node.label, "bold"), f"  {kind}"))
    else:
        out.print("Neither came from the other.")
    if not way:
        raise typer.Exit(1)


def graph(
    target: Annotated[str, typer.Argument(metavar="FILE[:PIPELINE]", help="The pipeline's file.")],
    param: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="NAME=VALUE", help="A parameter; may be repeated."),
    ] = None,
    form: Format = None,
    output: Output = None,
    json: AsJson = False,
) -> None:
    """Show the graph that a pipeline declares, without running it."""
    pipeline = load_pipeline(target)
    arguments = parse_parameters(pipeline, param or [])
    with Workspace.open() as workspace:
        plan = plan_of(workspace, pipeline, arguments)
        _give(declared(plan), "json" if json else form, output, "up", workspace)
    if plan.stopped_at:
        err.print(f"What follows depends on the value of {plan.stopped_at}, not known yet.")


def _give(
    graph: LineageGraph,
    form: str | None,
    output: Path | None,
    direction: str,
    workspace: Workspace,
) -> None:
    if form is None:
        ending = output.suffix.lstrip(".") if output is not None else "tree"
        form = _ENDINGS.get(ending, ending)
    if form == "tree":
        if output is not None:
            raise UserError("A tree is only printed; name a format for the file with --format.")
        for way in ("up", "down"):
            if direction in (way, "both"):
                out.print(draw(graph, up=way == "up"))
        return
    if form not in FORMATS:
        raise UserError(f"There is no format {form!r}; choose one of tree, {', '.join(FORMATS)}.")
    if form == "openlineage" and graph.of_kind(NodeKind.RUN):
        # It tells of runs, which a graph holds only in part.
        events = json_text(workspace.openlineage(graph), indent=2)
        typer.echo(events) if output is None else write_text(output, events + "\n")
    elif output is None:
        typer.echo(graph.to(form), nl=False)
    else:
        with writing(output):
            write_file(graph, form, output)


def _impact(kinds: dict[str, list[Node]]) -> None:
    made = table("what", "name", "")
    for node in kinds["deployments"]:
        state = "in force" if node.facts["current"] else "succeeded"
        made.add_row("deployment", Text(node.label), Text(f"{state}, by {node.facts['by']}"))
    for node in kinds["models"]:
        made.add_row("model", Text(node.label), Text(node.facts["status"]))
    for node in kinds["datasets"]:
        made.add_row("dataset", Text(node.label), "")
    for node in kinds["runs"][:20]:
        how = f"reused, by {node.facts['by']}" if "reused" in node.facts else node.facts["by"]
        made.add_row("run", Text(node.label.removeprefix("run ")), Text(how))
    if len(kinds["runs"]) > 20:
        made.add_row("run", f"and {len(kinds['runs']) - 20} more", "")
    if made.row_count:
        out.print(made)
    counts = [
        f"{len(nodes)} {word if len(nodes) > 1 else word.removesuffix('s')}"
        for word, nodes in kinds.items()
        if nodes
    ]
    out.print(f"downstream: {', '.join(counts) or 'nothing'}")
