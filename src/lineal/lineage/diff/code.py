"""Comparing code, component by component: which functions, classes and constants changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lineal.digests.digest import Digest
from lineal.records import CodeIdentity

from .results import CodeChange, Status
from .sources import file_of, patch, source_of

Read = Callable[[str], str | None]
"""From the path of a file in a snapshot to its text; None where it was not kept."""


def code_changes(
    before: Iterable[CodeIdentity],
    after: Iterable[CodeIdentity],
    *,
    files_before: Mapping[str, Read],
    files_after: Mapping[str, Read],
) -> tuple[CodeChange, ...]:
    """What differs between the components that two sets of steps reached, by name.

    Args:
        before: The code of the first's steps.
        after: The code of the second's.
        files_before: By path: what gives the text of a file that the first's run kept.
        files_after: Those of the second's.
    """
    old, new = _components(before), _components(after)
    return tuple(
        _change(name, old.get(name), new.get(name), files_before, files_after)
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _components(codes: Iterable[CodeIdentity]) -> dict[str, Digest]:
    return {name: digest for code in codes for name, digest in code.components.items()}


def _change(
    name: str,
    old: Digest | None,
    new: Digest | None,
    files_before: Mapping[str, Read],
    files_after: Mapping[str, Read],
) -> CodeChange:
    status = Status.of(old, new)
    texts = [
        None if digest is None else _text(name, files)
        for digest, files in ((old, files_before), (new, files_after))
    ]
    missing = [
        digest is not None and text is None for digest, text in zip((old, new), texts, strict=True)
    ]
    if any(missing):  # half a comparison would look like an addition
        return CodeChange(name=name, status=status)
    sources = [None if text is None else source_of(name, text) for text in texts]
    told = all((s is None) == (t is None) for s, t in zip(sources, texts, strict=True))
    before, after = sources if told else texts
    return CodeChange(
        name=name, status=status, patch=patch(before, after, name) or None, of_file=not told
    )


def _text(name: str, files: Mapping[str, Read]) -> str | None:
    path = file_of(name, files)
    return None if path is None else files[path](path)
