"""Observing: what a step reads without taking it as an argument.

One audit hook, installed with the first run that observes, sees files that are opened,
folders listed, connections made and processes started; reads of `os.environ` and the
readers of common libraries that open files in C are wrapped while runs go on. Each is given
to the step in whose context it happens; threads and pools that a step starts are run in its
context. What this can't see is told in ``docs/how-to/observed.md``.

Nothing is digested while a step runs: see `observed`.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from pathlib import Path
from typing import Any

from lineal.digests.environment import is_project_file

from .observation import Observation, absolute, system_roots, temporary_folder, text_of

_READERS = (
    ("pyarrow.parquet", "read_table"), ("pyarrow.parquet", "ParquetFile"),
    ("pyarrow.parquet", "ParquetDataset"), ("pyarrow.csv", "read_csv"),
    ("pyarrow.csv", "open_csv"), ("pyarrow.json", "read_json"), ("pyarrow.feather", "read_table"),
    ("pyarrow.feather", "read_feather"), ("pyarrow.dataset", "dataset"),
    ("pyarrow", "memory_map"), ("pyarrow", "OSFile"), ("h5py", "File"), ("duckdb", "connect"),
    ("polars", "read_csv"), ("polars", "read_parquet"), ("polars", "read_ipc"),
    ("polars", "scan_csv"), ("polars", "scan_parquet"), ("polars", "scan_ipc"),
    ("tables", "open_file"), ("cv2", "imread"),
)  # fmt: skip
"""Functions and classes of libraries that open the file named by their first argument in C."""
_INSTALLED = tuple(
    str(Path(*package, "__init__.py"))
    for package in (("importlib", "metadata"), ("importlib_metadata",))
)
"""What lists the folders of modules for the distributions in them. Dask brings in the second
one, which then looks beside the first."""


_observation: ContextVar[Observation | None] = ContextVar("observation", default=None)


class observed_by:  # noqa: N801 - it reads as a word in `with observed_by(…)`
    """Have what happens in this context, and in threads started in it, noted meanwhile."""

    def __init__(self, observation: Observation | None) -> None:
        self._by = observation

    def __enter__(self) -> None:
        self._token = _observation.set(self._by)

    def __exit__(self, *_error: object) -> None:
        _observation.reset(self._token)


# The hook


def _on_open(observation: Observation, arguments: tuple[Any, ...]) -> None:
    path, mode, flags = arguments
    if isinstance(path, int):
        return
    if isinstance(mode, str):
        writing = any(letter in mode for letter in "wax+")
        reading = "r" in mode
    else:
        flags = flags or 0
        access = flags & os.O_ACCMODE
        writing = access != os.O_RDONLY
        reading = access != os.O_WRONLY and not flags & (os.O_EXCL | os.O_TRUNC)
    observation.opened(absolute(path), writing=writing, reading=reading)


def _on_list(observation: Observation, arguments: tuple[Any, ...]) -> None:
    if not isinstance(arguments[0], int) and not _looks_for_modules():
        observation.looked_into(absolute(arguments[0] or "."))


def _looks_for_modules() -> bool:
    """Whether a folder of modules is listed for them, or for what is installed.

    What an import finds is in the key as code, and what is installed as environment.
    """
    caller = sys._getframe(3).f_code  # noqa: SLF001 - there is no other way to the caller
    if caller.co_name == "_fill_cache":
        return caller.co_filename.startswith("<frozen importlib")
    return caller.co_name == "children" and caller.co_filename.endswith(_INSTALLED)


def _on_connect(observation: Observation, arguments: tuple[Any, ...]) -> None:
    address = arguments[1]
    if isinstance(address, tuple) and len(address) >= 2:
        observation.reached[f"network:{address[0]}:{address[1]}"] = None


def _on_process(observation: Observation, arguments: tuple[Any, ...]) -> None:
    program = arguments[0] or arguments[1]
    if isinstance(program, (list, tuple)):
        program = program[0] if program else ""
    if _asked_by_project(_is_of_python):
        observation.reached[f"process:{text_of(program)}"] = None


def _on_database(observation: Observation, arguments: tuple[Any, ...]) -> None:
    database = text_of(arguments[0])
    if database and not database.startswith((":memory:", "file:")):
        observation.opened(absolute(database), writing=False, reading=True)


_EVENTS: dict[str, Callable[[Observation, tuple[Any, ...]], None]] = {
    "open": _on_open,
    "os.listdir": _on_list,
    "os.scandir": _on_list,
    "socket.connect": _on_connect,
    "subprocess.Popen": _on_process,
    "os.system": lambda seen, arguments: _on_process(seen, (arguments[0], ())),
    "sqlite3.connect": _on_database,
}


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    handler = _EVENTS.get(event)
    if handler is None:
        return
    observation = _observation.get()
    if observation is None:
        return
    try:
        handler(observation, arguments)
    except Exception:  # noqa: BLE001 - must not fail a step, nor be forgotten
        observation.missed[event] = None


def _asked_by_project(passed_over: Callable[[str], bool]) -> bool:
    """Whether the nearest caller, some files passed over, is the project's code."""
    frame: Any = sys._getframe(2)  # noqa: SLF001 - there is no other way to the caller
    while frame is not None:
        file = frame.f_code.co_filename
        if file != __file__ and not passed_over(file):
            return is_project_file(file)
        frame = frame.f_back
    return False


@cache
def _is_of_python(file: str) -> bool:
    real = os.path.realpath(file)
    standard = [os.path.realpath(sysconfig.get_path("stdlib")) + os.sep]
    inside = real.startswith(tuple(standard)) and "site-packages" not in real
    return file.startswith("<frozen") or inside


@cache
def _is_of_mappings(file: str) -> bool:
    """Whether a file holds what `os.environ` and `os.getenv` are made of."""
    return file in ("<frozen os>", "<frozen _collections_abc>", os.__file__)


# What is wrapped while runs go on

_lock = threading.Lock()
_depth = 0
_hooked = False
_undo: list[Callable[[], None]] = []


@contextmanager
def observing() -> Iterator[None]:
    """Have steps observed meanwhile. Nests."""
    global _depth, _hooked
    with _lock:
        _depth += 1
        if not _hooked:
            _hooked = True
            sys.addaudithook(_hook)  # it can't be taken out again; without a step it does nothing
        if _depth == 1:
            _install()
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                while _undo:
                    _undo.pop()()


def _install() -> None:
    temporary_folder()
    system_roots()  # asked for here, so that what it reads is no step's reading
    _replace(type(os.environ), "__getitem__", _reading_a_variable)
    _replace(threading.Thread, "start", _starting_a_thread)
    _replace(ThreadPoolExecutor, "submit", _submitting)
    for reader, owner, name in readers():
        if not isinstance(reader, type):
            _replace(owner, name, _reading_in_c)
        elif "__init__" in vars(reader):  # not so in classes that are written in C
            _replace(reader, "__init__", _made_to_read_in_c)


def readers() -> Iterator[tuple[Any, Any, str]]:
    """What reads in C, of the modules that are imported: itself, its module and its name."""
    for module, name in _READERS:
        loaded = sys.modules.get(module)
        if loaded is not None and hasattr(loaded, name):
            yield getattr(loaded, name), loaded, name


def held_by_name(fn: Any) -> list[str]:
    """Readers that a function's code calls by a name of its own module, past what wraps them."""
    code, scope = getattr(fn, "__code__", None), getattr(fn, "__globals__", {})
    held = {
        id(scope[name]) for name in (code.co_names if code is not None else ()) if name in scope
    }
    return [
        f"{owner.__name__}.{name}"
        for reader, owner, name in readers()
        if id(getattr(reader, "__wrapped__", reader)) in held and not isinstance(reader, type)
    ]


def _replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    wrapped = wrap(original)
    setattr(owner, name, wrapped)

    def restore() -> None:
        if getattr(owner, name) is wrapped:
            setattr(owner, name, original)

    _undo.append(restore)


def _reading_a_variable(original: Any) -> Any:
    def __getitem__(self: Any, key: Any) -> Any:  # noqa: N807 - it stands for that method
        observation = _observation.get()
        if observation is None or self is not os.environ or not _asked_by_project(_is_of_mappings):
            return original(self, key)
        try:
            value = original(self, key)
        except KeyError:
            observation.variables.setdefault(str(key), None)
            raise
        observation.variables.setdefault(str(key), value)
        return value

    return __getitem__


def _starting_a_thread(original: Any) -> Any:
    def start(self: Any) -> None:
        if _observation.get() is not None:
            context, run = copy_context(), self.run
            self.run = lambda: context.run(run)
        original(self)

    return start


def _submitting(original: Any) -> Any:
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _observation.get() is None:
            return original(self, fn, *args, **kwargs)
        return original(self, copy_context().run, fn, *args, **kwargs)

    return submit


def _reading_in_c(original: Any) -> Any:
    def read(*args: Any, **kwargs: Any) -> Any:
        _note_reading(args[:1])
        return original(*args, **kwargs)

    read.__wrapped__ = original  # type: ignore[attr-defined]
    return read


def _made_to_read_in_c(original: Any) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands for it
        _note_reading(args[:1])
        original(self, *args, **kwargs)

    return __init__


def _note_reading(first: tuple[Any, ...]) -> None:
    observation = _observation.get()
    if observation is None or not first or not isinstance(first[0], (str, os.PathLike)):
        return
    path = absolute(first[0])
    if os.path.isdir(path):  # noqa: PTH112 - a folder of parts
        observation.looked_into(path)
    elif "://" not in text_of(first[0]):
        observation.opened(path, writing=False, reading=True)
