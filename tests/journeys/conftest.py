"""Plays a document: writes the files it shows, runs its commands, compares their output.

In a document's fenced blocks,

- a block with a title, ``python title="wine.py"``, is a file. With a name after the file's,
  ``title="wine.py: features"``, it is a new version of that one definition in the file.
- a ``console`` block holds commands after ``$``, each with the output that is shown for it.
  ``...`` stands for any text in a line, and alone in a line for any lines. What differs
  from one run to the next (times, sizes, identities, decimals) is not compared.
- any other block is read by people alone, except that Python must compile.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineal.cli.main import app
from lineal.errors import LinealError

_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^":]+)(?:: (\w+))?"')
_VARYING = re.compile(
    r"""\b[0-9a-f]{10,}\b"""
    r"""|\b\d+(\.\d+)?[ ](ms|s|min|h|d|B|kB|MB|GB)\b"""
    r"""|\b\d{4}-\d\d-\d\d[ ]\d\d:\d\d:\d\d\b"""
    r"""|-?\b\d+\.\d+(e-?\d+)?""",
)
_ELEMENT = re.compile(r"\W (\w+)\[(\d+)\] ")
Play = Callable[[Path], None]


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    language: str
    text: str
    line: int
    file: str | None
    """The file it shows."""
    definition: str | None
    """The definition of the file it shows, when it does not show all."""


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the output that is shown for it."""

    line: int
    text: str
    shown: list[str]


def blocks(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document, in order."""
    text = document.read_text("utf-8")
    for fence in _FENCE.finditer(text):
        title = _TITLE.search(fence[2])
        yield Block(
            language=fence[1],
            text=fence[3],
            line=text.count("\n", 0, fence.start()) + 1,
            file=title[1] if title else None,
            definition=title[2] if title else None,
        )


def commands(block: Block) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            found.append(Command(number, line[2:], []))
        elif line.strip():
            assert found, f"line {number}: output comes before any command"
            found[-1].shown.append(line)
    return found


def matches(shown: list[str], printed: str) -> bool:
    """Whether what was printed is what is shown, as far as it is compared."""
    if not shown:
        return True
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == "..." else _line_pattern(line) + "\n"
        for line in _in_order(shown)
    )
    lines = [_settled(line) for line in _in_order(printed.splitlines()) if line.strip()]
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None


def _in_order(lines: list[str]) -> list[str]:
    """Lines, those of one map in order: its elements run side by side, and any may end first."""
    ordered: list[str] = []
    for name, group in groupby(lines, key=lambda line: _element(line)[0]):
        some = list(group)
        ordered += sorted(some, key=_element) if name else some
    return ordered


def _element(line: str) -> tuple[str, int]:
    """The map and the place of the element that a line tells of; no name for other lines."""
    found = _ELEMENT.match(line)
    return (found[1], int(found[2])) if found else ("", 0)


def _line_pattern(line: str) -> str:
    return r".*".join(re.escape(_settled(part)) for part in line.split("..."))


def _settled(line: str) -> str:
    return " ".join(_VARYING.sub("#", line).split())


def _write(block: Block, folder: Path) -> None:
    assert block.file is not None
    target = folder / block.file
    text = block.text
    if block.definition is not None:
        text = _replaced(target.read_text("utf-8"), block.definition, block.text)
    target.write_text(text, "utf-8")


def _replaced(source: str, name: str, definition: str) -> str:
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
            return "".join(lines[:first]) + definition + "".join(lines[node.end_lineno :])
    raise AssertionError(f"there is no {name} to replace")


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Plays a document in an empty folder with the `lineal` of this interpreter."""
    folder = tmp_path / "project"
    folder.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "120", "PYTHONUTF8": "1"}

    def playing(document: Path) -> None:
        for block in blocks(document):
            where = f"{document.name}:{block.line}"
            if block.language == "python":
                compile(block.text, where, "exec")
            if block.file is not None:
                _write(block, folder)
            if block.language == "console":
                for command in commands(block):
                    _perform(command, document.name, folder, environment)

    return playing


@pytest.fixture
def command() -> Callable[..., str]:
    """Runs a command of `lineal` in this process; gives what it printed, or its complaint."""

    def running(*words: str, exits: int = 0) -> str:
        result = CliRunner().invoke(app, list(words))
        if isinstance(result.exception, LinealError):
            assert result.exception.exit_code == exits, result.exception
            return str(result.exception)
        assert result.exit_code == exits, result.output or result.exception
        return result.stdout

    return running


def _perform(command: Command, name: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", command.text],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,  # an examination starts a dozen processes
        check=False,
    )
    printed = done.stdout
    fails = any(line.startswith("error:") for line in command.shown)
    assert (done.returncode != 0) == fails, f"{name}:{command.line}: {command.text}\n{printed}"
    assert matches(command.shown, printed), (
        f"{name}:{command.line}: {command.text}\n\nprinted\n{printed}\n\nis not what is"
        " shown\n" + "\n".join(command.shown)
    )
