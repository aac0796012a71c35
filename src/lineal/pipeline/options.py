"""What a task's author can ask of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from lineal.errors import DeclarationError


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """The options of ``@task``."""

    name: str | None = None
    """The task's name in graphs and records; the function's own name by default."""
    outputs: tuple[str, ...] = ()
    """Names of separate outputs; empty for a single one, called ``result``."""
    datasets: Mapping[str, str] = field(default_factory=dict)
    """Output to the dataset that it is a version of."""
    retries: int = 0
    """How often the step is tried again after it raised."""
    retry_delay: float = 0.0
    """Seconds before the first retry; doubled before each further one."""
    timeout: float | None = None
    """Seconds one attempt may take."""
    cache: bool = True
    """Whether results are reused."""
    ttl: float | None = None
    """Seconds after which a result is no longer reused."""
    ignore: tuple[str, ...] = ()
    """Arguments that cannot change the result, such as ``n_jobs``."""
    mutates: tuple[str, ...] = ()
    """Arguments that the function changes; it is given copies of its own."""
    version: str | None = None
    """A mark of the author's; changing it makes every result stale."""
    persist: bool = True
    """Whether outputs are kept; results that are not kept are never reused."""
    tags: tuple[str, ...] = ()
    """Words for people and dashboards."""
    resources: Mapping[str, float] = field(default_factory=dict)
    """Hints such as ``{"cpus": 2}`` for runners that can place work."""

    def __post_init__(self) -> None:
        given: list[object] = [self.outputs, self.ignore, self.mutates]
        if any(isinstance(names, str) for names in given):
            raise DeclarationError(
                "`outputs`, `ignore` and `mutates` take a sequence of names:"
                " outputs=('train', 'test')."
            )
        if len(set(self.outputs)) != len(self.outputs):
            raise DeclarationError(
                f"The outputs {self.outputs!r} are not all different; rename one."
            )
        if self.retries < 0:
            raise DeclarationError(f"retries={self.retries} is negative; give 0 or more.")
        for name in ("timeout", "ttl"):
            seconds = getattr(self, name)
            if seconds is not None and seconds <= 0:
                raise DeclarationError(f"{name}={seconds} is not a positive number of seconds.")


def seconds(duration: float | timedelta | None) -> float | None:
    """A duration in seconds, from a number of them or a timedelta."""
    return duration.total_seconds() if isinstance(duration, timedelta) else duration
