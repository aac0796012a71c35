"""The README's example runs, and its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


@pytest.mark.slow
def test_the_example_of_the_readme_prints_what_is_shown(play: Callable[[Path], None]) -> None:
    play(README)


def test_every_relative_link_of_the_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README.read_text("utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_target_of_the_makefile_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", README.read_text("utf-8")))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert named <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
