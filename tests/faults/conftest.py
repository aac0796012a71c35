"""A small disk of a test's own, so that a full one is a real one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o size="$1" none "$2" || exit 77; exec "$3" -c "$4" "$2"'

OnASmallDisk = Callable[[str, str], str]


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> OnASmallDisk:
    """Runs a script on a disk of a size, which is its first argument; gives what it printed."""
    if shutil.which("unshare") is None:
        pytest.skip("mounting a small disk needs unshare")
    disk = tmp_path / "disk"
    disk.mkdir()

    def run(size: str, script: str) -> str:
        command = ["unshare", "-m", "sh", "-c", _MOUNT, "sh", size, disk, sys.executable, script]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 77 or "unshare failed" in done.stderr:
            pytest.skip("mounting a small disk is not allowed here")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
