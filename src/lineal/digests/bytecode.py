"""What a compiled function does, free of how its source looks.

The digest is taken over the instructions that the interpreter will run, so it describes
what runs even when the file was edited since, and works where there is no file at all.
Docstrings, comments, positions, formatting and annotations leave no trace in them:

- each instruction is its name and its argument; constants are written with their type;
- jumps name their target by its rank among all targets, so offsets do not count;
- instructions that only mark lines or pad (NOP, RESUME, CACHE …) are left out;
- the docstring of a nested class is left out; a function's is never an instruction;
- nested functions are included in place.

The names that the code looks up globally are gathered with the attributes taken of them
at once: ``np.linalg.norm`` gives ``("np", "linalg", "norm")``.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

_PADDING = frozenset({"NOP", "RESUME", "CACHE", "EXTENDED_ARG", "PRECALL", "NOT_TAKEN"})
_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_DYNAMIC = frozenset({"eval", "exec", "globals", "__import__"})


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
    """Ways of reaching code that can't be followed: eval, exec, globals, __import__."""


@lru_cache(maxsize=10_000)
def read_bytecode(code: CodeType) -> Bytecode:
    """The normal form of a code object, nested ones included."""
    lines: list[str] = []
    names: dict[tuple[str, ...], None] = {}
    imports: dict[tuple[str, int, tuple[str, ...]], None] = {}
    for nested in _walk(code, lines):
        _gather(nested, names, imports)
    dynamic = tuple(chain[0] for chain in names if chain[0] in _DYNAMIC)
    return Bytecode("\n".join(lines), tuple(names), tuple(imports), dynamic)


def _walk(code: CodeType, lines: list[str]) -> Iterator[CodeType]:
    counted = code.co_argcount + code.co_kwonlyargcount
    lines.append(
        f"code {code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}"
        f" {code.co_flags & ~_HAS_DOCSTRING} {code.co_varnames[:counted]!r}"
    )
    instructions = [i for i in dis.get_instructions(code) if i.opname not in _PADDING]
    targets = _targets(code)
    nested: list[CodeType] = []
    for place, instruction in enumerate(instructions):
        if instruction.offset in targets:
            lines.append(f"label {targets[instruction.offset]}")
        if _is_docstring(instructions, place):
            continue
        lines.append(f"{instruction.opname} {_argument(instruction, targets, nested)}")
    yield code
    for inner in nested:
        yield from _walk(inner, lines)


_HAS_DOCSTRING = 0x4000000


def _targets(code: CodeType) -> dict[int, int]:
    offsets = sorted(set(dis.findlabels(code.co_code)))  # type: ignore[arg-type]
    real = [i.offset for i in dis.get_instructions(code) if i.opname not in _PADDING]
    ranks: dict[int, int] = {}
    for rank, offset in enumerate(offsets):
        landed = next((o for o in real if o >= offset), offset)
        ranks.setdefault(landed, rank)
        ranks.setdefault(offset, ranks[landed])
    return ranks


def _argument(instruction: dis.Instruction, targets: dict[int, int], nested: list[CodeType]) -> str:
    value = instruction.argval
    if isinstance(value, CodeType):
        nested.append(value)
        return f"<code {value.co_name}>"
    if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
        return f"-> {targets.get(value, value)}"
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
) -> None:
    instructions = [i for i in dis.get_instructions(code) if i.opname not in _PADDING]
    for place, instruction in enumerate(instructions):
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
