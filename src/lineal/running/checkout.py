"""Checkout: the recorded code of a run in a process that carries out its steps.

The process may have been started anywhere, from any other checkout of the project. So it
imports the project's modules from a folder of its own, where the recorded files are laid
out; modules of the project that it had imported from elsewhere are forgotten first. Code
that differs from what is laid out replaces it, when no step is being executed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import multiprocessing.util
import os
import pickle
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lineal.digests.digest import Digest
from lineal.digests.environment import is_project_file
from lineal.errors import StepFailed
from lineal.pipeline import Task, TaskOptions
from lineal.store.base import BlobStore

from .laying_out import inside, lay_out

_PREFIX = "lineal-code-"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Project files as they are recorded, and from where they import each other."""

    files: Mapping[str, Digest]
    """Place below the project's root -> address of the content in the blob store."""
    import_paths: tuple[str, ...]
    """Folders, as places are written, that have to be on the path, in order."""

    def to_bytes(self) -> bytes:
        """As JSON; the same snapshot is always the same bytes."""
        return json.dumps({"files": dict(self.files), "import_paths": self.import_paths}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """Read it back."""
        facts = json.loads(data)
        files = {place: Digest(address) for place, address in facts["files"].items()}
        return cls(files=files, import_paths=tuple(facts["import_paths"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAddress:
    """Where a task is found by a process that has its code laid out."""

    module: str
    qualname: str
    place: str | None
    """The file that declares it, as a place of the snapshot; None when none does."""
    pickled: Digest | None = None
    """Address of the task itself, where no file declares it: in a notebook, in a function."""
    options: TaskOptions


class Checkout:
    """The code that this process has laid out. May be used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._files: dict[str, Digest] = {}
        self._folder: Path | None = None
        self._users = 0
        self._spoilt = False
        self._prepared: dict[Any, Any] = {}

    @contextmanager
    def holding(self, snapshot: Snapshot, blobs: BlobStore) -> Iterator[None]:
        """Have the code of a snapshot in place meanwhile."""
        with self._changed:
            while not self._fits(snapshot) and self._users:
                self._changed.wait()
            if not self._fits(snapshot):
                self._forget()
            self._extend(snapshot, blobs)
            self._users += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def prepared(self, what: Hashable, prepare: Callable[[], T]) -> T:
        """What is made of the code once, for as long as it is in place."""
        with self._changed:
            if what not in self._prepared:
                self._prepared[what] = prepare()
            made: T = self._prepared[what]
            return made

    def spoilt(self) -> None:
        """A step has changed what modules hold; import them anew before the next run's."""
        with self._changed:
            self._spoilt = True

    def task(self, address: TaskAddress, blobs: BlobStore) -> Task[..., Any]:
        """The task at an address.

        Raises:
            StepFailed: it is not there.
        """
        with self._changed:
            if address.pickled is not None:
                found: Any = pickle.loads(blobs.get(address.pickled))  # noqa: S301 - code, by its digest
            else:
                found = self._declared(address)
        if not isinstance(found, Task):
            raise StepFailed(
                f"The task {address.module}:{address.qualname} is not in its module when that is"
                " imported by another process; declare it at the top level of a module, outside"
                " `if __name__ == '__main__'`."
            )
        return found if found.options == address.options else Task(found.fn, address.options)

    def _declared(self, address: TaskAddress) -> Any:
        module = self._module(address)
        value: Any = module
        for part in address.qualname.split("."):
            value = getattr(value, part, None)
        if isinstance(value, Task):
            return value
        tasks = [v for v in vars(module).values() if isinstance(v, Task)]
        return next((t for t in tasks if t.fn.__qualname__ == address.qualname), None)

    def _module(self, address: TaskAddress) -> Any:
        known = sys.modules.get(address.module)
        if known is not None or "." in address.module or address.place is None:
            return known or importlib.import_module(address.module)
        assert self._folder is not None
        # By its file, as a module of Python's own may have the same name.
        file = inside(self._folder, address.place)
        spec = importlib.util.spec_from_file_location(address.module, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[address.module] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(address.module, None)
            raise
        return module

    def _fits(self, snapshot: Snapshot) -> bool:
        return (
            self._folder is not None
            and not self._spoilt
            and all(
                self._files.get(place, address) == address
                for place, address in snapshot.files.items()
            )
        )

    def _extend(self, snapshot: Snapshot, blobs: BlobStore) -> None:
        if self._folder is None:
            self._folder = _new_folder()
            _forget_modules(self._folder)
        missing = {p: a for p, a in snapshot.files.items() if p not in self._files}
        if missing:
            lay_out(missing, self._folder, blobs)
            self._files.update(missing)
            importlib.invalidate_caches()
        paths = [str(inside(self._folder, place)) for place in snapshot.import_paths]
        if sys.path[: len(paths)] != paths:
            sys.path[:] = [*paths, *(path for path in sys.path if path not in paths)]

    def _forget(self) -> None:
        if self._folder is not None:
            sys.path[:] = [p for p in sys.path if not p.startswith(str(self._folder))]
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._spoilt = None, False
        self._files.clear()
        self._prepared.clear()


def _forget_modules(folder: Path) -> None:
    """Forget modules of the project that were imported from anywhere but a folder."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (
            isinstance(file, str)
            and name not in ("__main__", "__mp_main__")
            and is_project_file(file)
            and not Path(file).is_relative_to(folder)
        ):
            del sys.modules[name]


def _new_folder() -> Path:
    """A folder of this process's own, which goes when it ends; those of dead ones go now."""
    import psutil

    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
    multiprocessing.util.Finalize(None, shutil.rmtree, (folder, True), exitpriority=0)
    return folder
