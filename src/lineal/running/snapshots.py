"""Keeping what it takes to run a pipeline again: its files, how to find it, its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from lineal.digests.canonical import identify
from lineal.digests.digest import Digest, unique_digest
from lineal.errors import LinealError
from lineal.pipeline import Pipeline
from lineal.pipeline.graph import Literal, StepNode
from lineal.records import Artifact, CodeSnapshot

from .base import Services
from .deciding import as_setting
from .git import Git
from .sources import Sources, sources_of


def snapshot(
    services: Services,
    reached: Iterable[str],
    git: Git,
    *,
    pipeline: Pipeline[..., Any] | None = None,
    arguments: Mapping[str, Artifact] | None = None,
) -> CodeSnapshot:
    """Keep the project files that a run reached, by their place below the project's root.

    Args:
        services: Where to.
        reached: The files that hold what its steps' code reaches.
        git: Knows of the project's repository.
        pipeline: The pipeline, when the run is one of a pipeline.
        arguments: What the pipeline was called with.
    """
    entry = file_of(pipeline) if pipeline is not None else None
    sources = sources_of(entry, map(Path, reached))
    blobs = services.values.blobs
    kept = {sources.place(path): blobs.put_file(path) for path in sources.files}
    state = git.state(sources.root)
    address = blobs.put(state.patch) if state is not None and state.patch else None
    if kept or address:
        services.values.sync()
    return CodeSnapshot(
        files=kept,
        git_commit=state.commit if state is not None else None,
        git_branch=state.branch if state is not None else None,
        git_dirty=state.dirty if state is not None else None,
        git_patch=address,
        entry=_entry(pipeline, entry, sources),
        import_paths=tuple(map(sources.place, sources.roots)),
        arguments=dict(arguments or {}),
    )


def keep_arguments(
    services: Services,
    arguments: Mapping[str, Any],
    steps: Iterable[StepNode],
    written: Callable[[Digest], Artifact | None],
) -> dict[str, Artifact]:
    """The records of what a pipeline was called with, kept wherever a codec can.

    Args:
        services: Where to.
        arguments: By name.
        steps: Knows the digest of what the body handed on to them as it was.
        written: Gives the record of a value that the run writes, if it does, when it has.
    """
    data = {id(value) for value in arguments.values() if _is_data(value)}
    known = _digests_of(data, steps) if data else {}
    return {
        name: _kept(services, value, known.get(id(value)), written)
        for name, value in arguments.items()
    }


def _is_data(value: Any) -> bool:
    return isinstance(value, Path) or as_setting(value) is None


def _digests_of(values: set[int], steps: Iterable[StepNode]) -> dict[int, Digest]:
    """What steps know of values that they were given, by the values' `id`."""
    return {
        id(leaf.value): leaf.digest
        for step in steps
        for _, leaf in step.leaves
        if isinstance(leaf, Literal) and leaf.digest is not None and id(leaf.value) in values
    }


def _kept(
    services: Services,
    value: Any,
    digest: Digest | None,
    written: Callable[[Digest], Artifact | None],
) -> Artifact:
    if digest is not None:
        known = services.catalog.artifacts([digest]).get(digest)
        if known is None or known.stored is None:
            known = written(digest)
        if known is not None and known.stored is not None:
            return known
    try:
        return services.values.save(value, identify(value))
    except LinealError:
        kind = type(value)
        return Artifact(
            digest=digest or unique_digest(),
            kind="value",
            type=f"{kind.__module__}.{kind.__qualname__}",
        )


def file_of(pipeline: Pipeline[..., Any]) -> Path | None:
    """The file that declares a pipeline, if there is one."""
    path = Path(pipeline.fn.__code__.co_filename)
    return path.absolute() if path.is_file() else None


def _entry(pipeline: Pipeline[..., Any] | None, file: Path | None, sources: Sources) -> str | None:
    if pipeline is None or file is None:
        return None
    return f"{sources.place(file)}:{pipeline.fn.__qualname__}"
