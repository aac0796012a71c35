"""Opening and closing the record of a run: who, and where."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from msgspec.structs import replace

from lineal.digests.digest import combine
from lineal.digests.environment import environment_facts
from lineal.records import Environment, RunRecord, RunStatus

from .base import RunOptions, Services


def new_run_id() -> str:
    """32 hexadecimal digits that sort by time: the layout of a UUID of version 7 (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | secrets.randbits(80)
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{value:032x}"


def open_run(
    services: Services,
    options: RunOptions,
    *,
    name: str,
    experiment: str,
    pipeline: str | None,
    params: Mapping[str, str],
) -> RunRecord:
    """Write the beginning of a run; returns its record with its number."""
    environment = current_environment()
    record = RunRecord(
        id=new_run_id(),
        number=0,
        name=options.name or name,
        experiment=options.experiment or experiment,
        pipeline=pipeline,
        status=RunStatus.RUNNING,
        started_at=datetime.now(UTC),
        user=_user(),
        host=socket.gethostname(),
        pid=os.getpid(),
        command=" ".join(sys.argv),
        seed=options.seed,
        params=dict(params),
        tags=dict(options.tags),
        note=options.note,
        environment=environment.digest,
    )
    number = services.catalog.begin_run(record, environment)
    return replace(record, number=number)


@cache
def current_environment() -> Environment:
    """This process's environment; distributions installed meanwhile are not seen."""
    facts = environment_facts()
    distributions = dict(facts["distributions"])
    variables = dict(facts["variables"])
    parts = [facts["python"], facts["platform"], facts["cpu"], str(facts["cpu_count"])]
    parts += [f"{k}={v}" for k, v in sorted(distributions.items())]
    parts += [f"{k}={v}" for k, v in sorted(variables.items())]
    return Environment(
        digest=combine("environment", parts),
        python=facts["python"],
        platform=facts["platform"],
        cpu=facts["cpu"],
        cpu_count=facts["cpu_count"],
        distributions=distributions,
        variables=variables,
    )


def tidy_up(services: Services) -> None:
    """After a run: save what is known of files, and merge metrics that lie in many pieces.

    The run is recorded already; nothing here can make it fail.
    """
    services.memo.save()
    services.metrics.tidy()


def is_alive(record: RunRecord) -> bool:
    """Whether the process that writes a run is still there; only asked on its own host."""
    return process_lives(record.pid, record.started_at)


def process_lives(pid: int, at: datetime) -> bool:
    """Whether the process of this host that had the number at a time still has it."""
    import psutil

    try:
        return bool(psutil.Process(pid).create_time() <= at.timestamp() + 1)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else ""
