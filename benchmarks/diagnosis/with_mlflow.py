"""The pipeline with MLflow's tracking. `python with_mlflow.py FOLDER TREES`.

As its documentation recommends: autologging, a nested run for each model, the data sets,
the figure and the scores logged by hand. Models are logged with their requirements given,
since to infer them, as autologging does, takes some seconds for each. It reuses nothing.
"""

import json
import sys
from pathlib import Path

import mlflow
import mlflow.data
from mlflow.models import infer_signature

import steps


def fit(train, site, trees):
    with mlflow.start_run(run_name=f"fit-{site or 'all'}", nested=True):
        model = steps.fit(train, site, trees)
        rows = steps.features(train.head())
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(rows, model.predict(rows)),
            pip_requirements=["scikit-learn", "pandas"],
            serialization_format="cloudpickle",
        )
    return model


def diagnosis(folder: Path, trees: int) -> dict[str, float]:
    with mlflow.start_run(run_name="diagnosis"):
        mlflow.log_params({"folder": str(folder), "trees": trees})
        train, test = steps.split(steps.check(steps.load(folder)))
        mlflow.log_input(mlflow.data.from_pandas(train, source=str(folder)), context="training")
        mlflow.log_input(mlflow.data.from_pandas(test, source=str(folder)), context="test")
        pooled = fit(train, None, trees)
        local = [fit(train, site, trees) for site in steps.SITES]
        mlflow.log_figure(steps.draw(pooled, test), "roc.png")
        scores = steps.evaluate(pooled, local, test)
        mlflow.log_metrics(scores)
    return scores


if __name__ == "__main__":
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("diagnosis")
    mlflow.sklearn.autolog(log_models=False)
    print(json.dumps(diagnosis(Path(sys.argv[1]), int(sys.argv[2]))))
