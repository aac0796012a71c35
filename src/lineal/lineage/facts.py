"""The facts of nodes, put together from rows when somebody looks at them.

A graph has thousands of nodes of which few are read closely, and decoding what is known of
each would take longer than finding all of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from lineal.catalog import Flow, Thing
from lineal.records.step import RUN_SHIFT

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Facts(Mapping[str, Any]):
    """A mapping that is made when it is first read."""

    __slots__ = ("_made", "_make", "_of")

    def __init__(self, make: Callable[[Any], dict[str, Any]], of: Any) -> None:
        self._make = make
        self._of = of
        self._made: dict[str, Any] | None = None

    @property
    def made(self) -> dict[str, Any]:
        """The facts themselves; what is not known is left out."""
        if self._made is None:
            facts = self._make(self._of)
            self._made = {k: v for k, v in facts.items() if v not in (None, {}, [], "")}
        return self._made

    def __getitem__(self, name: str) -> Any:
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)

    def __repr__(self) -> str:
        return repr(self.made)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self.made,)


class FlowFacts:
    """The facts of everything in a flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def artifact(self, thing: Thing) -> dict[str, Any]:
        """Of an artifact; of one that is only a part of another, its digest and names."""
        digest, _ = thing
        facts: dict[str, Any] = {"digest": digest}
        row = self.artifacts.get(digest)
        if row is not None:
            _, kind, type_, size, profile, *_ = row
            facts |= {"kind": kind, "type": type_, "size": size, "profile": json.loads(profile)}
        facts["names"] = list(self._names.get(thing, ()))
        facts["paths"] = list(self.paths.get(digest, ()))
        return facts

    def execution(self, row: Any) -> dict[str, Any]:
        """Of an execution."""
        id_, step, task, status, code, started, finished, wall, _ = row
        number = id_ >> RUN_SHIFT
        run = self._runs[number]
        return {
            "step": step,
            "task": task,
            "run": number,
            "run_id": run.id,
            "pipeline": run.pipeline,
            "status": status,
            "params": self._settings.get(id_),
            "metrics": self._metrics.get(id_),
            "code": code,
            "environment": run.environment,
            "started_at": time(started),
            "finished_at": time(finished),
            "wall_seconds": wall,
            "nondeterministic": list(self._flow.nondeterministic.get(id_, ())),
        }

    def run(self, row: Any) -> dict[str, Any]:
        """Of a run."""
        return {
            "number": row.number,
            "id": row.id,
            "name": row.name,
            "pipeline": row.pipeline,
            "params": self._run_params.get(row.number),
            "started_at": time(row.started_at),
            "by": row.user,
            "reused": True if row.number in self._flow.only_reused else None,
        }

    def model(self, row: Any) -> dict[str, Any]:
        """Of a model version."""
        return {
            "name": row.name,
            "version": row.version,
            "digest": row.artifact,
            "status": row.status,
            "description": row.description,
            "aliases": [a.alias for a in self._flow.model_aliases if a.model_version_id == row.id],
            "tags": {t.key: t.value for t in self._flow.model_tags if t.model_version_id == row.id},
            "metrics": json.loads(row.metrics),
            "signature": json.loads(row.signature) if row.signature else None,
            "created_at": time(row.created_at),
            "created_by": row.created_by,
        }

    @cached_property
    def artifacts(self) -> dict[str, Any]:
        """The rows of artifacts by digest; none of one that is only a part of another."""
        return {row[0]: row for row in self._flow.artifacts}

    @cached_property
    def paths(self) -> dict[str, dict[str, None]]:
        """By digest: where files were read from, also by steps that were reused."""
        paths: dict[str, dict[str, None]] = {}
        read_as: dict[tuple[int, str], str] = {}
        for execution, name, artifact, value, _ in self._flow.used:
            if value is not None:
                paths.setdefault(artifact, {})[value] = None
                read_as[execution, name] = artifact
        for origin, bindings in self._flow.paths:
            for name, bound in json.loads(bindings or "{}").items():
                digest = read_as.get((origin, name))
                if digest is not None and isinstance(bound, str):
                    paths.setdefault(digest, {})[bound] = None
        return paths

    @cached_property
    def _names(self) -> dict[Thing, dict[str, None]]:
        """By artifact: what executions called it."""
        thing = self._flow.thing
        names: dict[Thing, dict[str, None]] = {}
        for execution, name, artifact in self._flow.generated:
            names.setdefault(thing(artifact, execution), {})[name] = None
        for _, name, artifact, _, maker in self._flow.used:
            names.setdefault(thing(artifact, maker), {})[name] = None
        return names

    @cached_property
    def _settings(self) -> dict[int, dict[str, str]]:
        settings: dict[int, dict[str, str]] = defaultdict(dict)
        for execution, name, _, value, _ in self._flow.settings:
            settings[execution][name] = value
        return settings

    @cached_property
    def _metrics(self) -> dict[int, dict[str, float | None]]:
        metrics: dict[int, dict[str, float | None]] = defaultdict(dict)
        for execution, key, labels, last in self._flow.metrics:
            metrics[execution][_series(key, labels)] = last
        return metrics

    @cached_property
    def _runs(self) -> dict[int, Any]:
        return {row.number: row for row in self._flow.runs}

    @cached_property
    def _run_params(self) -> dict[int, dict[str, str]]:
        params: dict[int, dict[str, str]] = defaultdict(dict)
        for number, key, value in self._flow.run_params:
            params[number][key] = value
        return params


def time(stamp: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    return None if stamp is None else (_EPOCH + timedelta(microseconds=stamp)).isoformat()


def _series(key: str, labels: str) -> str:
    """A metric by its name with its slice: ``auc[sex=female]``."""
    if labels == "{}":
        return key
    return f"{key}[{','.join(f'{k}={v}' for k, v in json.loads(labels).items())}]"
