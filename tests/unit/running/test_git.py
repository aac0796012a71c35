"""What Git says of a project's repository, asked while something else goes on."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
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
    state = state_of(tmp_path)
    assert state is not None
    assert state.dirty
    assert state.patch is not None
    assert b"+first = 2" in state.patch


def test_what_was_asked_on_entry_holds_for_then(git: Calling, tmp_path: Path) -> None:
    before = git("rev-parse", "HEAD")
    with Git(tmp_path) as asked:
        wait_for_git()
        (tmp_path / "study.py").write_text("first = 3\n")
        git("commit", "-am", "second")
        state = asked.state(tmp_path)
    assert state == GitState(commit=before, branch="trunk", dirty=False)


def test_no_process_of_git_is_left_while_the_run_goes_on(git: Calling, tmp_path: Path) -> None:
    before = children()
    with Git(tmp_path):
        wait_for_git()
        assert children() <= before


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


def test_git_is_ended_when_nobody_wants_to_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    before = children()
    with Git(tmp_path):
        pass
    assert not threads_of_git()
    assert children() <= before


def children() -> set[psutil.Process]:
    return set(psutil.Process().children())


def threads_of_git() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lineal-git"]


def wait_for_git() -> None:
    for thread in threads_of_git():
        thread.join()
