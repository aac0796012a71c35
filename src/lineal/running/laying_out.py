"""Laying out recorded code in an empty folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from lineal.digests.digest import Digest
from lineal.errors import BlobCorrupt
from lineal.store.base import BlobStore

ELSEWHERE = "_elsewhere"
"""The folder below which files lie that were not in the project's own."""


def lay_out(files: Mapping[str, Digest], folder: Path, blobs: BlobStore) -> None:
    """Write recorded files, given by their places, to a folder, verified.

    Raises:
        BlobMissing: a file's bytes are gone.
        BlobCorrupt: they are damaged, or a place leads out of the folder.
    """
    # Marks the folder as a project, so that places below it are those that were recorded.
    (folder / "pyproject.toml").touch()
    for place, address in files.items():
        target = inside(folder, place)
        target.parent.mkdir(parents=True, exist_ok=True)
        blobs.checkout(address, target)


def inside(folder: Path, place: str) -> Path:
    """Where a recorded place lies below a folder."""
    path = PurePosixPath(place)
    if ".." in path.parts:
        raise BlobCorrupt(
            f"The snapshot of the code names the path {place!r}, which leads out of it; it was not"
            " written by lineal."
        )
    if path.is_absolute():
        return folder.joinpath(ELSEWHERE, *path.parts[1:])
    return folder / path
