"""Dask and Ray: the task runners of clusters, started here or found at an address."""

from __future__ import annotations

import os
from typing import Any


def dask(workers: int, address: str | None) -> Any:
    """A task runner on a Dask cluster: one at an address, or processes of this machine."""
    from prefect_dask.task_runners import DaskTaskRunner

    if address is not None:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": workers,
            "threads_per_worker": 1,
            "processes": True,
            "dashboard_address": None,
            "host": "127.0.0.1",
        }
    )


def ray(workers: int, address: str | None) -> Any:
    """A task runner on a Ray cluster: one at an address, or one started on this machine."""
    from prefect_ray.task_runners import RayTaskRunner

    if address is not None:
        return RayTaskRunner(address=address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return RayTaskRunner(init_kwargs={"num_cpus": workers, "include_dashboard": False})
