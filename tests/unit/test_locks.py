"""The locked requirements can be installed by any pip, without asking for anything newer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-all.lock", "benchmarks/requirements.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_locked_with_extras_is_locked_without_them_too(lock: str) -> None:
    """Older pips otherwise look for the newest release of it, which has no hash here."""
    text = (ROOT / lock).read_text()
    with_extras = set(re.findall(r"(?m)^([\w.-]+)\[[^\]]+\]==(\S+)", text))
    assert with_extras <= set(re.findall(r"(?m)^([\w.-]+)==(\S+)", text))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_hashes_everything(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    for requirement in re.split(r"(?m)^(?=\w)", text)[1:]:
        assert "--hash=sha256:" in requirement
