"""Where a cluster executes a step: what its task asks for, in the words of Dask and of Ray.

Runners of one machine have nowhere else to go, and do not listen. No key knows of it, as
where a step runs is not what it computes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, ClassVar, Protocol

from lineal.errors import StepFailed

Amounts = Mapping[str, float]
RESOURCES = "prefect.resources"
"""Tag of executions that a cluster was asked to place: ``gpus=1 memory=2e+09``."""


def told(hints: Amounts) -> str:
    """Hints for people: ``cpus=2 gpus=1``."""
    return " ".join(f"{name}={amount:g}" for name, amount in hints.items())


class Cluster(Protocol):
    """Places tasks on workers that offer what is asked for."""

    remedy: ClassVar[str]
    """How a worker comes to offer it, with ``{}`` for what is wanted."""

    def wants(self, hints: Amounts) -> Amounts:
        """What is asked of it, in its own words."""

    def offers(self) -> Sequence[Amounts]:
        """What each worker has in all, also what is in use now."""

    def asking(self, wanted: Amounts) -> AbstractContextManager[Any]:
        """Tasks that are submitted meanwhile are placed where there is so much of it."""


class Dask:
    """Its workers offer what they were started with: ``dask worker … --resources "GPU=1"``.

    Most are started with nothing, and nothing follows from their silence about processors and
    memory, which all of them have.
    """

    remedy: ClassVar[str] = 'start one with `dask worker ADDRESS --resources "{}"`'
    _WORDS: ClassVar[Any] = {"cpus": "CPU", "gpus": "GPU", "memory": "MEMORY"}
    _SILENT: ClassVar[Any] = ("CPU", "MEMORY")

    def __init__(self, task_runner: Any) -> None:
        self._task_runner = task_runner

    def wants(self, hints: Amounts) -> Amounts:
        """Named as Dask's documentation does, or as the task does."""
        wanted = {self._WORDS.get(name, name): amount for name, amount in hints.items()}
        silent = [word for word in self._SILENT if not any(word in o for o in self.offers())]
        return {name: amount for name, amount in wanted.items() if name not in silent}

    def offers(self) -> Sequence[Amounts]:
        """What the scheduler knows of its workers."""
        workers = self._task_runner.client.scheduler_info(n_workers=-1)["workers"]
        return [worker["resources"] for worker in workers.values()]

    def asking(self, wanted: Amounts) -> AbstractContextManager[Any]:
        """An annotation of Dask's."""
        dask: Any = import_module("dask")
        annotated: AbstractContextManager[Any] = dask.annotate(resources=dict(wanted))
        return annotated


class Ray:
    """Its nodes know their processors, GPUs and memory; the rest they were started with."""

    remedy: ClassVar[str] = "start a node with `ray start` that has {}"
    _WORDS: ClassVar[Any] = {"cpus": "CPU", "gpus": "GPU", "memory": "memory"}
    _OPTIONS: ClassVar[Any] = {"CPU": "num_cpus", "GPU": "num_gpus"}

    def wants(self, hints: Amounts) -> Amounts:
        """Named as Ray does, or as the task does."""
        return {self._WORDS.get(name, name): amount for name, amount in hints.items()}

    def offers(self) -> Sequence[Amounts]:
        """What the nodes that are alive have."""
        ray: Any = import_module("ray")
        return [node["Resources"] for node in ray.nodes() if node["Alive"]]

    def asking(self, wanted: Amounts) -> AbstractContextManager[Any]:
        """Options of the remote function that each task becomes."""
        context: Any = import_module("prefect_ray.context")
        given: dict[str, Any] = {
            option: wanted[word] for word, option in self._OPTIONS.items() if word in wanted
        }
        if "memory" in wanted:
            given["memory"] = int(wanted["memory"])
        known = {*self._OPTIONS, "memory"}
        given["resources"] = {word: n for word, n in wanted.items() if word not in known}
        options: AbstractContextManager[Any] = context.remote_options(**given)
        return options


class Placing:
    """Has the tasks of one flow run placed as their authors ask, in the thread that submits.

    Args:
        task_runner: Prefect's, which has been started.
        grows: Whether workers may come that are not there yet.
    """

    def __init__(self, task_runner: Any, *, grows: bool) -> None:
        kinds = [kind.__name__ for kind in type(task_runner).__mro__]
        self._cluster: Cluster | None = None
        if "DaskTaskRunner" in kinds:
            self._cluster = Dask(task_runner)
        elif "RayTaskRunner" in kinds:
            self._cluster = Ray()
        self._grows = grows
        self._wanted: dict[str, Amounts] = {}
        """By hints: in the cluster's words."""

    def asking(self, step: str, hints: Amounts) -> AbstractContextManager[Any]:
        """What is submitted within it is placed as asked.

        Raises:
            StepFailed: no worker offers what the step asks for, and none will come.
        """
        if self._cluster is None or not hints:
            return nullcontext()
        what = told(hints)
        if what not in self._wanted:
            wanted = self._cluster.wants(hints)
            self._see(self._cluster, step, what, wanted)
            self._wanted[what] = wanted
        return self._cluster.asking(self._wanted[what])

    def tags(self, hints: Amounts) -> Mapping[str, str]:
        """What an execution with such hints is tagged with."""
        return {RESOURCES: told(hints)} if self._cluster is not None and hints else {}

    def _see(self, cluster: Cluster, step: str, what: str, wanted: Amounts) -> None:
        offers = cluster.offers()
        if any(all(o.get(word, 0) >= n for word, n in wanted.items()) for o in offers):
            return
        name = type(cluster).__name__
        if self._grows:
            logging.getLogger("lineal").warning(
                "%s asks for %s: no worker of the %s cluster offers that now", step, what, name
            )
            return
        needed = ",".join(f"{word}={amount:g}" for word, amount in wanted.items())
        raise StepFailed(
            f"The step {step!r} asks for {what}, which no worker of the {name} cluster that was"
            f" started for this run offers. Name a cluster with --address and"
            f" {cluster.remedy.format(needed)}, or take `resources` from the task."
        )
