"""What OpenLineage 2-0-2 requires of events: written from its specification, facets included.

The client ships no schema of its own, and nothing is fetched from the network; that its
classes take what is written here is what else there is to hold events to.
"""

from __future__ import annotations

from typing import Any

import jsonschema

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_URI = {"type": "string", "format": "uri", "pattern": "^[a-z]+:"}
_RUN_ID = {"type": "string", "format": "uuid", "pattern": "^[0-9a-f-]{36}$"}
_TIME = {
    "type": "string", "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}  # fmt: skip
_SPEC = "https://openlineage.io/spec/"


def _object(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **more}}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _facet(of: str, required: dict[str, Any], **more: Any) -> dict[str, Any]:
    url = {"type": "string", "pattern": f"^{_SPEC}facets/[0-9-]+/{of}.json#/\\$defs/{of}$"}
    return _object({"_producer": _URI, "_schemaURL": url, **required}, **more)


def _facets(**known: dict[str, Any]) -> dict[str, Any]:
    any_other = _object({"_producer": _URI, "_schemaURL": _URI})
    return {"type": "object", "properties": known, "additionalProperties": any_other}


_JOB = {"namespace": _TEXT, "name": _TEXT}
_RUN_FACETS = _facets(
    parent=_facet("ParentRunFacet", {"run": _object({"runId": _RUN_ID}), "job": _object(_JOB)}),
    errorMessage=_facet(
        "ErrorMessageRunFacet", {"message": _TEXT, "programmingLanguage": _TEXT}, stackTrace=_TEXT
    ),
    executionParameters=_facet(
        "ExecutionParametersRunFacet", {}, parameters=_array(_object({"key": _TEXT}, value=_TEXT))
    ),
    processing_engine=_facet("ProcessingEngineRunFacet", {"version": _TEXT}, name=_TEXT),
    tags=_facet("TagsRunFacet", {}, tags=_array(_object({"key": _TEXT, "value": _TEXT}))),
)
_JOB_FACETS = _facets(
    jobType=_facet("JobTypeJobFacet", {"processingType": _TEXT, "integration": _TEXT}),
    sourceCode=_facet("SourceCodeJobFacet", {"language": _TEXT, "sourceCode": _TEXT}),
)
_DATASET_FACETS = _facets(
    schema=_facet("SchemaDatasetFacet", {}, fields=_array(_object({"name": _TEXT}, type=_TEXT))),
    version=_facet("DatasetVersionDatasetFacet", {"datasetVersion": _TEXT}),
)
_INPUT_FACETS = _facets(
    dataQualityMetrics=_facet(
        "DataQualityMetricsInputDatasetFacet",
        {"columnMetrics": {"type": "object", "additionalProperties": {"type": "object"}}},
        rowCount=_COUNT,
        bytes=_COUNT,
    )
)
_OUTPUT_FACETS = _facets(
    outputStatistics=_facet("OutputStatisticsOutputDatasetFacet", {}, rowCount=_COUNT, size=_COUNT)
)
EVENT = _object(
    {
        "eventTime": _TIME,
        "producer": _URI,
        "schemaURL": {"const": f"{_SPEC}2-0-2/OpenLineage.json#/$defs/RunEvent"},
        "run": _object({"runId": _RUN_ID}, facets=_RUN_FACETS),
        "job": _object(_JOB, facets=_JOB_FACETS),
    },
    eventType={"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
    inputs=_array(_object(_JOB, facets=_DATASET_FACETS, inputFacets=_INPUT_FACETS)),
    outputs=_array(_object(_JOB, facets=_DATASET_FACETS, outputFacets=_OUTPUT_FACETS)),
)
_CHECK = jsonschema.Draft202012Validator(
    EVENT, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)


def check(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events, once each of them is seen to be valid."""
    for event in events:
        _CHECK.validate(event)
    return events


def by_run(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Events by the id of their run: one START first, and at most one end last."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        found.setdefault(event["run"]["runId"], []).append(event)
    for of_one in found.values():
        states = [event["eventType"] for event in of_one]
        assert states[0] == "START"
        assert states.count("START") == 1
        assert len(states) <= 2
    return found
