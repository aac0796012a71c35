"""What the documentation shows is what happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "docs/tutorial/ten-minutes.md", *sorted((ROOT / "docs/how-to").glob("*.md"))]


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_command_prints_what_the_document_shows(
    play: Callable[[Path], None], document: Path
) -> None:
    play(document)
