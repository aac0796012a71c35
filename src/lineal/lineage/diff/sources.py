"""The source of a part of a project: found in its file by its name, and compared as text."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def file_of(component: str, files: Iterable[str]) -> str | None:
    """The file that holds a component, of the files of a snapshot.

    Args:
        component: ``module:qualname``.
        files: Paths relative to the project's root, or absolute.
    """
    parts = component.partition(":")[0].split(".")
    found: tuple[int, str] | None = None
    for file in sorted(files):
        path = PurePosixPath(file)
        place = path.with_suffix("").parts
        if place[-1] == "__init__":
            place = place[:-1]
        shared = _shared_end(place, parts)
        # A package may lie below a folder such as `src`, and the root of a project inside one:
        # the file that agrees with most of the module's name is meant.
        if shared and shared in (len(parts), len(place)) and (found is None or shared > found[0]):
            found = (shared, file)
    return None if found is None else found[1]


def source_of(component: str, text: str) -> str | None:
    """The source of a function, class or constant in a file; None where it can't be told."""
    try:
        body: Sequence[ast.stmt] = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    node: ast.stmt | None = None
    for name in component.partition(":")[2].split("."):
        if name == "<locals>":
            continue
        if name.startswith("<"):  # a default or a captured value stands in its function
            break
        node = next((n for n in _within(body) if name in _names(n)), None)
        if node is None:
            return None
        body = node.body if isinstance(node, _DEFINITIONS) else ()
    return None if node is None else _segment(text, node)


def patch(before: str | None, after: str | None, name: str) -> str:
    """A unified diff of two texts; None stands for one that is not there."""
    lines = difflib.unified_diff(
        _lines(before), _lines(after), f"before/{name}", f"after/{name}", lineterm=""
    )
    return "\n".join(lines)


def _shared_end(place: Sequence[str], parts: Sequence[str]) -> int:
    count = 0
    for one, other in zip(reversed(place), reversed(parts), strict=False):
        if one != other:
            break
        count += 1
    return count


def _within(body: Sequence[ast.stmt]) -> Iterable[ast.stmt]:
    """The statements of a body, also those under `if`, `try`, `with` and loops.

    The last one of a name comes first, because it is the one in force.
    """
    for statement in reversed(body):
        yield statement
        if not isinstance(statement, _DEFINITIONS):
            for name in ("finalbody", "orelse", "handlers", "body"):
                inner = getattr(statement, name, ())
                for part in reversed(inner):
                    yield from _within(part.body if isinstance(part, ast.ExceptHandler) else [part])


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, _DEFINITIONS):
        return {node.name}
    if isinstance(node, ast.Assign):
        targets: Sequence[ast.expr] = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    else:
        return set()
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def _segment(text: str, node: ast.stmt) -> str:
    """The lines of a definition from its first decorator on."""
    first = node.lineno
    if isinstance(node, _DEFINITIONS):
        first = min([first, *(d.lineno for d in node.decorator_list)])
    # ast counts only these as ends of lines, and not the form feeds that splitlines does.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(lines[first - 1 : node.end_lineno])


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.split("\n")
