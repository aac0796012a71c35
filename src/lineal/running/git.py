"""The state of a project's Git repository, asked for beside the run."""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_SECONDS = 5
"""How long Git may take to answer a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """What is checked out, and how the working tree differs from it."""

    commit: str
    branch: str | None
    """None when the head is detached."""
    dirty: bool
    """Whether tracked files differ from the commit."""
    patch: bytes | None = None
    """How they do; None when they don't, or when that can't be told."""


class Git:
    """The repository around a folder. Git is asked when the block is entered.

    It takes longer than a small run does, so it works meanwhile; what it says holds for the time
    when the run began, as the code does that was imported by then.

    Args:
        folder: The project's root; None where it is not known before the run's end.
    """

    def __init__(self, folder: Path | None) -> None:
        self._question = None if folder is None else _Question(folder)

    def __enter__(self) -> Self:
        if self._question is not None:
            self._question.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._question is not None:
            self._question.give_up()

    def state(self, folder: Path) -> GitState | None:
        """The state of the repository around a folder; None where that can't be told."""
        question = self._question
        if question is None or question.folder != folder:
            question = _Question(folder)
            question.start()
        return question.answer()


class _Question:
    """Asks Git on a thread, which takes note of the end of each process at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._given_up = False
        self._process: subprocess.Popen[bytes] | None = None
        self._state: GitState | None = None
        self._thread = threading.Thread(target=self._ask, name="lineal-git", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def answer(self) -> GitState | None:
        self._thread.join()
        return self._state

    def give_up(self) -> None:
        self._given_up = True
        process = self._process
        if process is not None:
            process.kill()
        self._thread.join()

    def _ask(self) -> None:
        told = self._run("status", "--porcelain=v2", "--branch", "-uno")
        commit, branch, dirty = _read(told) if told is not None else (None, None, False)
        if commit is not None:
            patch = self._patch(commit) if dirty else None
            self._state = GitState(commit=commit, branch=branch, dirty=dirty, patch=patch)

    def _patch(self, commit: str) -> bytes | None:
        return self._run("diff", "--no-ext-diff", "--no-color", "--binary", commit)

    def _run(self, *words: str) -> bytes | None:
        """What Git says; None when it fails, or does not come to an end."""
        with suppress(OSError), self._started(words) as process:
            self._process = process
            try:
                if self._given_up:
                    process.kill()
                told, _ = process.communicate(timeout=_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                return None
            finally:
                self._process = None
            return told if process.returncode == 0 else None
        return None

    def _started(self, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - a fixed command
            ["git", "-C", str(self.folder), *words],  # noqa: S607 - the user's own Git
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


def _read(status: bytes) -> tuple[str | None, str | None, bool]:
    """Commit, branch and whether files differ, of version 2 of Git's porcelain format.

    See https://git-scm.com/docs/git-status.
    """
    lines = status.decode(errors="surrogateescape").splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# "))
    commit, branch = heads.get("branch.oid", "(initial)"), heads.get("branch.head")
    return (
        None if commit == "(initial)" else commit,
        None if branch == "(detached)" else branch,
        any(not line.startswith("#") for line in lines),
    )
