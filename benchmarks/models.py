"""A model: logged, loaded, and asked for the data it was trained on.

A random forest is logged again and again, a little different each time, so that nobody can know it
already. MLflow is given the requirements and the signature, so that it need not work them out, and
pickles as lineal does. The limit is pickle alone, synced. *Its data found* asks what the model
was fitted on: lineal walks its lineage to the frame, whose rows it has; MLflow has the name and
digest that were logged beside it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from filled import mlflow_in
from harness import Bench, Side, installed, run
from lineal import log_model, pipeline, task
from lineal.records.lineage import NodeKind
from lineal.workspace import Workspace

ROWS = 1_000
OURS = "synced; hashed, loaded again for proof, in chunks shared with other versions; environment"
MLFLOW = "not synced; pickle, environment files, signature, a row in SQLite; no check"


def main(bench: Bench) -> None:
    data = table()
    with Workspace.open(bench.fresh()) as workspace:
        tools: list[Any] = [Lineal(workspace)]
        if installed("mlflow"):
            tools.append(Mlflow(bench.fresh(), data))
        for trees in bench.pick(tiny=[2], quick=[100], full=[100, 2_000]):
            bench.part(f"{trees:,} trees", rows, bench, tools, data, trees)
        bench.part("the data of a model", finding, bench, tools)


def table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    data = pd.DataFrame({f"x{i}": random.normal(size=ROWS) for i in range(10)})
    return data.assign(y=(data["x0"] + random.normal(size=ROWS) > 0).astype(int))


def fitted(data: pd.DataFrame, trees: int) -> RandomForestClassifier:
    return RandomForestClassifier(trees, random_state=0).fit(data.drop(columns="y"), data["y"])


def rows(bench: Bench, tools: list[Any], data: pd.DataFrame, trees: int) -> None:
    model, alone = fitted(data, trees), Pickled(bench.fresh())
    megabytes = len(pickle.dumps(model, protocol=5)) / 1e6
    logging = [Side(tool.name, new(tool.log, model), does=tool.does) for tool in tools]
    loading = [Side(tool.name, tool.load, does=tool.loads) for tool in tools]
    bench.compare(
        f"a model of {megabytes:.1f} MB, logged", logging,
        limit=Side("pickle alone", new(alone.log, model), does="one file, synced"),
    )  # fmt: skip
    bench.compare(
        f"a model of {megabytes:.1f} MB, loaded", loading,
        limit=Side("pickle alone", alone.load),
    )  # fmt: skip


def new(log: Callable[[Any], None], model: Any) -> Callable[[], None]:
    """Logs the model, with a tree of another number each time."""

    def work() -> None:
        model.estimators_[-1].random_state = next(numbers)
        log(model)

    numbers = count()
    return work


def finding(bench: Bench, tools: list[Any]) -> None:
    sides = []
    for tool in tools:
        tool.train()
        sides.append(Side(tool.name, tool.find_data, does=tool.finds))
    bench.compare("the data of a model, found", sides)


@task
def read() -> pd.DataFrame:
    return table()


@task
def fit(data: pd.DataFrame, trees: int) -> RandomForestClassifier:
    return fitted(data, trees)


@pipeline
def training(trees: int = 10) -> RandomForestClassifier:
    return fit(read(), trees)


class Lineal:
    """A run for each model."""

    name, does = "lineal", OURS
    loads = "verified bytes"
    finds = "the whole graph of what the model came from, with its facts; the rows can be had"

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def log(self, model: Any) -> None:
        with self.workspace.start_run("bench") as active:
            log_model(model)
        (self.made,) = active.record.executions[0].outputs

    def load(self) -> Any:
        return self.workspace.get(self.made.digest)

    def train(self) -> None:
        run = self.workspace.run(training)
        (self.made,) = run.execution("fit").outputs

    def find_data(self) -> Any:
        graph = self.workspace.lineage(str(self.made.digest))
        frames = [n for n in graph.of_kind(NodeKind.ARTIFACT) if n.facts["kind"] == "frame"]
        (digest,) = {node.facts["digest"] for node in frames}
        return digest


class Mlflow:
    """A run and a logged model for each model."""

    name, does = "MLflow", MLFLOW
    loads = "no check; compares versions of packages"
    finds = "name, digest and schema, as logged; no rows"

    def __init__(self, folder: Path, data: pd.DataFrame) -> None:
        self.mlflow, self.data = mlflow_in(folder), data
        from mlflow.models import infer_signature

        self.signature = infer_signature(data.drop(columns="y"), data["y"])
        self.made: Any = None

    def log(self, model: Any) -> None:
        with self.mlflow.start_run():
            self._log(model)

    def _log(self, model: Any) -> None:
        import mlflow.sklearn

        self.made = mlflow.sklearn.log_model(
            model,
            name="model",
            pip_requirements=["scikit-learn"],
            signature=self.signature,
            serialization_format="cloudpickle",
        )

    def load(self) -> Any:
        return self.mlflow.sklearn.load_model(self.made.model_uri)

    def train(self) -> None:
        with self.mlflow.start_run():
            self.mlflow.log_input(self.mlflow.data.from_pandas(self.data, name="train"), "training")
            self._log(fitted(self.data, 10))

    def find_data(self) -> Any:
        model = self.mlflow.get_logged_model(self.made.model_id)
        (given,) = self.mlflow.get_run(model.source_run_id).inputs.dataset_inputs
        assert given.dataset.name == "train"
        return given.dataset


class Pickled:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "model.pkl"

    def log(self, model: Any) -> None:
        with self.path.open("wb") as file:
            pickle.dump(model, file, protocol=5)
            file.flush()
            os.fsync(file.fileno())

    def load(self) -> Any:
        return pickle.loads(self.path.read_bytes())


if __name__ == "__main__":
    run(main)
