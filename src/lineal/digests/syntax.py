"""The source of code that is loaded, and its form free of how it is laid out.

The interpreter's optimiser looks at line numbers, so a condition spread over two lines
can become other instructions than the same one on a single line. Where the source is
there, code is therefore read from a second compilation of its syntax tree in which every
position is the same. The source is trusted only where its plain compilation does what the
loaded code does: after an edit, the digest still describes what will run.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from .bytecode import LOOKS, Bytecode, read_bytecode

INSPECTORS = frozenset({
    "pydantic", "typeguard", "beartype", "attrs", "cattrs", "msgspec", "typer", "fastapi",
    "pandera", "jaxtyping",
})  # fmt: skip
"""Distributions that may act on the annotations of what they are given."""
_INSPECTING = INSPECTORS.union(name for name, seen in LOOKS.items() if seen == "annotations")
_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
_MOST = 20_000
_read: dict[int, tuple[CodeType, Bytecode]] = {}
_files: dict[str, tuple[str, _Index]] = {}


class _Index:
    """The code objects of one source, by qualified name: as laid out, and free of layout."""

    def __init__(self, source: str, file: str) -> None:
        self.by_name: dict[str, list[tuple[CodeType, CodeType]]] = {}
        self.whole: CodeType | None = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they were shown when it was imported
                tree = ast.parse(source, file)
                plain = compile(tree, file, "exec", dont_inherit=True)
                flat = compile(_flattened(tree), file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError):
            return
        self.whole = flat
        for one, other in _pairs(plain, flat):
            self.by_name.setdefault(one.co_qualname, []).append((one, other))


def read_function(code: CodeType) -> Bytecode:
    """What a loaded code object does, free of layout where its source can be had."""
    known = _read.get(id(code))
    if known is None:
        if len(_read) >= _MOST:
            _read.clear()
        loaded = read_bytecode(code)
        known = (code, loaded)
        index = _index(code.co_filename)
        for plain, flat in index.by_name.get(code.co_qualname, ()) if index else ():
            if read_bytecode(plain).text == loaded.text:
                known = (code, read_bytecode(flat))
                break
        _read[id(code)] = known
    return known[1]


def read_class(cls: type, file: str | None) -> Bytecode | None:
    """The body of a class as its source says; None when there is none that fits the class."""
    own = [fn.__code__ for fn in vars(cls).values() if isinstance(fn, types.FunctionType)]
    if file is None:
        file = next((code.co_filename for code in own), None)
    index = _index(file) if file is not None else None
    if index is None:
        return None
    loaded = {read_bytecode(code).text for code in own if code.co_filename == file}
    for plain, flat in index.by_name.get(cls.__qualname__, ()):
        inner = [const for const in plain.co_consts if isinstance(const, CodeType)]
        if loaded <= {read_bytecode(code).text for code in inner}:
            return read_bytecode(flat)
    return None


def read_file(file: str) -> Bytecode | None:
    """All of a file's code; None when it is not Python that can be compiled."""
    index = _index(file)
    return read_bytecode(index.whole) if index is not None and index.whole is not None else None


def source_of(thing: Any) -> str:
    """The text of a function or class as its author wrote it; nothing where there is none."""
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return ""


def _index(file: str) -> _Index | None:
    if not file.startswith("<"):
        linecache.checkcache(file)
    source = "".join(linecache.getlines(file))
    if not source and not Path(file).is_file():
        return None
    known = _files.get(file)
    if known is None or known[0] != source:
        known = _files[file] = (source, _Index(source, file))
    return known[1]


def _flattened(tree: ast.Module) -> ast.Module:
    """The tree with positions that tell nothing, and without annotations nobody looks at.

    All is on line 1 but what has code of its own. That is numbered: two equal functions on
    one line would become a single constant, and no longer stand beside those as laid out.
    """
    looked_at = not _INSPECTING.isdisjoint(_words(tree))
    nodes = list(ast.walk(tree))
    for node in nodes:
        _put(node, 1)
    for line, node in enumerate((node for node in nodes if isinstance(node, _SCOPES)), start=2):
        # The code of what is decorated begins with its first decorator.
        for first in (node, *getattr(node, "decorator_list", ())):
            _put(first, line)
        if not looked_at and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            _unannotate(node)
    return tree


def _put(node: ast.AST, line: int) -> None:
    if hasattr(node, "lineno"):
        node.__dict__.update(lineno=line, end_lineno=line, col_offset=0, end_col_offset=0)


def _unannotate(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if not node.decorator_list:
        node.returns = None
        for argument in _arguments(node.args):
            argument.annotation = None


def _words(tree: ast.Module) -> Iterator[str]:
    """The names and short texts in a source: comments and documentation are none of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from node.module.split(".")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _arguments(args: ast.arguments) -> list[ast.arg]:
    single = [arg for arg in (args.vararg, args.kwarg) if arg is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *single]


def _pairs(plain: CodeType, flat: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The code objects nested in two compilations of one tree, side by side."""
    ones = [const for const in plain.co_consts if isinstance(const, CodeType)]
    others = [const for const in flat.co_consts if isinstance(const, CodeType)]
    if [one.co_name for one in ones] != [other.co_name for other in others]:
        others = ones  # not known to happen; then layout counts, which is safe
    for one, other in zip(ones, others, strict=True):
        yield one, other
        yield from _pairs(one, other)
