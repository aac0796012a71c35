"""From what is known of runs of jobs to OpenLineage's events, with the facets of its standard.

It does not know where that is known from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    error_message_run,
    execution_parameters_run,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    schema_dataset,
    source_code_job,
    tags_run,
)

from lineal._version import __version__
from lineal.lineage.export.plain import json_text, plain, utf8

NAMESPACE = "lineal"
PRODUCER = f"urn:lineal:{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A dataset that a job was given, or gave."""

    name: str
    """The dataset's, else the artifact's digest."""
    version: str | None
    profile: Mapping[str, Any] = field(default_factory=dict)
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """A run of a job: of a pipeline, or of a step in one."""

    id: str
    """A UUID."""
    job: str
    started: datetime
    ended: datetime | None
    """None while it goes on."""
    state: RunState | None
    """How it ended; None while it goes on."""
    kind: str = "TASK"
    """TASK or DAG"""
    parent: tuple[str, str] | None = None
    """Id and job of the run that it belongs to."""
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[tuple[str, str, str]] = ()
    """Key, value and who says so: LINEAL or USER."""
    error: str | None = None
    """A traceback."""
    source: str | None = None
    """Source code."""
    inputs: Sequence[Data] = ()
    outputs: Sequence[Data] = ()


def run_uuid(run_id: str) -> str:
    """The id of a pipeline's run: its own where OpenLineage takes it, else one made of it."""
    return uuid_or_none(run_id) or str(uuid5(NAMESPACE_URL, f"urn:lineal:{utf8(run_id)}"))


def step_uuid(run_id: str, place: str) -> str:
    """The id of an execution, the same wherever it is told of: consumers merge events by it.

    Args:
        run_id: Of its run.
        place: What tells it from others of the run: the name of its step.
    """
    return str(uuid5(NAMESPACE_URL, f"urn:lineal:{utf8(run_id)}:{utf8(place)}"))


def uuid_or_none(text: Any) -> str | None:
    """A text as a UUID is written, if it is one."""
    try:
        return str(UUID(str(text)))
    except ValueError:
        return None


def tell(jobs: Iterable[JobRun]) -> list[RunEvent]:
    """The events of runs of jobs, by time.

    At one moment, what began is told before what ended, in the order of the jobs, and what
    ended the other way round, so that a run holds the events of its steps.
    """
    told: list[tuple[datetime, int, int, RunEvent]] = []
    for number, job in enumerate(jobs):
        whole, inputs = _job(job), [_input(data) for data in job.inputs]
        began = _event(job.started, RunState.START, _run(job, None), whole, inputs, [])
        told.append((job.started, 0, number, began))
        if job.ended is not None and job.state is not None:
            outputs = [_output(data) for data in job.outputs]
            run = _run(job, job.error)
            ended = _event(job.ended, job.state, run, whole, inputs, outputs)
            told.append((job.ended, 1, -number, ended))
    return [event for *_, event in sorted(told, key=lambda item: item[:3])]


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


def _job(job: JobRun) -> Job:
    facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="LINEAL", jobType=job.kind, producer=PRODUCER
        )
    }
    if job.source is not None:
        facets["sourceCode"] = source_code_job.SourceCodeJobFacet(
            language="python", sourceCode=job.source, producer=PRODUCER
        )
    return Job(namespace=NAMESPACE, name=utf8(job.job), facets=facets)


def _run(job: JobRun, error: str | None) -> Run:
    facets: dict[str, Any] = {}
    if job.params:
        facets["executionParameters"] = execution_parameters_run.ExecutionParametersRunFacet(
            parameters=[
                execution_parameters_run.ExecutionParameter(key=utf8(str(key)), value=_text(value))
                for key, value in job.params.items()
            ],
            producer=PRODUCER,
        )
    if job.tags:
        facets["tags"] = tags_run.TagsRunFacet(
            tags=[
                tags_run.TagsRunFacetFields(key=utf8(key), value=utf8(value), source=source)
                for key, value, source in job.tags
            ],
            producer=PRODUCER,
        )
    if job.parent is not None:
        id_, name = job.parent
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=id_),
            job=parent_run.Job(namespace=NAMESPACE, name=utf8(name)),
            producer=PRODUCER,
        )
    else:
        facets["processing_engine"] = processing_engine_run.ProcessingEngineRunFacet(
            version=__version__, name="lineal", producer=PRODUCER
        )
    if error is not None:
        lines = error.strip().splitlines() or [""]
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=utf8(lines[-1]),
            programmingLanguage="python",
            stackTrace=utf8(error),
            producer=PRODUCER,
        )
    return Run(runId=job.id, facets=facets)


def _input(data: Data) -> InputDataset:
    quality = _quality(data)
    return InputDataset(
        namespace=NAMESPACE,
        name=utf8(data.name),
        facets=_facets(data),
        inputFacets={} if quality is None else {"dataQualityMetrics": quality},
    )


def _output(data: Data) -> OutputDataset:
    rows, size = data.profile.get("rows"), data.size
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
        namespace=NAMESPACE, name=utf8(data.name), facets=_facets(data), outputFacets=facets
    )


def _facets(data: Data) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    columns = _columns(data)
    if columns:
        facets["schema"] = schema_dataset.SchemaDatasetFacet(
            fields=[
                schema_dataset.SchemaDatasetFacetFields(name=name, type=_type(column))
                for name, column in columns
            ],
            producer=PRODUCER,
        )
    if data.version is not None:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(
            datasetVersion=utf8(data.version), producer=PRODUCER
        )
    return facets


def _quality(
    data: Data,
) -> data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet | None:
    rows, size = data.profile.get("rows"), data.size
    columns = {
        name: data_quality_metrics_input_dataset.ColumnMetrics(
            nullCount=column.get("nulls") if _whole(column.get("nulls")) else None,
            distinctCount=column.get("distinct") if _whole(column.get("distinct")) else None,
            min=_number(column.get("min")),
            max=_number(column.get("max")),
        )
        for name, column in _columns(data)
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


def _columns(data: Data) -> Sequence[tuple[str, Mapping[str, Any]]]:
    columns = data.profile.get("columns")
    if not isinstance(columns, list | tuple):
        return ()
    return [
        (utf8(str(column["name"])), column)
        for column in columns
        if isinstance(column, Mapping) and "name" in column
    ]


def _text(value: Any) -> str:
    return utf8(value) if isinstance(value, str) else json_text(plain(value))


def _type(column: Mapping[str, Any]) -> str | None:
    found = column.get("type", column.get("dtype"))
    return None if found is None else utf8(str(found))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> float | None:
    found = plain(value)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
