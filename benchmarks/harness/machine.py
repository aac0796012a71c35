"""The machine and the packages that figures were taken with; nothing that names a person."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

import psutil
import pyperf
import xxhash

import lineal

TOLD = ("date", "cpu_model_name", "cpu_count", "platform", "python_version", "perf_version")
OWN = ("lineal", "numpy", "pandas", "pyarrow", "sqlalchemy", "xxhash")


def described(scratch: Path) -> dict[str, str | int | float]:
    """What pyperf tells of this machine, its memory, and what the scratch folder stands on."""
    everything = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    found = {name: everything[name] for name in TOLD if name in everything}
    found["memory"] = psutil.virtual_memory().total
    mounts = [part for part in psutil.disk_partitions(all=True) if _holds(part, scratch)]
    if mounts:
        found["filesystem"] = max(mounts, key=lambda part: len(part.mountpoint)).fstype
    return found


def source_of(file: Path) -> str:
    """Tells apart what a benchmark file measures: the code of lineal, and what measures it."""
    here = file.parent
    measuring = (path for path in here.rglob("*.py") if path.parent != here)
    found = xxhash.xxh3_64()
    for path in [file, *sorted(measuring), *sorted(Path(lineal.__file__).parent.rglob("*.py"))]:
        found.update(f"{path.name} {path.stat().st_size} ".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def versions_of(modules: Iterable[str] = OWN) -> dict[str, str]:
    """The version of each module's distribution, by the distribution's name."""
    names = {_distributions().get(module, [module])[0] for module in modules}
    return {name: metadata.version(name) for name in sorted(names) if _known(name)}


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def _known(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _holds(partition: psutil._common.sdiskpart, folder: Path) -> bool:
    return folder.resolve().is_relative_to(partition.mountpoint)
