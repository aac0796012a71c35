"""Runs, the outputs of their steps, and artifacts by digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from lineal.catalog import Catalog, Start
from lineal.errors import AmbiguousReference, ReferenceNotFound
from lineal.records import Artifact, Execution, RunRecord

_ALGORITHMS = ("xxh3:", "unique:")
_MODEL = "model"
_HEX = re.compile(r"[0-9a-f]{4,}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What a reference names; the run alone when it names a run."""

    run: RunRecord | None = None
    execution: Execution | None = None
    artifact: Artifact | None = None


def locate(catalog: Catalog, reference: str, *, runs_only: bool = False) -> Located:
    """Find what a reference names.

    Raises:
        ReferenceNotFound: nothing answers to it; near names are listed.
        AmbiguousReference: several things do.
    """
    if reference.startswith(_ALGORITHMS) and not runs_only:
        return Located(artifact=_artifact(catalog, reference))
    name, colon, step = reference.removeprefix("run:").partition(":")
    run = _run(catalog, name)
    if not colon or runs_only:
        return Located(run=run)
    return _output(catalog, run, step)


def start(catalog: Catalog, reference: str) -> Start:
    """What lineage starts from: an artifact, a step's output, or all that a run executed.

    Raises:
        ReferenceNotFound: nothing answers to it; near names are listed.
        AmbiguousReference: several things do.
    """
    try:
        return _start(catalog, reference)
    except ReferenceNotFound:
        if not _HEX.fullmatch(reference):
            raise
        return Start(artifacts=(_artifact(catalog, reference).digest,))


def _start(catalog: Catalog, reference: str) -> Start:
    name, colon, _ = reference.removeprefix("run:").partition(":")
    if not colon:  # its steps, of which there may be thousands, are not needed
        return Start(runs=(catalog.run_number(_run_id(catalog, name)),))
    located = locate(catalog, reference)
    assert located.artifact is not None
    digest = located.artifact.digest
    if located.execution is None:
        return Start(artifacts=(digest,))
    return Start(artifacts=(digest,), pins=((digest, located.execution.id),))


def logged_as(catalog: Catalog, run: str, path: str) -> str:
    """The reference to an output of a run by the path under which MLflow knows it.

    It is the name of an output, or of a step; ``model`` is a run's only model, too.

    Raises:
        ReferenceNotFound: the run logged nothing under it.
        AmbiguousReference: it is ``model``, and the run made several.
    """
    record = _run(catalog, run)
    made = [(e.step, o.name) for e in record.executions for o in e.outputs]
    found = [place for place in made if path == place[1]] or [p for p in made if path == p[0]]
    if not found and path == _MODEL:
        found = _models(catalog, record)
        if len(found) > 1:
            steps = ", ".join(step for step, _ in found)
            raise AmbiguousReference(
                f"Run {record.id[:8]} has made {len(found)} models; name the step of one: {steps}."
            )
    if not found:
        known = ", ".join(dict.fromkeys(name for _, name in made))
        raise ReferenceNotFound(
            f"Run {record.id[:8]} has logged nothing as {path!r}; it has {known or 'no outputs'}."
        )
    step, output = found[-1]
    return f"run:{record.id}:{step}.{output}"


def _models(catalog: Catalog, record: RunRecord) -> list[tuple[str, str]]:
    """The step and the name of each model that a run made."""
    made = [(e.step, o) for e in record.executions for o in e.outputs]
    known = catalog.artifacts([output.digest for _, output in made])
    return [
        (step, output.name)
        for step, output in made
        if output.digest in known and known[output.digest].kind == _MODEL
    ]


def _run(catalog: Catalog, name: str) -> RunRecord:
    return catalog.run(_run_id(catalog, name))


def _run_id(catalog: Catalog, name: str) -> str:
    found = catalog.find_runs(name)
    if not found:
        raise ReferenceNotFound(
            f"There is no run {name!r}. `lineal runs` lists those there are; a run is named by its"
            " number, its id or a unique beginning of it, its name, or `latest`."
        )
    if len(found) > 1:
        raise AmbiguousReference(
            f"{name!r} may be any of {len(found)} runs: {', '.join(i[:12] for i in found[:8])};"
            " give more digits."
        )
    return found[0]


def _artifact(catalog: Catalog, prefix: str) -> Artifact:
    found = catalog.artifacts_by_prefix(prefix)
    if not found:
        raise ReferenceNotFound(
            f"There is no artifact {prefix!r}; `lineal show RUN` lists the artifacts of a run."
        )
    if len(found) > 1:
        near = ", ".join(a.digest.short for a in found[:8])
        raise AmbiguousReference(f"{prefix!r} may be any of {near}; give more digits.")
    return found[0]


def _output(catalog: Catalog, run: RunRecord, place: str) -> Located:
    steps = {execution.step: execution for execution in run.executions}
    execution, wanted = _split(steps, place)
    if execution is None:
        near = get_close_matches(place, steps, n=3) or list(steps)[:10]
        raise ReferenceNotFound(
            f"Run {run.id[:8]} has no step {place!r}; there are {', '.join(near) or 'none'}."
        )
    outputs = {output.name: output for output in execution.outputs}
    if wanted is None and len(outputs) != 1:
        if "result" in outputs:
            wanted = "result"
        else:
            raise AmbiguousReference(
                f"The step {execution.step!r} has the outputs {', '.join(outputs) or 'none'}; name"
                f" one: {run.id[:8]}:{execution.step}.NAME."
            )
    name = wanted if wanted is not None else next(iter(outputs))
    if name not in outputs:
        raise ReferenceNotFound(
            f"The step {execution.step!r} has no output {name!r}; it has {', '.join(outputs)}."
        )
    digest = outputs[name].digest
    artifact = catalog.artifacts([digest]).get(digest)
    if artifact is None:
        raise ReferenceNotFound(f"The artifact {digest.short} is not recorded in this catalog.")
    return Located(run=run, execution=execution, artifact=artifact)


def _split(steps: dict[str, Execution], place: str) -> tuple[Execution | None, str | None]:
    """The execution and output that a place names: both names may have dots in them."""
    if place in steps:
        return steps[place], None
    parts = place.split(".")
    splits = [
        (steps[step], ".".join(parts[i:]))
        for i in range(len(parts) - 1, 0, -1)
        if (step := ".".join(parts[:i])) in steps
    ]
    for execution, wanted in splits:
        if any(output.name == wanted for output in execution.outputs):
            return execution, wanted
    return splits[0] if splits else (None, None)
