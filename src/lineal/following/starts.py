"""The data that a question about rows begins with: every content that its name has had."""

from __future__ import annotations

from pathlib import Path

from lineal.catalog import Catalog, Start
from lineal.digests.canonical import value_digest
from lineal.digests.digest import Digest
from lineal.errors import UserError
from lineal.references import starting_point


def contents_of(catalog: Catalog, reference: str) -> Start:
    """The artifacts that a reference names, and those it has named.

    A record that is in a file no more may have been in it when a run read it. So a path
    stands for all that was read under it, and the bare name of a dataset for all versions;
    any other reference for the one artifact that it names.

    Raises:
        ReferenceNotFound: nothing answers to the reference.
        UserError: it names no data.
    """
    dataset = catalog.names.dataset(reference)
    if dataset is not None:
        return Start(artifacts=tuple(version.artifact for version in dataset.versions))
    read = _read_under(catalog, reference)
    if read:
        return Start(artifacts=tuple(read))
    start = starting_point(catalog, reference)
    if start.datasets:
        return Start(artifacts=tuple(catalog.artifacts_of_start(start)))
    if not start.artifacts or start.models or start.deployments:
        raise UserError(
            f"{reference!r} names no data, which rows could be of; give a file, a dataset, a step's"
            " output (RUN:STEP) or a digest."
        )
    return start


def _read_under(catalog: Catalog, reference: str) -> list[Digest]:
    path = Path(reference).expanduser()
    names = dict.fromkeys([path.as_posix(), str(path.absolute()), str(path.resolve())])
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        names[path.relative_to(Path.cwd()).as_posix()] = None
    found = [digest for name in names for digest in catalog.contents_read_as(name)]
    if path.is_file():
        now = value_digest(path)
        found += [now] if now in catalog.artifacts([now]) else []
    return list(dict.fromkeys(found))
