"""Guarding what a step is given: it must still be the same after the step.

Arguments are shared by steps, in memory and by their digests, and so are the globals that
their code reads. A step that changes one is refused, and told what it changed: for that
the parts of the value are compared with those of the value as it was, loaded again from
the store, or with an outline that was made before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lineal.digests.canonical import identify, value_digest
from lineal.digests.code import CodeResolver
from lineal.digests.digest import Digest
from lineal.digests.memo import StatMemo
from lineal.errors import LinealError, MissingFileError, MutatedInput, UnhashableError
from lineal.pipeline import Metrics
from lineal.store import Picture

_UNCHANGING = (type(None), bool, int, float, complex, str, bytes, Metrics, Picture)
_BETWEEN_THREADS = ("threading", "_thread", "queue", "_queue", "weakref", "logging")
"""Where types come from that say when something is done, not what comes of it."""
_MOST = 200
"""Parts of a value that are noted before a step, where it can't be loaded again."""
_SHOWN = 3
Outline = dict[str, Digest]
"""The parts of a value by their place in it."""


class Guard(NamedTuple):
    """A value a step is given, and what it must still be after."""

    name: str
    value: Any
    digest: Digest
    before: Callable[[], Outline | None]
    """Gives the parts of the value as it was; asked only when it has changed."""


class _Bound:
    """A global that functions bind anew; what it is bound to is asked for when it is checked."""

    def __init__(self, scope: Mapping[str, Any], name: str) -> None:
        self.scope = scope
        self.name = name

    @property
    def value(self) -> Any:
        return self.scope.get(self.name)


def guard_globals(resolver: CodeResolver, fn: Callable[..., Any]) -> list[Guard]:
    """Guards of the globals that a task's code holds and can change in place."""
    guards = []
    held: list[tuple[str, Any]] = [*resolver.held(fn)]
    held += [
        (f"{module}:{name}", _Bound(scope, name)) for module, name, scope in resolver.bound(fn)
    ]
    for name, given in held:
        value = given.value if isinstance(given, _Bound) else given
        if type(value).__module__ in _BETWEEN_THREADS:
            continue
        try:
            digest = value_digest(value)
        except (UnhashableError, MissingFileError):
            continue
        guards.append(Guard(f"global {name}", given, digest, noted(value)))
    return guards


def noted(value: Any, profile: Any = None) -> Callable[[], Outline | None]:
    """Gives the outline of a value as it is now, if that is quickly made."""
    columns = (profile or {}).get("columns")
    if columns:
        known = {f"column {c['name']!r}": Digest(c["digest"]) for c in columns}
        return lambda: known
    small = isinstance(value, (dict, list, tuple, set)) and len(value) <= _MOST
    found = outline(value) if small or _is_model(value) else None
    return lambda: found


def outline(value: Any) -> Outline:
    """The parts of a value by their place in it; none for what has no parts to tell apart."""
    kind = type(value)
    if kind.__module__.partition(".")[0] in ("pandas", "pyarrow", "polars"):
        return _outline_of_frame(value)
    if isinstance(value, dict):
        return _digests({f"key {key!r}": item for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return _digests({f"item {place}": item for place, item in enumerate(value)})
    if isinstance(value, (set, frozenset)):
        return _digests({f"member {item!r}": item for item in value})
    if kind.__module__ == "numpy" and hasattr(value, "shape"):
        found = _digests({"shape": value.shape, "dtype": str(value.dtype)})
        if value.ndim > 0 and value.size <= 1_000_000:
            found |= _digests({f"row {i}" if value.ndim > 1 else f"item {i}": value[i]
                               for i in range(min(len(value), 10_000))})  # fmt: skip
        return found
    return _digests({f"attribute {name}": item for name, item in _attributes(value).items()})


def _outline_of_frame(value: Any) -> Outline:
    found = {}
    columns = identify(value).profile.get("columns", ())
    for column in columns:
        found[f"column {column['name']!r}"] = Digest(column["digest"])
    if hasattr(value, "index") and hasattr(value, "attrs"):
        found |= _digests({"index": value.index})
    return found


def _digests(parts: dict[str, Any]) -> Outline:
    found = {}
    for place, item in parts.items():
        try:
            found[place] = value_digest(item)
        except (UnhashableError, MissingFileError):
            continue
    return found


def _attributes(value: Any) -> dict[str, Any]:
    return dict(getattr(value, "__dict__", {}))


def _is_model(value: Any) -> bool:
    return callable(getattr(type(value), "get_params", None)) and hasattr(value, "__dict__")


def check_guards(
    step: str,
    guards: Sequence[Guard],
    memo: StatMemo | None,
    ignored: Sequence[str] = (),
) -> None:
    """See that a step has left what it was given as it was.

    Raises:
        MutatedInput: it has not; names the argument and the change.
    """
    for guard in guards:
        if isinstance(guard.value, _Bound):
            guard = guard._replace(value=guard.value.value)
            if _digest_now(guard.value, memo) != guard.digest:
                raise MutatedInput(_told(step, guard))
        if isinstance(guard.value, _UNCHANGING) or guard.digest.startswith("unique:"):
            continue
        if isinstance(guard.value, Path):
            # A step may well write where an argument that does not count tells it to.
            if (
                guard.name.partition("[")[0] not in ignored
                and _digest_now(guard.value, memo) != guard.digest
            ):
                raise MutatedInput(
                    f"What lies at {str(guard.value)!r}, the argument {guard.name!r} of the step"
                    f" {step!r}, changed while the run went on. Return the paths of what a"
                    " step writes, or declare the argument with ignore. Its result is not kept."
                )
        elif _digest_now(guard.value, memo) != guard.digest:
            raise MutatedInput(_told(step, guard))


def _told(step: str, guard: Guard) -> str:
    kind = type(guard.value).__name__
    change = what_changed(guard)
    if guard.name.startswith("global "):
        name = guard.name.removeprefix("global ")
        return (
            f"The step {step!r} changed the global {name} ({kind}{change}), which decides the"
            " result of every step that reads it; return what it gathers, or remember results with"
            " functools.cache. Its result is not kept."
        )
    return (
        f"The step {step!r} changed its argument {guard.name!r} ({kind}{change}), which other steps"
        f" may share; let it work on a copy, or declare @task(mutates=({guard.name!r},)) to be"
        " given one. Its result is not kept."
    )


def what_changed(guard: Guard) -> str:
    """Which parts of a value differ, as ``: column 'age' changed``; empty if that is unknown."""
    try:
        before, after = guard.before(), outline(guard.value)
    except (LinealError, OSError):
        return ""
    if before is None:
        return ""
    told = [f"{p} {_verb(before.get(p), after.get(p))}" for p in {**before, **after}
            if before.get(p) != after.get(p) and (p in before or p != "index")]  # fmt: skip
    if not told:
        return ": in another order" if list(before) != list(after) else ""
    more = [f"{len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
    return ": " + ", ".join(told[:_SHOWN] + more)


def _verb(before: Digest | None, after: Digest | None) -> str:
    return "is new" if before is None else "is gone" if after is None else "changed"


def _digest_now(value: Any, memo: StatMemo | None) -> Digest | None:
    try:
        return value_digest(value, memo)
    except (MissingFileError, UnhashableError):
        return None
