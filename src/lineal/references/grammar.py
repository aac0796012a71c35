"""Telling the kinds of references apart, and asking the one that it is."""

from __future__ import annotations

from pathlib import Path

from lineal.catalog import Catalog, Start
from lineal.errors import AmbiguousReference, ReferenceNotFound

from . import files, mlflow, names, outputs
from .outputs import Located


def locate(catalog: Catalog, reference: str, *, runs_only: bool = False) -> Located:
    """The run, the step's output or the artifact that a reference names.

    Raises:
        ReferenceNotFound: nothing answers to it; near names are listed.
        AmbiguousReference: several things do, or it is no single artifact.
    """
    reference = mlflow.translated(catalog, reference)
    if runs_only:
        return outputs.locate(catalog, reference, runs_only=True)
    if not names.is_name(reference):
        try:
            return outputs.locate(catalog, reference)
        except ReferenceNotFound:
            if not Path(reference).exists():
                raise
    start = starting_point(catalog, reference)
    digests = catalog.artifacts_of_start(start)
    if len(digests) != 1:
        raise AmbiguousReference(f"{reference!r} is no single artifact; name a step's output.")
    return Located(artifact=catalog.artifacts(digests)[digests[0]])


def starting_point(catalog: Catalog, reference: str) -> Start:
    """What a question about the lineage of a reference starts from.

    Raises:
        ReferenceNotFound: nothing answers to it; near names are listed.
        AmbiguousReference: several things do.
    """
    reference = mlflow.translated(catalog, reference.strip())
    if reference.startswith(("/", "./", "../", "~")):
        return files.start_of_path(catalog, reference)
    if files.is_package(reference):
        return files.start_of_package(catalog, reference)
    named = names.is_name(reference)
    try:
        return (names.start if named else outputs.start)(catalog, reference)
    except ReferenceNotFound as problem:
        found = _in_place(catalog, reference)
        if found is not None:
            return found
        if not named and files.is_like_a_path(reference):
            raise files.unread(catalog, reference) from None
        near = "" if named else names.near(catalog, reference)
        raise ReferenceNotFound(f"{problem}{near}") from None


def _in_place(catalog: Catalog, reference: str) -> Start | None:
    """What a path leads to, whether it is still there or not."""
    if Path(reference).exists():
        return files.start_of_path(catalog, reference)
    return files.start_of_past_path(catalog, reference)
