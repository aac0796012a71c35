"""OpenLineage run events, for Marquez, DataHub and whatever else takes them.

Every execution becomes a job's run: a START event with its inputs, then COMPLETE, FAIL or
ABORT with inputs and outputs. Datasets are artifacts by digest; where a dataset version
stands for one, the dataset by its name, with the version as a facet.

An execution whose time is not known is left out: an event must have one, and an invented
one would be a lie. So are reused executions, whose job never ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.facet_v2 import (
    data_quality_metrics_input_dataset,
    dataset_version_dataset,
    execution_parameters_run,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    source_code_job,
)
from openlineage.client.serde import Serde

from lineal._version import __version__
from lineal.lineage.graph import LineageGraph
from lineal.records import Edge, Node, NodeKind, Relation

from .plain import json_text, ordered_nodes, plain, utf8

NAMESPACE = "lineal"
PRODUCER = f"urn:lineal:{__version__}"
_ENDED = {"executed": RunState.COMPLETE, "failed": RunState.FAIL, "skipped": RunState.ABORT}


def write(graph: LineageGraph) -> str:
    """A JSON array of run events, by time."""
    return json_text([plain(Serde.to_dict(event)) for event in events(graph)], indent=2) + "\n"


def events(graph: LineageGraph) -> list[RunEvent]:
    """The events of every execution in the graph, in the order they happened."""
    found: list[tuple[datetime, int, RunEvent]] = []
    for number, node in enumerate(ordered_nodes(graph)):
        start, end = _time(node.facts.get("started_at")), _time(node.facts.get("finished_at"))
        state = _ENDED.get(str(node.facts.get("status")))
        if node.kind is not NodeKind.EXECUTION or start is None or state is None:
            continue
        job, run = _job(node), _run(node)
        inputs = [_input(graph, edge) for edge in _values(graph, node, Relation.USED)]
        outputs = [_output(graph, edge) for edge in _values(graph, node, Relation.GENERATED_BY)]
        found.append((start, 2 * number, _event(start, RunState.START, run, job, inputs, [])))
        if end is not None:
            found.append((end, 2 * number + 1, _event(end, state, run, job, inputs, outputs)))
    return [event for _, _, event in sorted(found, key=lambda item: item[:2])]


def _event(
    at: datetime,
    state: RunState,
    run: Run,
    job: Job,
    inputs: list[InputDataset],
    outputs: list[OutputDataset],
) -> RunEvent:
    return RunEvent(
        eventTime=at.isoformat(),
        eventType=state,
        run=run,
        job=job,
        inputs=inputs,
        outputs=outputs,
        producer=PRODUCER,
    )


def _values(graph: LineageGraph, node: Node, relation: Relation) -> list[Edge]:
    """The edges to what an execution used, or from what it made; each value once."""
    if relation is Relation.USED:
        edges, end = graph.causes.get(node.id, ()), "target"
    else:
        edges, end = graph.effects.get(node.id, ()), "source"
    chosen = {
        getattr(edge, end): edge
        for edge in edges
        if edge.relation is relation and graph.nodes[getattr(edge, end)].kind is NodeKind.ARTIFACT
    }
    return [chosen[id_] for id_ in sorted(chosen)]


def _job(node: Node) -> Job:
    name = ".".join(str(node.facts[k]) for k in ("pipeline", "step") if node.facts.get(k))
    facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="LINEAL", jobType="TASK", producer=PRODUCER
        )
    }
    code = node.facts.get("code")
    source = code.get("source") if isinstance(code, Mapping) else None
    if isinstance(source, str):
        facets["sourceCode"] = source_code_job.SourceCodeJobFacet(
            language="python", sourceCode=source, producer=PRODUCER
        )
    return Job(namespace=NAMESPACE, name=name or node.label or node.id, facets=facets)


def _run(node: Node) -> Run:
    facets: dict[str, Any] = {}
    params = node.facts.get("params")
    if isinstance(params, Mapping) and params:
        facets["executionParameters"] = execution_parameters_run.ExecutionParametersRunFacet(
            parameters=[
                execution_parameters_run.ExecutionParameter(
                    key=utf8(str(key)), value=json_text(plain(value))
                )
                for key, value in params.items()
            ],
            producer=PRODUCER,
        )
    parent = _parent(node)
    if parent is not None:
        facets["parent"] = parent
    # One id per execution, the same in every export of it, as consumers merge events by it.
    whole = f"urn:lineal:{utf8(str(node.facts.get('run_id', '')))}:{utf8(node.id)}"
    return Run(runId=str(uuid5(NAMESPACE_URL, whole)), facets=facets)


def _parent(node: Node) -> parent_run.ParentRunFacet | None:
    """The run of the pipeline, where its id is one that OpenLineage takes."""
    run_id, pipeline = _uuid(node.facts.get("run_id")), node.facts.get("pipeline")
    if run_id is None or not pipeline:
        return None
    return parent_run.ParentRunFacet(
        run=parent_run.Run(runId=run_id),
        job=parent_run.Job(namespace=NAMESPACE, name=str(pipeline)),
        producer=PRODUCER,
    )


def _input(graph: LineageGraph, edge: Edge) -> InputDataset:
    node = graph.nodes[edge.target]
    quality = _quality(node)
    return InputDataset(
        namespace=NAMESPACE,
        name=_name(graph, node),
        facets=_facets(graph, node),
        inputFacets={} if quality is None else {"dataQualityMetrics": quality},
    )


def _output(graph: LineageGraph, edge: Edge) -> OutputDataset:
    node = graph.nodes[edge.source]
    rows, size = _profile(node).get("rows"), node.facts.get("size")
    facets: dict[str, Any] = {}
    if _whole(rows) or _whole(size):
        facets["outputStatistics"] = (
            output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rowCount=rows if _whole(rows) else None,
                size=size if _whole(size) else None,
                producer=PRODUCER,
            )
        )
    return OutputDataset(
        namespace=NAMESPACE,
        name=_name(graph, node),
        facets=_facets(graph, node),
        outputFacets=facets,
    )


def _dataset(graph: LineageGraph, artifact: Node) -> Node | None:
    """The dataset version that stands for an artifact; the first by id of several."""
    versions = [
        graph.nodes[edge.source]
        for edge in graph.effects.get(artifact.id, ())
        if graph.nodes[edge.source].kind is NodeKind.DATASET
    ]
    return min(versions, key=lambda node: node.id, default=None)


def _name(graph: LineageGraph, artifact: Node) -> str:
    version = _dataset(graph, artifact)
    if version is not None and version.facts.get("name"):
        return utf8(str(version.facts["name"]))
    return utf8(artifact.id.removeprefix("artifact:"))


def _facets(graph: LineageGraph, artifact: Node) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    columns = _columns(artifact)
    if columns:
        facets["schema"] = schema_dataset.SchemaDatasetFacet(
            fields=[
                schema_dataset.SchemaDatasetFacetFields(name=name, type=_type(column))
                for name, column in columns
            ],
            producer=PRODUCER,
        )
    version = _dataset(graph, artifact)
    known = version.facts.get("version") if version is not None else artifact.facts.get("digest")
    if known is not None:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(
            datasetVersion=utf8(str(known)), producer=PRODUCER
        )
    return facets


def _quality(
    artifact: Node,
) -> data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet | None:
    rows, size = _profile(artifact).get("rows"), artifact.facts.get("size")
    columns = {
        name: data_quality_metrics_input_dataset.ColumnMetrics(
            nullCount=column.get("nulls") if _whole(column.get("nulls")) else None,
            distinctCount=column.get("distinct") if _whole(column.get("distinct")) else None,
            min=_number(column.get("min")),
            max=_number(column.get("max")),
        )
        for name, column in _columns(artifact)
        if {"nulls", "distinct", "min", "max"} & set(column)
    }
    if not columns and not _whole(rows):
        return None
    return data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        columnMetrics=columns,
        rowCount=rows if _whole(rows) else None,
        bytes=size if _whole(size) else None,
        producer=PRODUCER,
    )


def _profile(artifact: Node) -> Mapping[str, Any]:
    profile = artifact.facts.get("profile")
    return profile if isinstance(profile, Mapping) else {}


def _columns(artifact: Node) -> Sequence[tuple[str, Mapping[str, Any]]]:
    columns = _profile(artifact).get("columns")
    if not isinstance(columns, list | tuple):
        return ()
    return [
        (utf8(str(column["name"])), column)
        for column in columns
        if isinstance(column, Mapping) and "name" in column
    ]


def _type(column: Mapping[str, Any]) -> str | None:
    found = column.get("type", column.get("dtype"))
    return None if found is None else utf8(str(found))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> float | None:
    found = plain(value)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _time(value: Any) -> datetime | None:
    found = plain(value)
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    # Without an offset it says no moment.
    return moment if moment is not None and moment.tzinfo is not None else None


def _uuid(value: Any) -> str | None:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None
