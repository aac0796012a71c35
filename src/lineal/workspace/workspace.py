"""The workspace itself: it opens the rooms, runs pipelines, and answers in three parts more."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from lineal.backfill import Backfilling
from lineal.catalog import Batch, Catalog
from lineal.comparing import Comparing
from lineal.config import Settings, read_settings
from lineal.digests.memo import MEMO, StatMemo
from lineal.errors import StoreUnwritable, UserError
from lineal.following import Following
from lineal.metrics import MetricStore
from lineal.pipeline import Pipeline
from lineal.planning import Plan, Policy
from lineal.records import ModelVersion, execution_id
from lineal.registry import Registry, register_output
from lineal.running import ActiveRun, Run, RunOptions, Services, plan_pipeline, run_pipeline
from lineal.running import start_run as open_block
from lineal.running.beating import SILENCE
from lineal.running.opening import is_alive
from lineal.store import StoreFolder

from .lineage import LineageQuestions
from .places import root_of
from .replays import Replays


class Workspace(Backfilling, Comparing, Following, LineageQuestions, Replays):
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
        root = root_of(os.fspath(url) if url is not None else settings.store)
        folder = StoreFolder.open(root)
        catalog = Catalog.open(settings.catalog or f"sqlite:///{root / 'catalog.db'}")
        services = Services(
            root=root,
            catalog=catalog,
            values=folder.values(trust_pickle=settings.trust_pickle, profiles=settings.profiles),
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
        """Options of a run; the settings stand in for what is not given.

        Raises:
            UserError: there is no such option.
        """
        known = [field.name for field in fields(RunOptions)]
        unknown = ", ".join(repr(name) for name in given if name not in known)
        if unknown:
            raise UserError(f"There is no option {unknown} of a run; there are {', '.join(known)}.")
        settings = self.settings
        names = ("runner", "task_runner", "address", "workers", "seed", "observe")
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

    def _note_lost_runs(self) -> None:
        lost = self.services.catalog.lost_runs(is_alive, silence=SILENCE)
        if lost:
            gone = {record.id for record in lost}
            self.services.metrics.recover(lambda name: name not in gone)
            for record in lost:
                ids = range(execution_id(record.number, 0), execution_id(record.number + 1, 0))
                summaries = tuple(self.services.metrics.summaries(ids))
                if summaries:
                    self.services.catalog.commit(Batch(metrics=summaries))
