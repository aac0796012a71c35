"""Schedules: deployments of Prefect's whose flow runs are runs of a pipeline's file.

All that is known of a schedule lies with Prefect; what is here puts it there and reads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from lineal.errors import ReferenceNotFound, UserError

from . import quiet

TAG = "lineal"
"""The tag of the deployments that are schedules of ours."""
ENTRY = "lineal.cli.scheduled.scheduled"
"""The flow that all of them run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a pipeline is run, and with what."""

    id: str
    """Of the deployment."""
    name: str
    pipeline: str
    """``FILE:PIPELINE``, from anywhere."""
    cron: str
    timezone: str
    parameters: tuple[str, ...]
    """``name=value`` texts."""
    folder: str
    """The working directory of its runs."""
    store: str
    pool: str | None
    """The work pool whose workers run it; None where `serve` does."""
    paused: bool
    next_run: datetime | None
    """None where the scheduler has planned none yet."""


def add(
    *,
    name: str,
    flow: str,
    cron: str,
    timezone: str,
    pool: str | None,
    parameters: Mapping[str, Any],
) -> Schedule:
    """Make a schedule, or change the one of this name.

    Args:
        name: Of the schedule.
        flow: Name of the pipeline.
        cron: When: minute, hour, day of the month, month, day of the week.
        timezone: By whose clock, an IANA name.
        pool: The work pool whose workers run it.
        parameters: What the flow is given.

    Raises:
        UserError: the times can't be read, or there is no such work pool.
    """
    with _api() as api:
        from prefect.client.schemas.schedules import CronSchedule
        from pydantic import ValidationError

        try:
            when = CronSchedule(cron=cron, timezone=timezone)
        except ValidationError as error:
            raise UserError(
                f"The schedule can't be --cron {cron!r} --timezone {timezone!r}:"
                f" {error.errors()[0]['msg']}. A cron has five fields, such as '0 2 * * *' for two"
                " at night; a zone is an IANA name, such as Europe/Berlin."
            ) from None
        flow_id = api.post("/flows/", {"name": flow})["id"]
        if pool is not None and not api.post(
            "/work_pools/filter", {"work_pools": {"name": {"any_": [pool]}}}
        ):
            raise UserError(
                f"There is no work pool {pool!r}; make it with `prefect work-pool create {pool}"
                " --type process`."
            )
        made = api.post(
            "/deployments/",
            {
                "name": name,
                "flow_id": flow_id,
                "entrypoint": ENTRY,
                "parameters": dict(parameters),
                "schedules": [{"schedule": when.model_dump(mode="json"), "active": True}],
                "tags": [TAG],
                "work_pool_name": pool,
                "paused": False,
                "enforce_parameter_schema": False,
                **({} if pool is None else {"pull_steps": []}),
            },
        )
        return _schedule(api, made)


def listed() -> list[Schedule]:
    """All schedules, by name."""
    with _api() as api:
        return [_schedule(api, found) for found in _deployments(api)]


def pause(name: str) -> None:
    """Have no further run begun. Raises ReferenceNotFound."""
    with _api() as api:
        api.post(f"/deployments/{_found(api, name)['id']}/pause_deployment", {})


def resume(name: str) -> None:
    """Have runs begun again. Raises ReferenceNotFound."""
    with _api() as api:
        api.post(f"/deployments/{_found(api, name)['id']}/resume_deployment", {})


def remove(name: str) -> None:
    """Forget a schedule; what it has run stays. Raises ReferenceNotFound."""
    with _api() as api:
        api.delete(f"/deployments/{_found(api, name)['id']}")


def serve(limit: int | None = None) -> int:
    """Run what is due, until this process is told to end; returns how many schedules there were.

    Raises:
        UserError: there is none that a work pool does not see to.
    """
    with _api() as api:
        mine = [found for found in _deployments(api) if found["work_pool_name"] is None]
        flows = {flow["id"]: flow["name"] for flow in api.post("/flows/filter", {})}
    if not mine:
        raise UserError(
            "There is no schedule to serve; make one with `lineal schedule add FILE --cron …`."
            " Those of a work pool are run by its workers: `prefect worker start --pool NAME`."
        )
    from prefect.deployments.runner import RunnerDeployment
    from prefect.runner import Runner

    runner = Runner(name="lineal", pause_on_shutdown=False, limit=limit)
    for found in mine:
        schedules: list[Any] = [
            {"schedule": s["schedule"], "active": s["active"]} for s in found["schedules"]
        ]
        runner.add_deployment(
            RunnerDeployment(
                name=found["name"],
                flow_name=flows[found["flow_id"]],
                entrypoint=found["entrypoint"],
                parameters=found["parameters"],
                schedules=schedules,
                tags=found["tags"],
                paused=found["paused"],
                enforce_parameter_schema=False,
            )
        )
    asyncio.run(runner.start())
    return len(mine)


class _api:  # noqa: N801 - it reads as a word in `with _api() as api`
    """Prefect's API, reached as its settings say; what it refuses is a user's mistake."""

    def __enter__(self) -> Self:
        quiet.bring_in(_refuse)
        from prefect.client.orchestration import get_client

        self._client = get_client(sync_client=True)
        self._client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.__exit__(*error)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        response = self._ask("POST", path, json=dict(body))
        return response.json() if response.content else None

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def _ask(self, method: Any, path: Any, **how: Any) -> Any:
        import httpx

        try:
            return self._client.request(method, path, **how)
        except httpx.HTTPError as error:
            raise UserError(
                f"Prefect's API at {self._client.api_url} does not do what is asked"
                f" ({type(error).__name__}: {error}). See that it answers: `prefect version`."
            ) from error


def _refuse(environment: Mapping[str, str]) -> str:  # noqa: ARG001
    raise UserError(
        "Schedules need a Prefect server that stays: start one with `prefect server start`, and"
        " name it with PREFECT_API_URL or `prefect config set PREFECT_API_URL=…`."
    )


def _deployments(api: _api) -> list[dict[str, Any]]:
    found = api.post(
        "/deployments/filter", {"deployments": {"tags": {"all_": [TAG]}}, "sort": "NAME_ASC"}
    )
    return [item for item in found if item["entrypoint"] == ENTRY]


def _found(api: _api, name: str) -> dict[str, Any]:
    known = _deployments(api)
    for item in known:
        if item["name"] == name:
            return item
    names = ", ".join(item["name"] for item in known) or "none"
    raise ReferenceNotFound(f"There is no schedule {name!r}; there is {names}.")


def _schedule(api: _api, found: Mapping[str, Any]) -> Schedule:
    planned = api.post(
        "/flow_runs/filter",
        {
            "flow_runs": {
                "deployment_id": {"any_": [found["id"]]},
                "state": {"type": {"any_": ["SCHEDULED"]}},
            },
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": 1,
        },
    )
    given = found["parameters"]
    when = found["schedules"][0]["schedule"] if found["schedules"] else {}
    return Schedule(
        id=found["id"],
        name=found["name"],
        pipeline=given["pipeline"],
        cron=when.get("cron", ""),
        timezone=when.get("timezone") or "UTC",
        parameters=tuple(given["parameters"]),
        folder=given["folder"],
        store=given["store"],
        pool=found["work_pool_name"],
        paused=found["paused"],
        next_run=datetime.fromisoformat(planned[0]["expected_start_time"]) if planned else None,
    )
