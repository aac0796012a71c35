"""Where settings come from, and what is said when one can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineal.config import read_settings
from lineal.errors import ConfigurationError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LINEAL_STORE")
    folder = tmp_path / "project" / "inner"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder.parent


def test_a_call_comes_before_a_variable_before_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lineal.toml").write_text("workers = 2\nseed = 2\nrunner = 'processes'\n")
    monkeypatch.setenv("LINEAL_WORKERS", "3")
    monkeypatch.setenv("LINEAL_SEED", "3")
    settings = read_settings(seed=4)
    assert (settings.seed, settings.workers, settings.runner) == (4, 3, "processes")


def test_the_nearest_file_counts_and_a_store_is_relative_to_it(folder: Path) -> None:
    (folder / "lineal.toml").write_text("store = 'far'\n")
    (folder / "inner" / "pyproject.toml").write_text("[tool.lineal]\nstore = '../near'\n")
    assert Path(read_settings().store or "").resolve() == folder / "near"
    (folder / "inner" / "pyproject.toml").write_text("[tool.other]\n")
    assert read_settings().store == str(folder / "far")


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAL_STORE", "")
    monkeypatch.setenv("LINEAL_WORKERS", "")
    assert (read_settings().store, read_settings().workers) == (None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stor = 'x'", r"no setting 'stor'; there are .*, store, .*lineal\.toml"),
        ("workers = 0", "'workers' can't be used: .* greater than or equal to 1"),
        ("runner = 'dask'", "'runner' can't be used: .* 'threads', 'processes'"),
        ("workers = ", r"lineal\.toml can't be read"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(folder: Path, text: str, told: str) -> None:
    (folder / "lineal.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        read_settings()
