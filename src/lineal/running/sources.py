"""Which source files a run needs to be loaded again: those it reached, and what they import.

Found from files alone: an import is followed where a project's import roots hold its
module, whether or not this process has imported it. Nothing is imported here.
"""

from __future__ import annotations

import ast
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lineal.digests.environment import is_project_file

_MARKS = ("pyproject.toml", ".git", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The source files of a run, and from where they import each other."""

    root: Path
    """The project's folder."""
    files: tuple[Path, ...]
    roots: tuple[Path, ...]
    """The folders that have to be on the path, in order."""

    def place(self, path: Path) -> str:
        """Where a path lies below the root; as it is when it lies elsewhere."""
        return path.relative_to(self.root).as_posix() if _below(path, self.root) else str(path)


def project_root(folder: Path) -> Path:
    """The nearest folder above that is marked as a project, else the folder itself."""
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _MARKS):
            return candidate
    return folder


def sources_of(entry: Path | None, reached: Iterable[Path]) -> Sources:
    """All project files that loading and running an entry needs.

    Args:
        entry: The file of the pipeline; None when it has none.
        reached: The files that hold what the steps' code reaches.
    """
    present = sorted({path.absolute() for path in reached if path.is_file()})
    first = entry if entry is not None else next(iter(present), None)
    root = project_root(first.parent if first is not None else Path.cwd())
    roots = _import_roots(root, present)
    look = _Look()
    found: dict[Path, None] = {}
    waiting = [path for path in ([entry] if entry else []) + present if path.is_file()]
    while waiting:
        path = waiting.pop().absolute()
        if path in found or not is_project_file(str(path)):
            continue
        found[path] = None
        waiting.extend(_packages(path, roots, look))
        waiting.extend(_imported(path, roots, look))
    return Sources(root=root, files=tuple(sorted(found)), roots=tuple(roots))


def _import_roots(root: Path, files: Iterable[Path]) -> list[Path]:
    """Folders from which modules of the project are imported, in the path's order."""
    homes = _homes(files)
    on_path = [Path(entry).absolute() for entry in sys.path]
    chosen = [
        folder
        for folder in on_path
        if (folder in homes or _below(folder, root))
        and folder.is_dir()
        and is_project_file(str(folder / "any.py"))
    ]
    return list(dict.fromkeys([*chosen, *homes]))


def _homes(files: Iterable[Path]) -> dict[Path, None]:
    """The folders from which the modules in some files were imported."""
    homes: dict[Path, None] = {}
    others = []
    for file in files:
        names = [name for name in _names_for(file) if _file_of(sys.modules.get(name)) == str(file)]
        homes.update((_home(name, file), None) for name in names)
        if not names:
            others.append(str(file))
    # Under a name that does not follow from its place. There are thousands of modules to look
    # through, and few whose file is even called like one of these.
    ends = tuple({file.rpartition(os.sep)[2] for file in others})
    for name, module in list(sys.modules.items()) if others else ():
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.endswith(ends) and _file_of(module) in others:
            homes[_home(name, Path(path).absolute())] = None
    return homes


def _names_for(file: Path) -> Iterator[str]:
    """What the module in a file may be called, from the shortest on; and as what a process ran."""
    place = file.parent if file.stem == "__init__" else file.with_suffix("")
    name = ""
    for part in reversed(place.parts[1:]):
        name = f"{part}.{name}" if name else part
        yield name
    yield from ("__main__", "__mp_main__")


def _file_of(module: object) -> str | None:
    path = getattr(module, "__file__", None)
    return os.path.abspath(path) if isinstance(path, str) else None  # noqa: PTH100


def _home(module: str, file: Path) -> Path:
    """The folder that has to be on the path for a module to be found in its file."""
    if module in ("__main__", "__mp_main__"):
        return file.parent
    depth = len(module.split(".")) - (file.stem != "__init__")
    return file.parents[depth] if depth < len(file.parents) else file.parent


class _Look:
    """What lies in folders, each place looked at once: files import the same modules."""

    def __init__(self) -> None:
        self._kinds: dict[str, int] = {}
        self._found: dict[tuple[str, str], list[Path]] = {}

    def is_file(self, path: str) -> bool:
        return stat.S_ISREG(self._kind(path))

    def modules(self, base: str, name: str) -> list[Path]:
        """The files of a module and its packages below a folder, as far as they are there."""
        files = self._found.get((base, name))
        if files is None:
            files = self._found[base, name] = []
            place = base
            for part in name.split("."):
                place = f"{place}{os.sep}{part}"
                if self.is_file(module := f"{place}.py"):
                    files.append(Path(module))
                if not stat.S_ISDIR(self._kind(place)):
                    break
                if self.is_file(package := f"{place}{os.sep}__init__.py"):
                    files.append(Path(package))
        return files

    def _kind(self, path: str) -> int:
        kind = self._kinds.get(path)
        if kind is None:
            try:
                kind = os.stat(path).st_mode  # noqa: PTH116 - a `Path` costs more than the look
            except (OSError, ValueError):
                kind = 0
            self._kinds[path] = kind
        return kind


def _packages(path: Path, roots: Iterable[Path], look: _Look) -> Iterator[Path]:
    """The ``__init__.py`` of every package that a file lies in."""
    for root in roots:
        if _below(path, root):
            for folder in path.parents:
                if folder == root:
                    break
                marker = f"{folder}{os.sep}__init__.py"
                if look.is_file(marker):
                    yield Path(marker)


def _imported(path: Path, roots: list[Path], look: _Look) -> Iterator[Path]:
    try:
        facts = path.stat()
    except OSError:
        return
    for level, name in _imports(str(path), facts.st_mtime_ns, facts.st_size):
        bases = roots if level == 0 else [path.parents[min(level, len(path.parents)) - 1]]
        for base in bases:
            yield from look.modules(str(base), name)


@lru_cache(maxsize=4096)
def _imports(path: str, modified: int, size: int) -> tuple[tuple[int, str], ...]:  # noqa: ARG001
    """Every module that a file imports anywhere, with the dots before its name."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    found: dict[tuple[int, str], None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update({(0, alias.name): None for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            for alias in node.names:
                found[node.level, f"{base}.{alias.name}".strip(".")] = None
    return tuple(found)


def _below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder)
