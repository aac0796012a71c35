"""Facts of where code runs: what belongs to the project, and what is installed around it."""

from __future__ import annotations

import importlib.util
import locale
import os
import platform
import sys
import sysconfig
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_STDLIB = tuple(
    {os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")}
)
_SITES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_OWN = str(Path(__file__).resolve().parents[1]) + os.sep
_VARIABLES = (
    "PYTHONHASHSEED", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "LANG", "LC_ALL", "TZ",
)  # fmt: skip


@cache
def is_project_file(path: str) -> bool:
    """Whether a source file is the project's own: not installed, not Python's, not ours.

    Code without a file, as in a notebook or a shell, is the project's.
    """
    if path.startswith("<frozen"):
        return False
    if path.startswith("<"):
        return True
    real = os.path.realpath(path)
    if any(site in real for site in _SITES):
        return False
    return not real.startswith((*_STDLIB, _OWN))


@cache
def distribution_of(module: str) -> tuple[str, str] | None:
    """Name and version of the installed distribution that a module belongs to.

    None for modules of Python itself and of the project.
    """
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in ("__main__", "lineal"):
        return None
    file = _file_of(top)
    if file is None or is_project_file(file):
        return None
    # A namespace such as google is shared: the longest prefix that a distribution lists wins.
    parts = module.split(".") if Path(file).is_dir() else [top]
    for length in range(len(parts), 0, -1):
        found = _owner(str(Path(file).parent), "/".join(parts[:length]))
        if found is not None:
            return found
    # Installed without a record of its files, as by some system packagers.
    return top, str(getattr(sys.modules.get(top), "__version__", "unknown"))


def _file_of(top: str) -> str | None:
    """The file of a top-level module, or the folder of a namespace, imported or not."""
    spec: Any = getattr(sys.modules.get(top), "__spec__", None)
    if spec is None:
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError):
            return None
    if spec is None:
        return None
    if spec.has_location:
        # A package's file lies one folder deeper than a module's.
        origin = Path(spec.origin)
        return str(origin if spec.submodule_search_locations is None else origin.parent)
    return next(iter(spec.submodule_search_locations or ()), None)


@cache
def _owner(site: str, path: str) -> tuple[str, str] | None:
    """The distribution of a folder that lists a package or module among its files."""
    names = [name for name in os.listdir(site) if name.endswith(".dist-info")]  # noqa: PTH208
    # The one named like the module is tried first: nearly always it is that one.
    first = path.partition("/")[0].lower()
    ends = [f"\n{path}{end}".encode() for end in ("/", ".py,", ".so,", ".pyd,", ".cpython", ".abi")]
    for name in sorted(names, key=lambda name: not name.lower().startswith(first)):
        record = _record(f"{site}{os.sep}{name}{os.sep}RECORD")
        if any(end in record for end in ends):
            distribution, _, version = name.removesuffix(".dist-info").rpartition("-")
            return distribution.replace("_", "-"), version
    return None


def _record(file: str) -> bytes:
    """The list of a distribution's files, each on a line of its own."""
    try:
        with open(file, "rb") as record:  # noqa: PTH123 - hundreds are read
            return b"\n" + record.read()
    except OSError:
        return b""


@cache
def environment_facts() -> Mapping[str, Any]:
    """Python, platform, processor, installed distributions and the variables that count.

    Found once per process: distributions installed meanwhile are not seen.
    """
    return {
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cpu_count": os.cpu_count() or 1,
        "distributions": _distributions(),
        "variables": {
            **{name: os.environ[name] for name in _VARIABLES if name in os.environ},
            "locale": locale.setlocale(locale.LC_ALL),
            "time zone": "/".join(dict.fromkeys(time.tzname)),
            "blas": _blas(),
        },
    }


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _blas() -> str:
    """The libraries of linear algebra that installed packages carry, by their files' names."""
    found = [
        f"{folder.name.removesuffix('.libs')}: {library.name}"
        for entry in sys.path
        for folder in sorted(Path(entry or ".").glob("*.libs"))
        for library in sorted(folder.iterdir())
        if any(name in library.name for name in ("blas", "mkl", "blis"))
    ]
    return ", ".join(dict.fromkeys(found)) or "not carried by a package"


def _distributions() -> dict[str, str]:
    """Every installed distribution, from the names of its folders: much quicker than metadata."""
    found: dict[str, str] = {}
    for entry in sys.path:
        try:
            names = [path.name for path in Path(entry or ".").iterdir()]
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info"):
                distribution, _, version = name.removesuffix(".dist-info").rpartition("-")
                found.setdefault(distribution.replace("_", "-"), version)
    return dict(sorted(found.items()))
