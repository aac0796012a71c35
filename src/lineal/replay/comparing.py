"""How the values of two runs differ, where their digests do."""

from __future__ import annotations

from typing import Any

from lineal.errors import LinealError
from lineal.records import Execution, ExecutionStatus, RunRecord
from lineal.running import Services

from .job import Tolerance
from .values import Found, compare_values

_DONE = (ExecutionStatus.EXECUTED, ExecutionStatus.REUSED)


def compare_outputs(
    services: Services, before: RunRecord, after: RunRecord, tolerance: Tolerance
) -> dict[str, dict[str, Any]]:
    """Step -> output -> the difference, as JSON, for outputs whose digests differ."""
    now = {e.step: e for e in after.executions if e.status in _DONE}
    found: dict[str, dict[str, Any]] = {}
    for old in before.executions:
        new = now.get(old.step)
        if old.status not in _DONE or new is None or not old.position:
            continue
        outputs = {output.name: output.digest for output in new.outputs}
        for output in old.outputs:
            other = outputs.get(output.name)
            if other is not None and other != output.digest:
                found.setdefault(old.step, {})[output.name] = _compare(
                    services, old, output.digest, other, tolerance
                ).to_dict()
    return found


def _compare(
    services: Services, step: Execution, before: Any, after: Any, tolerance: Tolerance
) -> Found:
    known = services.catalog.artifacts([before, after])
    try:
        old, new = (services.values.load(known[digest]) for digest in (before, after))
        if known[before].kind == "model" and known[after].kind == "model":
            return _models(services, step, old, new, tolerance)
        return compare_values(old, new, tolerance)
    except (LinealError, KeyError) as error:
        return Found(comparable=False, summary=f"can't be compared: {error}")


def _models(services: Services, step: Execution, old: Any, new: Any, tolerance: Tolerance) -> Found:
    """Two models by what they predict for the inputs that the step was given."""
    artifacts = services.catalog.artifacts([given.digest for given in step.inputs])
    for given in step.inputs:
        artifact = artifacts.get(given.digest)
        if artifact is None or artifact.stored is None:
            continue
        if artifact.kind not in ("frame", "array"):
            continue
        data = _features(old, services.values.load(artifact))
        if data is None:
            continue
        ask = "predict_proba" if hasattr(old, "predict_proba") else "predict"
        try:
            pair = [getattr(model, ask)(data) for model in (old, new)]
        except Exception:  # noqa: BLE001, S112 - a model may refuse any input in its own way
            continue
        found = compare_values(pair[0], pair[1], tolerance)
        return found.about(f"{ask} on the recorded {given.name}")
    return Found(
        comparable=False, summary="the models differ, and none of the step's inputs suits predict"
    )


def _features(model: Any, data: Any) -> Any:
    """What a model can predict from in a value; None when it can't."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        columns = getattr(data, "columns", ())
        return data[list(names)] if set(names) <= set(columns) else None
    width = getattr(model, "n_features_in_", None)
    shape: tuple[int, ...] = tuple(getattr(data, "shape", ()))
    return data if width is not None and len(shape) == 2 and shape[1] == width else None
