"""What a user sees who asks for help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lineal.cli.main import app

RUNNER = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})
REGISTRY = [
    "model register", "model alias", "model tag", "model archive", "model approve", "deploy",
    "rollback", "deployments", "lineage", "impact", "path", "graph", "diff", "compare", "card",
    "backfill",
]  # fmt: skip
ENGINE = ["run", "runs", "show", "why", "log", "get"]


def groups(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if hasattr(command, "commands"):
        yield path
        for name, inner in command.commands.items():
            yield from groups(inner, (*path, name))


def help_of(*path: str) -> str:
    answer = RUNNER.invoke(app, [*path, "--help"])
    assert answer.exit_code == 0
    return answer.output


@pytest.mark.parametrize("path", list(groups(typer.main.get_command(app))), ids=" ".join)
def test_a_list_of_commands_says_each_in_a_whole_sentence(path: tuple[str, ...]) -> None:
    commands = help_of(*path).partition("Commands:\n")[2].splitlines()
    assert commands
    assert [line for line in commands if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize("name", [*ENGINE, *REGISTRY], ids=str)
def test_options_say_what_they_take_in_a_word(name: str) -> None:
    options = help_of(*name.split()).partition("Options:\n")[2]
    assert re.findall(r"<[a-z].*?>", options) == []
