"""What compiled code does: a normal form of its instructions, and what they refer to.

It describes what runs even when the file was edited since, and works where there is no
file at all. Docstrings, comments, positions, formatting and annotations leave no trace in them:

- each instruction is its name and its argument; constants are written with their type;
- jumps name their target, and handlers what they guard, by the number of the instruction;
- instructions that only mark lines or pad (NOP, RESUME, CACHE …) are left out;
- the docstring of a nested class is left out; a function's is never an instruction;
- nested functions are included in place.

The names that the code looks up globally are gathered with the attributes taken of them
at once: ``np.linalg.norm`` gives ``("np", "linalg", "norm")``.
"""

from __future__ import annotations
import __future__

import dis
import inspect
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

_PADDING = frozenset({"NOP", "RESUME", "CACHE", "EXTENDED_ARG", "PRECALL", "NOT_TAKEN"})
_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_DYNAMIC = frozenset({"eval", "exec", "globals", "vars", "__import__"})
_DYNAMIC_ATTRIBUTES = frozenset({
    "import_module", "resolve_name", "run_module", "run_path", "getmodule", "__globals__",
})  # fmt: skip
"""Ways of reaching code that no global name need stand before."""
DYNAMIC_TARGETS = tuple(
    f"={module}.{name}"
    for module, names in (
        ("builtins", ("eval", "exec", "globals", "vars", "__import__")),
        ("importlib", ("import_module",)),
        ("pkgutil", ("resolve_name",)),
        ("runpy", ("run_module", "run_path")),
        ("inspect", ("getmodule",)),
        ("sys", ("modules",)),
    )
    for name in names
)
"""How what a name leads to ends, where it is one of these under another name."""
LOOKS = {
    "__annotations__": "annotations",
    "get_annotations": "annotations",
    "get_type_hints": "annotations",
    "signature": "annotations",
    "getfullargspec": "annotations",
    "__subclasses__": "subclasses",
    "__doc__": "docstrings",
    "getdoc": "docstrings",
    "getsource": "source",
    "getsourcelines": "source",
}
"""What code that takes this attribute or name looks at, beyond what it calls."""


@dataclass(frozen=True, slots=True)
class Bytecode:
    """One code object, as identity sees it."""

    text: str
    """Its normal form."""
    names: tuple[tuple[str, ...], ...]
    """Global names it reads, each with the chain of attributes taken at once."""
    imports: tuple[tuple[str, int, tuple[str, ...]], ...]
    """Modules it imports itself: name, level, and what is taken from them."""
    dynamic: tuple[str, ...]
    """Ways of reaching code that can't be followed: eval, exec, globals, import_module."""
    looks: frozenset[str]
    """What it looks at beyond what it calls: annotations, docstrings, source, subclasses."""
    binds: tuple[str, ...]
    """The global names it binds anew."""
    texts: tuple[str, ...]
    """The texts it holds: where code is reached dynamically, they may name modules."""


@lru_cache(maxsize=10_000)
def read_bytecode(code: CodeType) -> Bytecode:
    """The normal form of a code object, nested ones included."""
    lines: list[str] = []
    names: dict[tuple[str, ...], None] = {}
    imports: dict[tuple[str, int, tuple[str, ...]], None] = {}
    looks: set[str] = set()
    texts: list[str] = []
    attributes: dict[str, None] = {}
    for nested in _walk(code, lines):
        _gather(nested, names, imports, looks)
        attributes |= dict.fromkeys(nested.co_names)
        texts += [const for const in nested.co_consts if isinstance(const, str)]
    looks |= {LOOKS[text] for text in texts if text.startswith("__") and text in LOOKS}
    dynamic = dict.fromkeys(part for chain in names for part in chain if part in _DYNAMIC)
    dynamic |= dict.fromkeys(name for name in attributes if name in _DYNAMIC_ATTRIBUTES)
    if "modules" in attributes and any(chain[0] == "sys" for chain in names):
        dynamic["sys.modules"] = None
    if dynamic and code.co_flags & _FUTURE_ANNOTATIONS:
        lines.append("future annotations")  # what it compiles takes after it
    return Bytecode(
        text="\n".join(lines),
        names=tuple(names),
        imports=tuple(imports),
        dynamic=tuple(dynamic),
        looks=frozenset(looks),
        binds=tuple(line.partition(" ")[2] for line in lines if line.startswith("STORE_GLOBAL ")),
        texts=tuple(texts),
    )


def _walk(code: CodeType, lines: list[str]) -> Iterator[CodeType]:
    counted = code.co_argcount + code.co_kwonlyargcount
    counted += bool(code.co_flags & inspect.CO_VARARGS) + bool(
        code.co_flags & inspect.CO_VARKEYWORDS
    )
    lines.append(
        f"code {code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}"
        f" {code.co_flags & ~_SILENT_FLAGS} {code.co_varnames[:counted]!r}"
    )
    unpadded = [i for i in dis.get_instructions(code) if i.opname not in _PADDING]
    kept = [i for place, i in enumerate(unpadded) if not _is_docstring(unpadded, place)]
    offsets = [instruction.offset for instruction in kept]
    nested: list[CodeType] = []
    for instruction in kept:
        argument = _argument(code, instruction, offsets, nested)
        lines.append(f"{instruction.opname} {argument}")
    # Which instructions a handler guards shows nowhere but in this table.
    for entry in dis.Bytecode(code).exception_entries:  # type: ignore[attr-defined]
        start, end, target = (
            bisect_left(offsets, place) for place in (entry.start, entry.end, entry.target)
        )
        lines.append(f"guard {start} {end} {target} {entry.depth} {entry.lasti}")
    yield code
    for inner in nested:
        yield from _walk(inner, lines)


_FUTURE_ANNOTATIONS = __future__.annotations.compiler_flag
_SILENT_FLAGS = 0x4000000 | _FUTURE_ANNOTATIONS
"""A docstring that is there, and how annotations are written: neither shows in what runs."""


def _argument(
    code: CodeType, instruction: dis.Instruction, offsets: list[int], nested: list[CodeType]
) -> str:
    value = instruction.argval
    if isinstance(value, CodeType):
        nested.append(value)
        return f"<code {value.co_name}>"
    if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
        return f"-> {bisect_left(offsets, value)}"
    if instruction.opname == "KW_NAMES" and instruction.arg is not None:
        return _constant(code.co_consts[instruction.arg])
    if instruction.opcode in dis.hasconst:
        return _constant(value)
    if isinstance(value, str):
        return value
    return repr(instruction.arg) if instruction.arg is not None else ""


def _constant(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ",".join(_constant(item) for item in value) + ")"
    if isinstance(value, frozenset):
        return "{" + ",".join(sorted(_constant(item) for item in value)) + "}"
    return f"{type(value).__name__}:{value!r}"


def _is_docstring(instructions: list[dis.Instruction], place: int) -> bool:
    """Whether this instruction stores a class's docstring, or loads it to be stored."""
    here = instructions[place]
    if here.opname == "STORE_NAME" and here.argval == "__doc__":
        return True
    after = instructions[place + 1] if place + 1 < len(instructions) else None
    return (
        here.opname == "LOAD_CONST"
        and after is not None
        and after.opname == "STORE_NAME"
        and after.argval == "__doc__"
    )


def _gather(
    code: CodeType,
    names: dict[tuple[str, ...], None],
    imports: dict[tuple[str, int, tuple[str, ...]], None],
    looks: set[str],
) -> None:
    instructions = [i for i in dis.get_instructions(code) if i.opname not in _PADDING]
    for place, instruction in enumerate(instructions):
        if instruction.opname in _LOADS | _ATTRIBUTES and instruction.argval in LOOKS:
            looks.add(LOOKS[instruction.argval])
        if instruction.opname in _LOADS:
            chain = [instruction.argval]
            for following in instructions[place + 1 :]:
                if following.opname not in _ATTRIBUTES:
                    break
                chain.append(following.argval)
            names[tuple(chain)] = None
        elif instruction.opname == "IMPORT_NAME":
            level, taken = instructions[place - 2].argval, instructions[place - 1].argval
            level = level if isinstance(level, int) else 0
            imports[(instruction.argval, level, tuple(taken or ()))] = None
