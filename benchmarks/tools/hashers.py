"""How each tool hashes a value in memory, and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineal.digests.canonical import value_digest


@dataclass(frozen=True)
class Hasher:
    """A tool's own function from a value to what it is known by."""

    name: str
    load: Callable[[], Callable[[Any], Any]]
    """Imports the tool."""
    does: str
    needs: tuple[str, ...] = ()


def _joblib() -> Callable[[Any], Any]:
    from joblib import hash as joblib_hash

    return joblib_hash


def _dask() -> Callable[[Any], Any]:
    from dask.tokenize import tokenize

    return tokenize


def _pandas() -> Callable[[Any], Any]:
    from pandas.util import hash_pandas_object
    from xxhash import xxh3_128_hexdigest

    return lambda value: xxh3_128_hexdigest(hash_pandas_object(value).to_numpy())


def _prefect() -> Callable[[Any], Any]:
    from prefect.utilities.hashing import hash_objects

    return lambda value: hash_objects(value, raise_on_failure=True)


def _redun() -> Callable[[Any], Any]:
    from redun.value import get_type_registry

    return get_type_registry().get_hash


def _hamilton() -> Callable[[Any], Any]:
    from hamilton.caching.fingerprinting import hash_value

    return hash_value


LINEAL = Hasher(
    "lineal",
    lambda: value_digest,
    "XXH3 over types, lengths and every byte of the content, whatever lies in memory where",
)
JOBLIB = Hasher("joblib.hash", _joblib, "MD5 over a pickle", ("joblib",))
DASK = Hasher(
    "dask.tokenize",
    _dask,
    "MD5 over a normalized form or a pickle; arrays in it by xxhash over their memory",
    ("dask",),
)
PANDAS = Hasher(
    "hash_pandas_object",
    _pandas,
    "64 bits for each row, hashed together here; frames, series and indexes only; knows no names "
    "and no types of columns",
)
PREFECT = Hasher("Prefect", _prefect, "MD5 over JSON, else over a pickle", ("prefect",))
REDUN = Hasher("redun", _redun, "SHA-1 over a pickle", ("redun",))
HAMILTON = Hasher(
    "Hamilton", _hamilton, "MD5 by type, of unknown ones over attributes", ("hamilton",)
)
HASHERS = (LINEAL, JOBLIB, DASK, PANDAS, PREFECT, REDUN, HAMILTON)


class Dvc:
    """DVC's own hashing of files and folders, with its state of known files."""

    name = "DVC"
    does = "MD5 of each file; of a folder, MD5 of the list of its files"
    needs = ("dvc_data",)

    def __init__(self, state: Path) -> None:
        self._state = state

    def file(self, path: Path) -> str:
        from dvc_data.hashfile.hash import file_md5
        from dvc_objects.fs import localfs

        return str(file_md5(str(path), localfs))

    def tree(self, path: Path) -> str:
        from dvc_data.hashfile.build import build
        from dvc_data.hashfile.db.local import LocalHashFileDB
        from dvc_data.hashfile.state import State
        from dvc_objects.fs import localfs

        state = State(root_dir=str(path), tmp_dir=str(self._state))
        try:
            store = LocalHashFileDB(localfs, str(self._state / "files"), state=state)
            return str(build(store, str(path), localfs, "md5", dry_run=True)[2].hash_info.value)
        finally:
            state.close()
