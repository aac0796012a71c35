"""What a replay asks of the process it starts, and what it gets back: JSON in two files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far numbers may lie apart and still count as the same."""

    rtol: float = 0.0
    """Relative to the larger of the two."""
    atol: float = 0.0
    """In itself."""

    def __str__(self) -> str:
        return f"rtol={self.rtol:g}, atol={self.atol:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One replay, as its process is told."""

    run: str
    """Id of the run to replay."""
    root: str
    """The folder that the recorded places of files are below."""
    asked_from: str
    """The working directory of whoever asked: where relative paths of today lead from."""
    steps: tuple[str, ...] | None = None
    """Steps to execute, from recorded inputs; all by default."""
    data: str = "recorded"
    """recorded or current."""
    params: tuple[str, ...] = ()
    """``name=value`` texts."""
    isolated: bool = True
    """Whether only the recorded code may be imported, beside what is installed."""
    workers: int | None = None
    runner: str = "threads"
    name: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    tolerance: Tolerance = field(default_factory=Tolerance)
    against: str | None = None
    """Id of the run whose outputs are compared; the replayed one by default."""
    borrow: str | None = None
    """Folder of another store, to read bytes from that this one lacks."""
    clock: float | None = None
    """Seconds since 1970 at which the clock stands; by default it is left alone."""
    entropy: bool = False
    """Whether what the system gives as random is the same each time."""
    in_turn: bool = False
    """Whether threads of the project run one after the other."""

    def write(self, path: Path) -> None:
        """Write it for the process."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        """Read it in the process."""
        facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        facts["tolerance"] = Tolerance(**facts["tolerance"])
        for name in ("steps", "params"):
            facts[name] = None if facts[name] is None else tuple(facts[name])
        return cls(**facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a job."""

    run: str | None
    """Id of the replay's own run; None when it could not even begin."""
    error: str | None = None
    """Why it could not go through with the run."""
    mistake: bool = False
    """Whether the error is one that whoever asked can mend."""
    differences: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Step -> output -> how the two values differ; only where digests do."""

    def write(self, path: Path) -> None:
        """Write it for whoever waits."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def read(cls, path: Path) -> Done:
        """Read it back."""
        return cls(**json.loads(path.read_text("utf-8")))
