"""What Git says of a project's repository, asked while something else goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lineal.running.git import Git, GitState

Calling = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Calling:
    def call(*words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    call("init", "--initial-branch=trunk")
    (tmp_path / "study.py").write_text("first = 1\n")
    call("add", "-A")
    call("commit", "-m", "first")
    return call


def state_of(folder: Path) -> GitState | None:
    with Git(folder) as asked:
        return asked.state(folder)


def test_a_clean_tree(git: Calling, tmp_path: Path) -> None:
    assert state_of(tmp_path) == GitState(
        commit=git("rev-parse", "HEAD"), branch="trunk", dirty=False
    )


def test_a_detached_head_has_no_branch(git: Calling, tmp_path: Path) -> None:
    git("checkout", "--detach")
    state = state_of(tmp_path)
    assert state is not None
    assert state.branch is None


def test_a_patch_leads_from_the_commit_to_the_tree(git: Calling, tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text("first = 2\n")
    with Git(tmp_path) as asked:
        state = asked.state(tmp_path)
        assert state is not None
        assert state.dirty
        git("commit", "-am", "second")  # the run began with the first
        patch = asked.patch(tmp_path, state.commit)
    assert patch is not None
    assert b"+first = 2" in patch


def test_what_was_asked_on_entry_holds_for_then(git: Calling, tmp_path: Path) -> None:
    with Git(tmp_path) as asked:
        assert asked._asked is not None
        asked._asked.wait()
        git("commit", "--allow-empty", "-m", "second")
        state = asked.state(tmp_path)
    assert state is not None
    assert state.commit == git("rev-parse", "HEAD~")


def test_a_folder_known_late_is_asked_about_then(git: Calling, tmp_path: Path) -> None:
    with Git(None) as asked:
        assert asked.state(tmp_path) is not None
    with Git(tmp_path.parent) as asked:
        assert asked.state(tmp_path) is not None


def test_there_may_be_no_repository_no_commit_and_no_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_of(tmp_path) is None
    subprocess.run(["git", "init"], cwd=tmp_path, check=True, capture_output=True)
    assert state_of(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert state_of(tmp_path) is None


def test_nothing_is_left_running_when_nobody_wants_to_know(git: Calling, tmp_path: Path) -> None:
    with Git(tmp_path) as asked:
        process = asked._asked
    assert process is not None
    assert process.returncode is not None
