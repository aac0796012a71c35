"""What a run needs, what can be asked of it, what executes its steps and what watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from lineal.catalog import Catalog
from lineal.digests.memo import StatMemo
from lineal.metrics import MetricStore
from lineal.pipeline.graph import StepNode
from lineal.planning import Policy
from lineal.records import Reason, Resources, RunRecord
from lineal.store import Reserve, ValueStore

from .execute import Outcome, StepCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The rooms that a run is written to and read from."""

    root: Path
    """The store's folder."""
    catalog: Catalog
    values: ValueStore
    metrics: MetricStore
    memo: StatMemo = field(default_factory=StatMemo)
    """What is known of files that have not changed."""

    def reserve(self) -> Reserve:
        """Room for a run to record its end in, beside what else it writes."""
        return Reserve(self.root / "tmp")


class Observer(Protocol):
    """Is told how a run goes, by one thread at a time; must not raise."""

    def begun(self, run_id: str, number: int, name: str) -> None:
        """The run has begun."""

    def started(self, step: str, reason: Reason) -> None:
        """A step is being executed."""

    def waiting(self, step: str, reason: Reason) -> None:
        """Another run executes a step's key; it is reused or executed afterwards."""

    def ended(self, step: str, status: str, reason: Reason, resources: Resources) -> None:
        """A step was executed, reused, failed or skipped."""

    def told(self, line: str) -> None:
        """Something takes its time; says what."""


class Silent:
    """Watches, and says nothing."""

    def begun(self, run_id: str, number: int, name: str) -> None:
        """Say nothing."""

    def started(self, step: str, reason: Reason) -> None:
        """Say nothing."""

    def waiting(self, step: str, reason: Reason) -> None:
        """Say nothing."""

    def ended(self, step: str, status: str, reason: Reason, resources: Resources) -> None:
        """Say nothing."""

    def told(self, line: str) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What whoever starts a run can ask for."""

    runner: str = "threads"
    """threads, processes or prefect."""
    task_runner: Any = "threads"
    """What executes the tasks of a Prefect run: threads, processes, dask or ray, or one of
    Prefect's own task runners."""
    address: str | None = None
    """Where the scheduler of a Dask or Ray cluster listens; one is started by default."""
    workers: int | None = None
    """Steps executed at once; one per processor by default."""
    keep_going: bool = False
    """Whether branches that do not depend on a failed step go on."""
    policy: Policy = field(default_factory=Policy)
    seed: int = 0
    observe: str = "warn"
    """off, warn or error: what to do about what steps read without taking it."""
    name: str | None = None
    experiment: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    echo: bool = True
    """Whether what steps print is shown as well as recorded."""
    observer: Observer = field(default_factory=Silent)
    outside: Callable[[Path], Path] | None = None
    """Where the content of a path lies that the body names; there by default."""
    naming: bool = True
    """Whether what the run names is registered."""

    @property
    def deciding(self) -> Policy:
        """The policy, with what `observe` asks of past executions."""
        return replace(self.policy, hermetic=self.observe == "error")


class Runner(Protocol):
    """Executes steps, several at once. Called from the thread that drives the run.

    What is below `close` tells runners that show a run elsewhere how it goes; others need
    not listen.
    """

    workers: int
    """How many it executes at once."""

    def submit(self, call: StepCall) -> Future[Outcome]:
        """Execute a step soon; the future never raises what the step raised."""

    def close(self, *, cancel: bool) -> None:
        """Let go of everything; with `cancel`, interrupt what is being executed."""

    def begun(self, record: RunRecord) -> None:  # noqa: ARG002 - for those that listen
        """The run has its number; nothing has been submitted yet."""
        return

    def reused(self, step: StepNode) -> None:  # noqa: ARG002 - for those that listen
        """A step was not submitted, as a past execution stands for it."""
        return

    def ended(self, record: RunRecord) -> None:  # noqa: ARG002 - for those that listen
        """The run is closed, and recorded as ended."""
        return

    @property
    def tags(self) -> Mapping[str, str]:
        """What the run is tagged with by its runner, when that is closed."""
        return {}


@runtime_checkable
class Lender(Runner, Protocol):
    """A runner whose threads can go on with a run themselves, where steps come one by one."""

    def lend(self, work: Callable[[], None]) -> Future[None]:
        """Do something on one of its threads soon; it is one of its workers meanwhile."""

    def execute(self, call: StepCall) -> Outcome:
        """Execute a step at once on a thread that was lent."""
