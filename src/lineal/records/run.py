"""The records of runs: who ran what, with which parameters, where, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from lineal.digests.digest import Digest

from .artifact import Artifact
from .step import Execution, Output

REPLAY_OF = "lineal.replay_of"
"""A tag of a run that replays another: the id of that. No step of any run is reused from it."""
PROBE_OF = "lineal.probe_of"
"""A tag of a run of one step, to learn why it differs; nor is any reused from that."""


class RunStatus(StrEnum):
    """The state of a run."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Its process went away without ending it."""


class Environment(Struct, frozen=True, kw_only=True):
    """Where a run happened; two runs in the same environment share one record."""

    digest: Digest
    python: str
    """Version and implementation: ``3.11.7 (CPython)``."""
    platform: str
    cpu: str
    cpu_count: int
    distributions: Mapping[str, str]
    """Every installed distribution and its version."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """PYTHONHASHSEED, thread settings, locale and time zone."""


class CodeSnapshot(Struct, frozen=True, kw_only=True):
    """What it takes to run again: the project files, how to find the pipeline, its arguments."""

    files: Mapping[str, Digest]
    """Path relative to the project's root -> address of the content in the blob store."""
    git_commit: str | None = None
    git_branch: str | None = None
    git_dirty: bool | None = None
    git_patch: Digest | None = None
    """Address of how the tracked files differ from the commit, when they do."""
    entry: str | None = None
    """Where the pipeline is declared: a path among the files, a colon, its qualified name."""
    import_paths: tuple[str, ...] = ()
    """Folders, as paths are written in `files`, from which the files import each other."""
    arguments: Mapping[str, Artifact] = field(default_factory=dict)
    """What the pipeline was called with, defaults included, as it can be loaded again."""


class MetricSummary(Struct, frozen=True, kw_only=True):
    """What the catalog keeps of a series of points, for search."""

    execution_id: int
    key: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """The slice: ``{"site": "hungarian"}``; empty for the whole."""
    last: float
    min: float
    max: float
    count: int
    last_step: int = 0


class RunRecord(Struct, frozen=True, kw_only=True):
    """One execution of a pipeline, or one ``start_run()`` block."""

    id: str
    """32 hexadecimal digits, in order of time."""
    number: int
    """Counts up from 1 in its catalog."""
    name: str
    experiment: str
    pipeline: str | None
    """``module:qualname`` of the pipeline; None for an imperative run."""
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None = None
    user: str = ""
    host: str = ""
    pid: int = 0
    command: str = ""
    """The command line that started it."""
    seed: int = 0
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    error: str | None = None
    environment: Digest | None = None
    code: CodeSnapshot | None = None
    result: tuple[Output, ...] = ()
    """What the pipeline returned, as artifacts."""
    executions: tuple[Execution, ...] = ()
    """In order of position; empty in listings."""
    metrics: tuple[MetricSummary, ...] = ()
    """Of all its executions, reused ones included."""
