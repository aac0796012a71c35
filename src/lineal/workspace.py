"""The workspace: where the rooms meet, one short method per journey and no logic."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlparse

from lineal.catalog import Batch, Catalog
from lineal.comparing import Comparing
from lineal.config import Settings, read_settings
from lineal.digests.memo import StatMemo
from lineal.errors import ConfigurationError, StoreUnwritable, UserError
from lineal.lineage import LineageGraph
from lineal.lineage.building import build
from lineal.lineage.ways import shortest
from lineal.metrics import MetricStore
from lineal.pipeline import Pipeline
from lineal.planning import Plan, Policy
from lineal.records import (
    Artifact,
    Environment,
    Execution,
    ModelVersion,
    Node,
    RunRecord,
    execution_id,
)
from lineal.references import Located, locate, run_behind, starting_point
from lineal.registry import Registry, register_output
from lineal.replay import Asked, Frozen, Report, Thawed, Verified, freeze, replay, thaw, verify
from lineal.running import ActiveRun, Run, RunOptions, Services, plan_pipeline, run_pipeline
from lineal.running import start_run as open_block
from lineal.running.opening import is_alive
from lineal.running.results import load_result
from lineal.store import StoreFolder, find_store

FOLDER = ".lineal"
MEMO = "stat-memo"
LINEAGE_LIMIT = 10_000
"""Artifacts in a lineage graph, unless told otherwise."""
IMPACT_LIMIT = 100_000
"""Artifacts that an impact goes to, unless told otherwise."""


class Workspace(Comparing):
    """A store and its catalog, opened."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self.services = services
        self.settings = settings

    @classmethod
    def open(cls, url: str | os.PathLike[str] | None = None) -> Workspace:
        """Open a store, and make it where there is none.

        Args:
            url: A folder, which may be missing or empty, or a ``file://`` URL. By default
                what LINEAL_STORE or the configuration names, else the nearest ``.lineal/``
                above the working directory, else a new one in it.

        Raises:
            ConfigurationError: the URL is of a kind that can't be a store.
            StoreVersionError: the store was written by a newer lineal.
            StoreUnwritable: it can't be made or written.
        """
        settings = read_settings()
        root = _root(os.fspath(url) if url is not None else settings.store)
        folder = StoreFolder.open(root)
        catalog = Catalog.open(settings.catalog or f"sqlite:///{root / 'catalog.db'}")
        services = Services(
            root=root,
            catalog=catalog,
            values=folder.values(trust_pickle=settings.trust_pickle),
            metrics=MetricStore(root / "metrics"),
            memo=StatMemo.load(root / MEMO),
        )
        workspace = cls(services, settings)
        with suppress(StoreUnwritable):  # a store that can only be read is read as it is
            workspace._note_lost_runs()
        return workspace

    @cached_property
    def registry(self) -> Registry:
        """Models, deployments and datasets by name."""
        return Registry(self.services.catalog)

    @property
    def root(self) -> Path:
        """The store's folder."""
        return self.services.root

    def close(self) -> None:
        """Let go of the catalog."""
        self.services.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def options(self, **given: Any) -> RunOptions:
        """Options of a run; the settings stand in for what is not given."""
        settings = self.settings
        names = ("runner", "workers", "seed", "observe")
        defaults = {name: getattr(settings, name) for name in names}
        return RunOptions(**{**defaults, **{k: v for k, v in given.items() if v is not None}})

    def run(
        self,
        pipeline: Pipeline[..., Any],
        arguments: Mapping[str, Any] | None = None,
        options: RunOptions | None = None,
    ) -> Run:
        """Run a pipeline; returns the run, whatever its status."""
        bound = pipeline.bind(**(arguments or {}))
        return run_pipeline(self.services, pipeline, bound, options or self.options())

    def plan(
        self,
        pipeline: Pipeline[..., Any],
        arguments: Mapping[str, Any] | None = None,
        *,
        policy: Policy | None = None,
    ) -> Plan:
        """What a run would do and why; runs nothing."""
        options = self.options(policy=policy)
        bound = pipeline.bind(**(arguments or {}))
        return plan_pipeline(self.services, pipeline, bound, options)

    @contextmanager
    def start_run(
        self, name: str = "run", *, code_file: str | None = None, **options: Any
    ) -> Iterator[ActiveRun]:
        """Record the block as a run; options as those of `RunOptions`."""
        with open_block(self.services, name, self.options(**options), code_file) as active:
            yield active

    def get_run(self, reference: str) -> Run:
        """One run, by id or a unique beginning of it, number, name or ``latest``."""
        located = locate(self.services.catalog, reference, runs_only=True)
        assert located.run is not None
        return Run(located.run, lambda record: load_result(self.services, record))

    def execution(self, run: str, step: str) -> Execution:
        """One execution of a run."""
        return self.get_run(run).execution(step)

    def locate(self, reference: str) -> Located:
        """What a reference names: a run's result, a step's output, or an artifact."""
        return locate(self.services.catalog, reference)

    def lineage(
        self,
        reference: str,
        direction: str = "up",
        depth: int | None = None,
        limit: int = LINEAGE_LIMIT,
    ) -> LineageGraph:
        """What made a thing, or what was made of it, as a graph.

        Args:
            reference: Of any kind; see `lineal.references`.
            direction: ``up`` for what it came from, ``down`` for what came from it, ``both``, or
                ``none`` for the thing alone.
            depth: How many executions to pass; all by default.
            limit: How many artifacts to reach at the most; where there are more, the graph
                says it is truncated, and holds the nearest.

        Raises:
            ReferenceNotFound: nothing answers to the reference.
            AmbiguousReference: several things do.
        """
        up, down = _ways(direction)
        start = starting_point(self.services.catalog, reference)
        return build(
            self.services.catalog.lineage(start, up=up, down=down, depth=depth, limit=limit)
        )

    def impact(
        self, reference: str, *, page: int = 200, limit: int = IMPACT_LIMIT
    ) -> Iterator[LineageGraph]:
        """What was made of a thing, in pages: the first at once, however much there is.

        Args:
            reference: Of any kind; also a code file, and a package as ``numpy==2.4.0``.
            page: Artifacts in a page.
            limit: How many artifacts to reach at the most; the last page says if it is
                truncated.

        Raises:
            ReferenceNotFound: nothing answers to the reference.
            AmbiguousReference: several things do.
        """
        start = starting_point(self.services.catalog, reference)
        pages = self.services.catalog.impact(start, page=page, limit=limit)
        return map(build, pages)

    def path(self, effect: str, cause: str) -> list[Node]:
        """The shortest way from one thing to another that it came from.

        Where the first came not from the second, but the second from the first, it is the
        way from the second. It is empty where neither came from the other.
        """
        ends = self.lineage(effect, "none"), self.lineage(cause, "none")
        return shortest(self.lineage(effect, limit=IMPACT_LIMIT), ends[1]) or shortest(
            self.lineage(cause, limit=IMPACT_LIMIT), ends[0]
        )

    def replay(self, reference: str, asked: Asked | None = None) -> Report:
        """Run a past run again, and compare every output with what was recorded.

        Args:
            reference: A run, or something that a run made.
            asked: How; by default with its code, its data, its parameters and its seed.

        Raises:
            UserError: nothing answers to the reference, or it can't be replayed like this.
            StoreError: the code, or an argument, is gone.
        """
        record = self.run_behind(reference)
        return replay(self.services, record, asked or Asked(), self._for_processes())

    def verify(self, reference: str | None = None, *, data: bool = False) -> Verified:
        """Check that all that a run reaches is there and as it was recorded.

        Args:
            reference: A run, or something that a run made; every run by default.
            data: Whether every value is decoded, too, and its digest computed anew.
        """
        catalog = self.services.catalog
        if reference is not None:
            return verify(self.services, [self.run_behind(reference)], data=data)
        return verify(self.services, [catalog.run(r.id) for r in catalog.runs()], data=data)

    def freeze(self, reference: str, target: Path) -> Frozen:
        """Write a run, with all it takes to replay it, to one file."""
        return freeze(self.services, self.run_behind(reference), target)

    def thaw(self, source: Path) -> Thawed:
        """Take a frozen run into this store.

        Raises:
            FrozenRunRefused: the file was tampered with; nothing is taken in then.
        """
        return thaw(self.services, source)

    def run_behind(self, reference: str) -> RunRecord:
        """The run that a reference names, or that made what it names."""
        return run_behind(self.services.catalog, reference)

    def _for_processes(self) -> dict[str, str]:
        """The settings in force as variables, for a process that works elsewhere."""
        given = self.settings.model_dump(exclude_none=True)
        given["store"] = str(self.root)
        return {f"LINEAL_{name.upper()}": str(value) for name, value in given.items()}

    def register(
        self,
        name: str,
        reference: str,
        *,
        gates: tuple[str, ...] = (),
        alias: str | None = None,
        description: str = "",
    ) -> ModelVersion:
        """Register a model that a past run made: ``register("fraud", "12:fit")``.

        Raises:
            RegistryRefusal: the run failed, there is no model in it, several are, or it is
                registered already.
        """
        located = self.locate(reference)
        if located.run is None:
            raise UserError(f"Name the run that made it, not {reference!r}: RUN:STEP.")
        return register_output(
            self.services.catalog,
            self.registry,
            name,
            located.run,
            located.execution,
            located.artifact.digest if located.artifact else None,
            gates=gates,
            alias=alias,
            description=description,
        )

    def get(self, reference: str) -> Any:
        """The value a reference names."""
        located = self.locate(reference)
        if located.artifact is None:
            assert located.run is not None
            return load_result(self.services, located.run)
        return self.services.values.load(located.artifact)

    def export(self, artifact: Artifact, target: Path) -> Path:
        """Write an artifact to a file, in the format its ending names."""
        return self.services.values.export(artifact, target)

    def metrics(self, run: Run, key: str | None = None) -> Any:
        """The points of a run's metrics as a pyarrow table."""
        ids = {m.execution_id for m in run.record.metrics}
        return self.services.metrics.read(sorted(ids), key)

    def environment(self, run: Run) -> Environment | None:
        """Where a run happened."""
        digest = run.record.environment
        return None if digest is None else self.services.catalog.environment(digest)

    def _note_lost_runs(self) -> None:
        lost = self.services.catalog.lost_runs(is_alive)
        if lost:
            gone = {record.id for record in lost}
            self.services.metrics.recover(lambda name: name not in gone)
            for record in lost:
                ids = range(execution_id(record.number, 0), execution_id(record.number + 1, 0))
                summaries = tuple(self.services.metrics.summaries(ids))
                if summaries:
                    self.services.catalog.commit(Batch(metrics=summaries))


_WAYS = {"up": (True, False), "down": (False, True), "both": (True, True), "none": (False, False)}


def _ways(direction: str) -> tuple[bool, bool]:
    """Whether to go up, and whether to go down."""
    if direction not in _WAYS:
        raise UserError(f"There is no direction {direction!r}; choose {', '.join(_WAYS)}.")
    return _WAYS[direction]


def _root(url: str | None) -> Path:
    if url is None:
        return find_store(Path.cwd()) or Path.cwd() / FOLDER
    if "://" not in url:
        return Path(url).expanduser().absolute()
    parts = urlparse(url)
    if parts.scheme != "file":
        raise ConfigurationError(
            f"The store {url!r} can't be opened: only folders and file:// URLs can hold one."
            " Set LINEAL_STORE to a folder."
        )
    return Path(unquote(parts.path)).absolute()


_current: dict[tuple[int, str], Workspace] = {}
_lock = threading.Lock()


def current_workspace() -> Workspace:
    """The workspace of this process for where it stands; opened once per store."""
    root = _root(read_settings().store)
    with _lock:
        place = (os.getpid(), str(root))
        if place not in _current:
            _current[place] = Workspace.open(root)
        return _current[place]


@atexit.register
def close_current() -> None:
    """Close the workspaces that this process opened by itself; it does so when it ends."""
    with _lock:
        for place in [place for place in _current if place[0] == os.getpid()]:
            _current.pop(place).close()


class _Launcher:
    """Runs pipelines that are called or asked to run, in the current workspace."""

    def run(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Run:
        workspace = current_workspace()
        return run_pipeline(workspace.services, pipeline, arguments, workspace.options())

    def call(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Any:
        run = self.run(pipeline, arguments)
        if run.exception is not None:
            raise run.exception
        return run.result if run.record.result else None

    def plan(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Plan:
        workspace = current_workspace()
        return plan_pipeline(workspace.services, pipeline, arguments, workspace.options())


launcher = _Launcher()


@contextmanager
def start_run(
    name: str = "run",
    *,
    experiment: str | None = None,
    tags: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Iterator[ActiveRun]:
    """Record a block of a script or notebook as one run.

    Args:
        name: The run's name.
        experiment: The group it belongs to; ``default`` if none is named.
        tags: Tags it starts with.
        note: A text about it.
    """
    import sys

    frame = sys._getframe(2)  # noqa: SLF001 - the caller of the `with`
    options = RunOptions(experiment=experiment, tags=tags or {}, note=note or "")
    workspace = current_workspace()
    options = replace(options, seed=workspace.settings.seed)
    with open_block(workspace.services, name, options, frame.f_code.co_filename) as active:
        yield active
