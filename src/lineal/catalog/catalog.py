"""The facade: each method is one transaction."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from lineal.digests.digest import Digest
from lineal.errors import ReferenceNotFound
from lineal.records import (
    Artifact,
    CodeIdentity,
    CodeSnapshot,
    Environment,
    MetricSummary,
    Nondeterminism,
    Output,
    Precedent,
    Prior,
    RunRecord,
    RunStatus,
)

from . import (
    artifacts,
    committing,
    executions,
    finding,
    leases,
    lineage,
    naming,
    precedents,
    priors,
    runs,
    search,
    varying,
)
from .batch import Batch, Experiment
from .database import BUSY_TIMEOUT, Database
from .environments import environment, record_environment
from .finding import Named
from .flow import Flow, Start
from .migrate import bring_up_to_date
from .names import Names
from .rows import clean


class Catalog:
    """The SQL facts of one store. Every method may be called from any thread.

    What a writing method has done is durable when it returns, unless it says otherwise. All raise
    `CatalogBusy` when another process holds the catalog for too long, and
    `StoreUnwritable` when it is read-only or its disk is full; nothing is half done then.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.names = Names(database)
        """Models, deployments and datasets."""
        self.leases = leases.Leases(database)
        """Who executes which key now."""

    @classmethod
    def open(cls, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Catalog:
        """Open a catalog, making or upgrading its tables where that is needed.

        Args:
            url: An SQLAlchemy URL: ``sqlite:////absolute/path/catalog.db``.
            busy_timeout: Seconds to wait for another process before giving up.

        Raises:
            StoreVersionError: When a newer version of lineal wrote it.
            StoreUnwritable: When it can't be made or opened for writing.
            ConfigurationError: When the URL is not one.
        """
        database = Database(url, busy_timeout=busy_timeout)
        try:
            bring_up_to_date(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Writing

    def begin_run(self, record: RunRecord, environment: Environment | None = None) -> int:
        """Write a new run, its experiment if new, parameters and tags; returns its number.

        Everyone sees it at once, and it is durable with whatever is written next.

        Args:
            record: The run.
            environment: Its environment, when that may not be known yet.
        """
        with self._database.write(durable=False) as connection:
            if environment is not None:
                record_environment(connection, environment)
            return runs.begin(connection, record)

    def heartbeat(self, run_number: int) -> None:
        """Note that a run still goes on, with all the leases that it holds."""
        with self._database.write(durable=False) as connection:
            stamp = leases.renew(connection, run_number)
            runs.heard_of(connection, run_number, stamp)

    def finish_run(
        self,
        run_number: int,
        *,
        status: RunStatus,
        finished_at: datetime,
        error: str | None = None,
        result: Sequence[Output] = (),
        code: CodeSnapshot | None = None,
    ) -> None:
        """Write how a run ended; it holds nothing any more."""
        with self._database.write() as connection:
            leases.end_all(connection, run_number)
            runs.finish(
                connection,
                run_number,
                status=status,
                finished_at=finished_at,
                error=error,
                result=result,
                code=code,
            )

    def record_environment(self, env: Environment) -> None:
        """Write an environment; one that is known already is passed over."""
        with self._database.write() as connection:
            record_environment(connection, env)

    def set_tags(self, run_number: int, tags: Mapping[str, str]) -> None:
        """Write tags of a run; one of the same name is replaced."""
        with self._database.write() as connection:
            runs.set_tags(connection, run_number, tags)

    def set_params(self, run_number: int, params: Mapping[str, str]) -> None:
        """Write parameters of a run.

        Raises:
            ParameterError: When one has another value already; none is written then.
        """
        with self._database.write() as connection:
            runs.set_params(connection, run_number, params)

    def set_note(self, run_number: int, note: str) -> None:
        """Write a run's note in place of the one before."""
        with self._database.write() as connection:
            runs.change(connection, run_number, {"note": clean(note)})

    def commit(self, batch: Batch) -> None:
        """Write a batch, wholly or not at all.

        One that tells of reuse alone is durable with what is written next, as nothing would
        have to be computed again without it.
        """
        with self._database.write(durable=not batch.only_reuse) as connection:
            committing.commit(connection, batch)
            leases.end(connection, batch.released)

    def forget_bytes(self, digests: Sequence[Digest]) -> None:
        """Record that artifacts' bytes are gone, so that nothing is reused from them."""
        with self._database.write() as connection:
            artifacts.forget_bytes(connection, digests)

    def lost_runs(
        self, is_alive: Callable[[RunRecord], bool], *, silence: float
    ) -> list[RunRecord]:
        """Mark running runs as lost whose process or whose machine is gone, and return them.

        Nothing is written when there are none, so that asking often costs little.

        Args:
            is_alive: Whether the process of a run on this machine is still there.
            silence: Seconds without a heartbeat after which a run on another machine is lost.
        """
        here = clean(socket.gethostname())
        with self._database.read() as connection:
            since = leases.clock(connection) - int(silence * 1e6)
            running = runs.going_on(connection, here, since)
        gone = [run.number for run in running if run.host != here or not is_alive(run)]
        if not gone:
            return []
        with self._database.write() as connection:
            return runs.mark_lost(connection, gone)

    # Reading: keys and what they find

    def lookup(self, keys: Sequence[Digest]) -> dict[Digest, tuple[Prior, ...]]:
        """The executed executions of every key that has any, newest first, in one query."""
        if not keys:
            return {}
        # What an execution was given and made is written with it, and never changes.
        with self._database.glance(one_state=False) as glance:
            return priors.lookup(glance, keys)

    def preload(self, pipeline: str) -> dict[Digest, tuple[Prior, ...]]:
        """What the most recent finished run of a pipeline executed or reused, by key."""
        with self._database.glance() as glance:
            return priors.preload(glance, pipeline)

    def precedents(self, pipeline: str, steps: Sequence[str]) -> dict[str, Precedent]:
        """The latest execution of each step in recent runs of a pipeline."""
        with self._database.glance() as glance:
            return precedents.precedents(glance, pipeline, steps)

    def nondeterministic_keys(self, keys: Sequence[Digest]) -> list[Nondeterminism]:
        """Those of some keys whose executions gave different content."""
        with self._database.read() as connection:
            return varying.of_keys(connection, keys)

    def nondeterministic_codes(self, codes: Sequence[Digest]) -> list[Nondeterminism]:
        """The keys with some code whose executions gave different content."""
        with self._database.read() as connection:
            return varying.of_codes(connection, codes)

    def code(self, digest: Digest) -> CodeIdentity:
        """The components of a code.

        Raises:
            ReferenceNotFound: When the catalog does not know it.
        """
        found = self.codes([digest])
        if digest not in found:
            raise ReferenceNotFound(f"No code answers to {digest} in the catalog.")
        return found[digest]

    def codes(self, digests: Sequence[Digest]) -> dict[Digest, CodeIdentity]:
        """Codes by digest; unknown ones are left out."""
        with self._database.read() as connection:
            return artifacts.codes_of(connection, digests)

    def artifacts(self, digests: Sequence[Digest]) -> dict[Digest, Artifact]:
        """Artifacts by digest; unknown ones are left out."""
        with self._database.read() as connection:
            return artifacts.artifacts_of(connection, digests)

    def artifacts_by_prefix(self, prefix: str) -> list[Artifact]:
        """Artifacts whose digest begins so, with its algorithm or without."""
        with self._database.read() as connection:
            return artifacts.artifacts_by_prefix(connection, prefix)

    def environment(self, digest: Digest) -> Environment:
        """An environment.

        Raises:
            ReferenceNotFound: When the catalog does not know it.
        """
        with self._database.read() as connection:
            return environment(connection, digest)

    # Reading: lineage

    def lineage(self, start: Start, *, up: bool, down: bool, depth: int | None, limit: int) -> Flow:
        """What some things were made of, or what was made of them; see `lineage.lineage`."""
        with self._database.read() as connection:
            return lineage.lineage(connection, start, up=up, down=down, depth=depth, limit=limit)

    def impact(self, start: Start, *, page: int, limit: int) -> Iterator[Flow]:
        """What was made of some things, in pages; see `lineage.impact`."""
        with self._database.read() as connection:
            yield from lineage.impact(connection, start, page=page, limit=limit)

    def artifacts_of_start(self, start: Start) -> list[Digest]:
        """The artifacts that a start and the names in it lead to."""
        with self._database.read() as connection:
            return list(naming.settled(connection, start).artifacts)

    # Reading: what names and places lead to

    def versions_named(self, name: str, version: int) -> list[Named]:
        """The model version and the dataset version of this name."""
        with self._database.read() as connection:
            return finding.versions(connection, name, version)

    def placed(self, name: str, word: str) -> list[Named]:
        """What is on the target of this name, and what has the alias."""
        with self._database.read() as connection:
            found = (
                finding.deployed(connection, name, word),
                finding.aliased(connection, name, word),
            )
            return [named for named in found if named is not None]

    def known_names(self) -> list[str]:
        """Every reference by name that answers now."""
        with self._database.read() as connection:
            return finding.known(connection)

    def codes_in_file(self, path: str) -> list[Digest]:
        """The codes of which a part stands in a file."""
        with self._database.read() as connection:
            return finding.codes_in_file(connection, path)

    def codes_with_package(self, name: str, version: str) -> list[Digest]:
        """The codes that reached a version of a distribution."""
        with self._database.read() as connection:
            return finding.codes_with_package(connection, name, version)

    def known_packages(self) -> list[str]:
        """Every version of a distribution that some code reached."""
        with self._database.read() as connection:
            return finding.packages(connection)

    def contents_read_as(self, path: str) -> list[Digest]:
        """The contents that were read under a path."""
        with self._database.read() as connection:
            return finding.read_as(connection, path)

    def paths_read(self) -> list[str]:
        """Every path under which a file or folder was read."""
        with self._database.read() as connection:
            return finding.paths_read(connection)

    # Reading: runs

    def run(self, id_or_number: str | int) -> RunRecord:
        """A run with its executions.

        Raises:
            ReferenceNotFound: When there is no such run.
        """
        with self._database.read() as connection:
            row = runs.row_of(connection, id_or_number)
            flowed = executions.of_run(connection, row.number)
            return runs.records(connection, [row], executions=flowed)[0]

    def run_number(self, run_id: str) -> int:
        """The number of a run.

        Raises:
            ReferenceNotFound: When there is no such run.
        """
        with self._database.read() as connection:
            return runs.row_of(connection, run_id).number  # type: ignore[no-any-return]

    def metrics(self, run_number: int) -> tuple[MetricSummary, ...]:
        """The metrics of a run: its own, and those of the executions it reused."""
        with self._database.read() as connection:
            return runs.metrics_of(connection, run_number)

    def find_runs(self, reference: str) -> list[str]:
        """The ids that a reference may mean: ``latest``, id or its beginning, number, name."""
        with self._database.read() as connection:
            return runs.find(connection, reference)

    def runs(
        self,
        where: str | None = None,
        order_by: Sequence[str] | None = None,
        limit: int | None = None,
        experiment: str | None = None,
    ) -> list[RunRecord]:
        """Runs without their executions, newest first unless told otherwise.

        Raises:
            FilterError: When `where` or `order_by` can't be understood.
        """
        with self._database.read() as connection:
            statement = search.select_runs(connection, where, order_by, limit, experiment)
            return runs.records(connection, connection.execute(statement).all())

    def places_of(self, execution_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        """The id of the run, and the step, of executions."""
        with self._database.read() as connection:
            return runs.places_of(connection, execution_ids)

    def experiments(self) -> list[Experiment]:
        """Every experiment, in the order they were made."""
        with self._database.read() as connection:
            return runs.all_experiments(connection)
