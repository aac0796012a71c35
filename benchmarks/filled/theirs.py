"""MLflow over SQLite, and runs in its tables."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Any

from filled.wanted import Wanted, wanted


def mlflow_in(folder: Path) -> Any:
    """The module, set to a new SQLite file and artifacts in a folder, and told to be quiet."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    # Loading a pickle that it wrote itself is all that is done here.
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
    warnings.filterwarnings("ignore", module="mlflow")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = mlflow.create_experiment(
        "search", artifact_location=f"{folder.as_uri()}/artifacts"
    )
    mlflow.set_experiment(experiment_id=experiment)
    return mlflow


def fill_mlflow(folder: Path, experiment: str, count: int) -> None:
    """Put so many runs into the tables of a database that `mlflow_in` has made."""
    import sqlalchemy
    from mlflow.store.tracking.dbmodels import models

    rows: dict[Any, list[dict[str, Any]]] = {models.SqlRun: []}
    for model in (models.SqlParam, models.SqlTag, models.SqlMetric, models.SqlLatestMetric):
        rows[model] = []
    for one in wanted(count):
        rows[models.SqlRun].append(_run(one, experiment))
        rows[models.SqlParam] += _texts(one, one.params)
        tags = {"mlflow.user": "ada", "mlflow.runName": one.name, "team": "a"}
        rows[models.SqlTag] += _texts(one, tags)
        points = _points(one)
        rows[models.SqlMetric] += points
        rows[models.SqlLatestMetric] += points
    engine = sqlalchemy.create_engine(f"sqlite:///{folder / 'mlflow.db'}")
    with engine.begin() as connection:
        for model, given in rows.items():
            connection.execute(sqlalchemy.insert(model.__table__), given)
    engine.dispose()


def _run(one: Wanted, experiment: str) -> dict[str, Any]:
    return {
        "run_uuid": one.id,
        "name": one.name,
        "source_type": "LOCAL",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "ada",
        "status": "FINISHED",
        "start_time": _milliseconds(one.began),
        "end_time": _milliseconds(one.ended),
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"artifacts/{one.id}",
        "experiment_id": int(experiment),
    }


def _points(one: Wanted) -> list[dict[str, Any]]:
    beside = {"timestamp": _milliseconds(one.ended), "step": 0, "is_nan": False}
    return [
        {"run_uuid": one.id, "key": key, "value": value, **beside}
        for key, value in one.metrics.items()
    ]


def _texts(one: Wanted, texts: dict[str, str]) -> list[dict[str, Any]]:
    return [{"run_uuid": one.id, "key": key, "value": value} for key, value in texts.items()]


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000)
