"""Dask and Ray: the task runners of clusters, started here or found at an address."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any
from urllib.parse import urlsplit

from lineal.errors import UserError

PATIENCE = 10.0
"""Seconds that a cluster may take to answer."""
_STARTED_WITH = {"dask": "dask scheduler", "ray": "ray start --head"}
_PLAIN = ("", "tcp", "tls", "ws", "wss", "ray")
"""Schemes of addresses at which something listens as ever."""


def see(word: str, address: str) -> None:
    """See that something listens at the address of a cluster; one of Ray's may be just a word.

    Raises:
        UserError: nothing does, or it is no address.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    if parts.scheme not in _PLAIN:
        return
    try:
        host, port = parts.hostname, parts.port
        if word == "ray" and port is None:
            return
        socket.create_connection((host or "", port or 0), PATIENCE).close()
    except (OSError, ValueError) as error:
        raise UserError(
            f"No {word.title()} cluster answers at {address!r} ({error}). Start one with"
            f" `{_STARTED_WITH[word]}`, or correct --address, which is like tcp://HOST:PORT;"
            " without one a cluster is started here."
        ) from None


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
            # It serves something all the same; a fixed port is for one cluster only.
            "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"},
            "host": "127.0.0.1",
        }
    )


def ray(workers: int, address: str | None) -> Any:
    """A task runner on a Ray cluster: one at an address, or one started on this machine."""
    from prefect_ray.task_runners import RayTaskRunner

    quiet = {"logging_level": logging.ERROR}
    if address is not None:
        return RayTaskRunner(address=address, init_kwargs=quiet)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return RayTaskRunner(init_kwargs={"num_cpus": workers, "include_dashboard": False, **quiet})
