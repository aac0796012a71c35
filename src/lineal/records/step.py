"""The records of steps: what decides a result, and what happened when one was asked for.

There are several for each step of a run. As they are frozen and made of what was there before, no
cycle can go through them, and the collector of garbage is told not to look (`gc=False`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from lineal.digests.digest import Digest
from lineal.digests.identity import CodeIdentity


class ExecutionStatus(StrEnum):
    """How the execution of a step ended."""

    EXECUTED = "executed"
    REUSED = "reused"
    FAILED = "failed"
    SKIPPED = "skipped"


class Source(Struct, frozen=True, kw_only=True, gc=False, eq=False):
    """The output of a step of the same run that an input came from."""

    step: str
    output: str
    digest: Digest | None = None
    """Of the whole output, where the input is only a part of it: an element of a list. It is
    known while the run goes on; afterwards the catalog keeps it as a derivation."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Source):
            return NotImplemented
        return (self.step, self.output) == (other.step, other.output)

    def __hash__(self) -> int:
        return hash((self.step, self.output))


OBSERVED = ("observed:", "env:", "network:", "process:")
"""How the names of inputs begin that a step was seen to read; no argument's name does."""


class Input(Struct, frozen=True, kw_only=True, gc=False):
    """One value a step was given."""

    name: str
    """The argument, with the place inside it when the argument holds several: ``models[2]``."""
    digest: Digest
    """Identity of the value (for a path: of the content it names)."""
    value: str | None = None
    """The value as text when it is a plain setting (a parameter), else None."""
    source: Source | None = None
    """The step it came from; None when the pipeline was given it."""
    ignored: bool = False
    """Whether the task leaves it out of the key."""

    @property
    def observed(self) -> bool:
        """Whether the step was not given it, but seen to read it: ``observed:PATH``."""
        return self.name.startswith(OBSERVED)


class Output(Struct, frozen=True, kw_only=True, gc=False):
    """One value a step returned or logged."""

    name: str
    """``result`` for a single output, else the declared name; logged artifacts their own."""
    digest: Digest


class Key(Struct, frozen=True, kw_only=True, gc=False):
    """Everything that decides a step's result, and its digest."""

    digest: Digest
    task: str
    code: CodeIdentity
    inputs: tuple[Input, ...]
    version: str | None = None
    """The version its author declared, if any."""


class Change(Struct, frozen=True, kw_only=True, gc=False):
    """One component of a key that differs from the last time."""

    component: str
    """code, input, package, version, scheme."""
    name: str
    """The helper, argument or package that changed."""
    before: str | None
    after: str | None


class Cause(StrEnum):
    """Why a step ran, or did not."""

    UNCHANGED = "unchanged"
    FIRST = "first"
    CHANGED = "changed"
    FORCED = "forced"
    NO_CACHE = "no-cache"
    UNCACHEABLE = "uncacheable"
    EXPIRED = "expired"
    SEED = "seed"
    OBSERVED = "observed"
    NOT_KEPT = "not-kept"
    HELD = "held"
    UPSTREAM_FAILED = "upstream-failed"
    CANCELLED = "cancelled"


class Reason(Struct, frozen=True, kw_only=True, gc=False):
    """Why a step was executed, reused or skipped."""

    cause: Cause
    text: str
    """One sentence for people."""
    changes: tuple[Change, ...] = ()


class Resources(Struct, frozen=True, kw_only=True, gc=False):
    """What an execution took."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of the step's own thread (threads) or process (processes)."""
    peak_memory_bytes: int = 0
    """Highest resident size of the process while the step ran."""


NOTHING_TAKEN = Resources()
"""What a step takes that is not executed."""


class Execution(Struct, frozen=True, kw_only=True, gc=False):
    """One execution of one step inside a run."""

    id: int
    """Unique in the catalog: the run's number shifted by 24 bits, plus the position."""
    run_id: str
    position: int
    """Order of declaration in the run; 0 is the body of the pipeline itself."""
    step: str
    """The step's name, unique in its run: ``fit``, ``fit-2``, ``fit[3]``, ``sub/fit``."""
    task: str
    """``module:qualname`` of the task."""
    status: ExecutionStatus
    key: Digest | None
    """None when the step can't be cached, with the reason."""
    reason: Reason
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    code: Digest | None = None
    """Identity of the code; its components are kept under it."""
    version: str | None = None
    reused_from: int | None = None
    """The execution that made the outputs, when these were reused."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    resources: Resources = NOTHING_TAKEN
    attempts: int = 1
    seed: int | None = None
    """What the global random generators were seeded with."""
    seed_used: bool = False
    """Whether the step drew from them, or took a ``seed``."""
    log: str = ""
    """What the step printed and logged."""
    error: str | None = None
    """The traceback, when it failed."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Parameters logged from inside the step."""
    tags: Mapping[str, str] = field(default_factory=dict)


class Prior(Struct, frozen=True, kw_only=True, gc=False):
    """A past execution that a key found: what planning needs to know of it."""

    execution_id: int
    run_id: str
    key: Digest
    outputs: tuple[Output, ...]
    finished_at: datetime
    seed: int | None
    seed_used: bool
    kept: bool
    """Whether the bytes of all its outputs are recorded as stored."""
    observed: tuple[Input, ...] = ()
    """What it was seen to read without being given it."""


class Precedent(Struct, frozen=True, kw_only=True, gc=False):
    """The last execution of a step, as far as it may explain the next."""

    task: str
    """``module:qualname``."""
    code: Digest | None
    version: str | None
    inputs: tuple[Input, ...]
    """Without the steps they came from."""


RUN_SHIFT = 24


class Nondeterminism(Struct, frozen=True, kw_only=True, gc=False):
    """A key whose executions gave different content, although all that is recorded agrees."""

    task: str
    """``module:qualname``."""
    key: Digest
    code: Digest | None
    outputs: tuple[str, ...]
    """The outputs that differ."""
    executions: tuple[int, ...]
    """Of each content, the first execution that gave it."""

    @property
    def runs(self) -> tuple[int, ...]:
        """Numbers of the runs of those executions."""
        return tuple(dict.fromkeys(id_ >> RUN_SHIFT for id_ in self.executions))


def execution_id(run_number: int, position: int) -> int:
    """The catalog-wide id of the execution at a position (below 2**24) of a run."""
    return (run_number << RUN_SHIFT) | position
