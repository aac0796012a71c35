"""Observed inputs: what a step read unasked, as records, and whether it is still the same.

Each is an input of the execution with a name of its own kind:

- ``observed:PATH``: a file, by its content when the step had ended; a folder, by the names in
  it; what was not there, as that. A file that the step wrote after it had read it has no
  content to go by, so nothing that read it is ever reused.
- ``env:NAME``: a variable, by a digest of its value; the value itself is nowhere recorded.
- ``network:HOST:PORT`` and ``process:PROGRAM``: what can't be checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from lineal.digests.digest import Digest, combine, unique_digest
from lineal.digests.files import file_digest
from lineal.digests.memo import StatMemo
from lineal.errors import MissingFileError, UnhashableError
from lineal.records import Input

from .observation import Observation
from .observing import held_by_name

UNSEEN = "lineal.unseen"
"""A tag of an execution: through what it may have read more than was observed."""
_BLIND = {
    "duckdb": "files named in queries of duckdb",
    "gdal": "files read by gdal",
    "h5py": "files read by h5py other than by h5py.File",
    "lmdb": "files read by lmdb",
    "netcdf4": "files read by netCDF4",
    "pyogrio": "files read by pyogrio",
    "pyreadstat": "files read by pyreadstat",
    "pysam": "files read by pysam",
    "rasterio": "files read by rasterio",
    "simpleitk": "files read by SimpleITK",
    "tensorflow": "files read by tensorflow",
    "vaex": "files read by vaex",
}
"""Distributions that open files in C, where neither a hook nor a wrapper sees it."""
_SHOWN = 3
_MOST = 2_000


def inputs_of(observation: Observation, memo: StatMemo | None) -> tuple[Input, ...]:
    """What was observed, as inputs of the execution."""
    found = []
    for path in observation.read:
        lost = path in observation.written
        digest = unique_digest() if lost else _digest_of_path(path, memo)
        found.append(Input(name=f"observed:{path}", digest=digest))
    found += [
        Input(name=f"observed:{path}", digest=_digest_of_path(path, memo))
        for path in observation.listed
        if path not in observation.read
    ]
    found += [
        Input(name=f"env:{name}", digest=_digest_of_variable(name, value))
        for name, value in observation.variables.items()
    ]
    found += [Input(name=n, digest=combine("reached", [n])) for n in observation.reached]
    # What could not be noted can't be compared either, so nothing that did it is reused.
    found += [
        Input(name=f"observed:something by {event}", digest=unique_digest())
        for event in observation.missed
    ]
    if len(found) > _MOST:  # so many can't be checked at each decision
        found = [*found[:_MOST], Input(name="observed:and more", digest=unique_digest())]
    return tuple(found)


def unseen_by(fn: Any, distributions: Iterable[str], observed: Iterable[Input]) -> str:
    """Through what a step may have read more than was observed; empty where nothing is known.

    Args:
        fn: The step's function.
        distributions: Names of the installed distributions that its code reaches.
        observed: What it was seen to read.
    """
    processes = [
        f"files read by the process {given.name.partition(':')[2]}"
        for given in observed
        if given.name.startswith("process:")
    ]
    return "; ".join([*_unseen_by_code(fn, tuple(distributions)), *processes])


@lru_cache(maxsize=1024)
def _unseen_by_code(fn: Any, distributions: tuple[str, ...]) -> tuple[str, ...]:
    found = [_BLIND[name] for name in sorted(map(str.lower, distributions)) if name in _BLIND]
    found += [f"files read by {name}, which is held by name" for name in held_by_name(fn)]
    return tuple(found)


def digests_now(names: Iterable[str], memo: StatMemo | None) -> dict[str, Digest]:
    """What the observed inputs of these names are now."""
    found = {}
    for name in names:
        kind, _, rest = name.partition(":")
        if kind == "observed":
            found[name] = _digest_of_path(rest, memo)
        elif kind == "env":
            found[name] = _digest_of_variable(rest, os.environ.get(rest))
        else:
            found[name] = combine("reached", [name])
    return found


def told(step: str, observed: Iterable[Input]) -> str:
    """One line that names what a step read unasked."""
    words = [_named(given.name) for given in observed]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return (
        f"{step} used without taking it as an argument: {', '.join(words[:_SHOWN])}{more}"
        " (lineal show; see docs/how-to/observed.md)"
    )


def _named(name: str) -> str:
    kind, _, rest = name.partition(":")
    if kind == "observed":
        with suppress(ValueError):
            rest = str(Path(rest).relative_to(Path.cwd()))
        return f"the file {rest}" if not Path(rest).is_dir() else f"the folder {rest}"
    what = {"env": "the variable", "network": "the network at", "process": "the process"}
    return f"{what[kind]} {rest}"


def _digest_of_path(path: str, memo: StatMemo | None) -> Digest:
    try:
        if os.path.isdir(path):  # noqa: PTH112 - these may be many
            return combine("listing", sorted(os.listdir(path)))  # noqa: PTH208
        return file_digest(path, memo)
    except (MissingFileError, FileNotFoundError):
        return combine("missing", [])
    except (UnhashableError, OSError):
        return unique_digest()


def _digest_of_variable(name: str, value: str | None) -> Digest:
    return combine("unset" if value is None else "variable", [name, value or ""])
