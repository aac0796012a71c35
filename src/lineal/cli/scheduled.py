"""The flow that Prefect runs for every schedule; not for people."""

from __future__ import annotations

import os

from prefect import flow

from lineal.workspace import Workspace, value_of

from .loading import load_pipeline, parse_parameters


@flow(name="lineal schedule", persist_result=False, log_prints=False)
def scheduled(pipeline: str, parameters: list[str], folder: str, store: str) -> None:
    """Run a pipeline as ``lineal run`` does, inside this flow run.

    Args:
        pipeline: ``FILE:PIPELINE``.
        parameters: ``name=value`` texts.
        folder: The working directory.
        store: The store's folder.
    """
    os.chdir(folder)
    os.environ["LINEAL_STORE"] = store
    declared = load_pipeline(pipeline)
    with Workspace.open() as workspace:
        options = workspace.options(runner="prefect", echo=False)
        value_of(workspace.run(declared, parse_parameters(declared, parameters), options))
