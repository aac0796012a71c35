"""What a task's author can ask of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from lineal.errors import DeclarationError

from .naming import outputs_of


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
    """What to place it by, for runners that can place work: ``cpus``, ``gpus``, ``memory`` in
    bytes, and whatever else a cluster's workers offer. No part of the key."""

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
        for name, (kinds, what) in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise DeclarationError(f"{name}={value!r} is not {what}.")
        if self.retries < 0:
            raise DeclarationError(f"retries={self.retries} is negative; give 0 or more.")
        asked: Mapping[str, Any] = self.resources
        for name, amount in asked.items():
            if not isinstance(amount, (int, float)) or amount <= 0:
                raise DeclarationError(f"resources[{name!r}]={amount!r} is not a positive number.")
        for name in ("timeout", "ttl"):
            seconds = getattr(self, name)
            if seconds is not None and seconds <= 0:
                raise DeclarationError(f"{name}={seconds} is not a positive number of seconds.")


_SECONDS = (int, float), "a number of seconds or a timedelta"
_SECONDS_OR_NONE = (int, float, type(None)), _SECONDS[1]
_TEXT_OR_NONE = (str, type(None)), "a text"
_YES_OR_NO = (bool,), "True or False"
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "name": _TEXT_OR_NONE,
    "retries": ((int,), "a whole number"),
    "retry_delay": _SECONDS,
    "timeout": _SECONDS_OR_NONE,
    "cache": _YES_OR_NO,
    "ttl": _SECONDS_OR_NONE,
    "version": _TEXT_OR_NONE,
    "persist": _YES_OR_NO,
    "resources": ((Mapping,), "a mapping of names to numbers, such as {'gpus': 1}"),
}


def as_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as `TaskOptions` takes them, from how a declaration may write them.

    Raises:
        DeclarationError: there is no such option; names those there are.
    """
    known = [option.name for option in fields(TaskOptions) if option.name != "datasets"]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise DeclarationError(
            f"A task has no option {', '.join(unknown)}; there are {', '.join(sorted(known))}."
        )
    options = dict(given)
    for name in ("timeout", "ttl", "retry_delay"):
        if name in options:
            options[name] = seconds(options[name])
    if "outputs" in options:
        options["outputs"], options["datasets"] = outputs_of(options["outputs"])
    for name in ("outputs", "ignore", "mutates", "tags"):
        if isinstance(options.get(name), (list, set)):
            options[name] = tuple(options[name])
    return options


def seconds(duration: float | timedelta | None) -> float | None:
    """A duration in seconds, from a number of them or a timedelta."""
    return duration.total_seconds() if isinstance(duration, timedelta) else duration
