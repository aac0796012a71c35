"""Places: files and folders by what they hold, code files, packages."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

from lineal.catalog import Catalog, Start
from lineal.digests.canonical import value_digest
from lineal.errors import AmbiguousReference, ReferenceNotFound

_PACKAGE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s=]+)")
_FILE = re.compile(r"[^:@]*(/[^:@]*|\.[A-Za-z][A-Za-z0-9]{0,9})")
_NEAR = 5


def is_package(reference: str) -> bool:
    """Whether it is written as ``NAME==VERSION``."""
    return _PACKAGE.fullmatch(reference) is not None


def is_like_a_path(reference: str) -> bool:
    """Whether it is written as files are called: ``data/x``, ``x.csv``."""
    return _FILE.fullmatch(reference) is not None


def start_of_package(catalog: Catalog, reference: str) -> Start:
    """The executions that ran code with a version of a package.

    Raises:
        ReferenceNotFound: none did; the versions that were used are listed.
    """
    parts = _PACKAGE.fullmatch(reference)
    assert parts is not None
    known = catalog.known_packages()
    wanted = _normal(parts[1])
    names = {k.partition("==")[0] for k in known if _normal(k.partition("==")[0]) == wanted}
    digests = [d for name in sorted(names) for d in catalog.codes_with_package(name, parts[2])]
    if not digests:
        near = [k for k in known if k.partition("==")[0] in names]
        near = near or get_close_matches(reference, known, n=5)
        raise ReferenceNotFound(
            f"No step's code reached {reference}."
            + (f" There are {', '.join(near)}." if near else " No step's code reached a package.")
        )
    return Start(codes=tuple(digests))


def start_of_path(catalog: Catalog, reference: str) -> Start:
    """What a file or folder holds now, or what was read under this path, or code in it.

    Raises:
        ReferenceNotFound: it was never read, and no step ran code of it.
        AmbiguousReference: it is gone, and held several contents.
    """
    path = Path(reference).expanduser()
    if path.exists():
        digest = value_digest(path)
        if digest in catalog.artifacts([digest]):
            return Start(artifacts=(digest,))
        codes = catalog.codes_in_file(str(path.absolute()))
        codes = codes or catalog.codes_in_file(str(path.resolve()))
        if codes:
            return Start(codes=tuple(codes))
    found = start_of_past_path(catalog, reference)
    if found is None:
        raise unread(catalog, reference)
    return found


def unread(catalog: Catalog, reference: str) -> ReferenceNotFound:
    """Says that a path leads to nothing, and names those of files that are called alike."""
    there = Path(reference).expanduser().exists()
    what = "holds content that no run has read" if there else "is not there"
    known: dict[str, list[str]] = {}
    for path in catalog.paths_read():
        known.setdefault(Path(path).name.lower(), []).append(path)
    alike = get_close_matches(Path(reference).name.lower(), known, n=_NEAR)
    near = [path for name in alike for path in known[name]][:_NEAR]
    told = f" Runs have read {', '.join(near)}." if near else ""
    return ReferenceNotFound(
        f"{reference} {what}, no run has read a file under this path, and no step has run code"
        f" of it.{told}"
    )


def start_of_past_path(catalog: Catalog, reference: str) -> Start | None:
    """What was read under a path; None for nothing.

    Raises:
        AmbiguousReference: several contents were.
    """
    found = catalog.contents_read_as(Path(reference).as_posix())
    if len(found) > 1:
        shown = ", ".join(digest.short for digest in found[:8])
        raise AmbiguousReference(
            f"{reference} has been read with {len(found)} contents, and holds none of them now:"
            f" {shown}; give the digest."
        )
    return Start(artifacts=(found[0],)) if found else None


def _normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
