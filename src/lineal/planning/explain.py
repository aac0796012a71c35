"""Explaining: which component of a key differs from the last time, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineal.records import Cause, Change, CodeIdentity, Input, Key, Precedent, Reason

SHOWN = 3
"""Changes that the text of a reason names."""
LONGEST = 50
"""Characters of a value that it shows."""
_DIGESTS = ("xxh3:", "unique:")
_SAID = {"input": "input", "package": "package", "version": "declared"}


def explain(key: Key, last: Precedent, last_code: CodeIdentity | None) -> Reason | None:
    """Why a step with this key is not what ran last; None when no component differs."""
    changes = tuple(changed(key, last, last_code))
    if not changes:
        return None
    told = [_phrase(change) for change in changes[:SHOWN]]
    if len(changes) > SHOWN:
        told.append(f"{len(changes) - SHOWN} more")
    return Reason(cause=Cause.CHANGED, text="; ".join(told) + ".", changes=changes)


def changed(key: Key, last: Precedent, last_code: CodeIdentity | None) -> Iterator[Change]:
    """Every component that differs: code first, then packages, version and inputs."""
    if last.task != key.task:
        yield Change(component="code", name="task", before=last.task, after=key.task)
    if last_code is not None and last_code.digest != key.code.digest:
        yield from _differences("code", last_code.components, key.code.components)
        yield from _differences("package", last_code.distributions, key.code.distributions)
    if last.version != key.version:
        yield Change(component="version", name="version", before=last.version, after=key.version)
    before = {i.name: i for i in last.inputs if not i.ignored and not i.observed}
    after = {i.name: i for i in key.inputs if not i.ignored}
    for name in sorted({*before, *after}, key=lambda n: (n not in after, n)):
        old, new = before.get(name), after.get(name)
        if old is None or new is None or old.digest != new.digest:
            shown = _apart(old, new)
            yield Change(component="input", name=name, before=shown[0], after=shown[1])


def _differences(
    component: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Change(
                component=component, name=name, before=before.get(name), after=after.get(name)
            )


def _apart(old: Input | None, new: Input | None) -> tuple[str | None, str | None]:
    """How two inputs are shown; with their digests where their texts alone look the same."""
    before, after = (None if i is None else i.value or i.digest for i in (old, new))
    if old is None or new is None or brief(before) != brief(after):
        return before, after
    return f"{before} ({old.digest.short})", f"{after} ({new.digest.short})"


def _phrase(change: Change) -> str:
    what = _SAID.get(change.component)
    if what is not None:
        return f"{what} {change.name}: {brief(change.before)} -> {brief(change.after)}"
    verb = "is new" if change.before is None else "is gone" if change.after is None else "changed"
    return f"code {change.name} {verb}"


def brief(value: str | None) -> str:
    """A value as a line of text shows it."""
    if value is None:
        return "none"
    if value.startswith(_DIGESTS):
        return value[: value.index(":") + 11]
    # Both ends are kept: a file's name and a digest stand at the end of a text.
    return value if len(value) <= LONGEST else f"{value[:9]}…{value[10 - LONGEST :]}"
