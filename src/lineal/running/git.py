"""The state of a project's Git repository, asked for beside the run."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_SECONDS = 5
"""How long Git may take to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """What is checked out, and how the working tree differs from it."""

    commit: str
    branch: str | None
    """None when the head is detached."""
    dirty: bool
    """Whether tracked files differ from the commit."""


class Git:
    """The repository around a folder. Git is asked when the block is entered.

    Git takes longer than a small run does, so it works meanwhile; what it says holds for the
    time when the run began, as the code does that was imported by then.

    Args:
        folder: The project's root; None where it is not known before the run's end.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._asked: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._folder is not None:
            self._asked = _ask(self._folder)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._give_up()

    def state(self, folder: Path) -> GitState | None:
        """The state of the repository around a folder; None where that can't be told."""
        if folder != self._folder:
            self._give_up()
            self._folder, self._asked = folder, _ask(folder)
        asked, self._asked = self._asked, None
        answer = _answer(asked)
        return None if answer is None else _state_in(answer.decode(errors="surrogateescape"))

    def patch(self, folder: Path, commit: str) -> bytes | None:
        """How the tracked files differ from a commit; None when that can't be told."""
        return _answer(_started(folder, "diff", "--no-ext-diff", "--no-color", "--binary", commit))

    def _give_up(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            _end(asked)


def _ask(folder: Path) -> subprocess.Popen[bytes] | None:
    return _started(folder, "status", "--porcelain=v2", "--branch", "-uno")


def _started(folder: Path, *words: str) -> subprocess.Popen[bytes] | None:
    with suppress(OSError):
        return subprocess.Popen(  # noqa: S603 - a fixed command
            ["git", "-C", str(folder), *words],  # noqa: S607 - the user's own Git
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    return None


def _answer(asked: subprocess.Popen[bytes] | None) -> bytes | None:
    """What Git says; None when it fails, or does not come to an end."""
    if asked is None:
        return None
    try:
        answer, _ = asked.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(asked)
    return answer if asked.returncode == 0 else None


def _end(asked: subprocess.Popen[bytes]) -> None:
    if asked.poll() is None:
        asked.kill()
        asked.wait()
    if asked.stdout is not None:
        asked.stdout.close()


def _state_in(answer: str) -> GitState | None:
    """The state in version 2 of Git's porcelain format (https://git-scm.com/docs/git-status)."""
    lines = answer.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# "))
    commit, branch = heads.get("branch.oid", ""), heads.get("branch.head")
    if not commit or commit == "(initial)":
        return None
    return GitState(
        commit=commit,
        branch=None if branch == "(detached)" else branch,
        dirty=any(not line.startswith("#") for line in lines),
    )
