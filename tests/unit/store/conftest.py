"""An empty store for bytes, and one for values over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineal.store import LocalBlobs, ValueStore


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "store")


@pytest.fixture
def values(blobs: LocalBlobs, tmp_path: Path) -> ValueStore:
    return ValueStore(blobs, tmp_path / "files")
