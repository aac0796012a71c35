"""A package that was upgraded is named by whoever asks why: the next run, and a replay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import lineal

pytestmark = pytest.mark.slow
PIPELINE = """
import probe_pkg
from lineal import pipeline, task

@task
def use(x: int) -> float:
    return x * probe_pkg.factor()

@pipeline
def main(x: int = 2) -> float:
    return use(x)
"""


class Environment:
    """A Python of its own that sees all that this one has, and another package."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.site = folder / "venv" / "lib" / version / "site-packages"
        ours = [sysconfig.get_path("purelib"), str(Path(lineal.__file__).parents[1])]
        (self.site / "ours.pth").write_text("\n".join(ours))
        self.project = folder / "project"
        self.project.mkdir()
        (self.project / "pyproject.toml").touch()
        (self.project / "pipe.py").write_text(PIPELINE)

    def install(self, version: str, factor: float) -> None:
        """Put a version of the package in place of the one before."""
        for old in self.site.glob("probe_pkg*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.rmtree(self.site / "__pycache__", ignore_errors=True)
        info = self.site / f"probe_pkg-{version}.dist-info"
        info.mkdir()
        (self.site / "probe_pkg.py").write_text(f"def factor():\n    return {factor}\n")
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: probe_pkg\nVersion: {version}\n"
        )
        (info / "RECORD").write_text(f"probe_pkg.py,,\n{info.name}/METADATA,,\n")

    def lineal(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project."""
        return subprocess.run(
            [str(self.python), "-m", "lineal.cli.main", *words],
            cwd=self.project,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )


def test_a_package_that_was_upgraded_is_named_by_a_run_and_a_replay(tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    environment.install("1.0", 1.5)
    first = environment.lineal("run", "pipe.py")
    assert first.returncode == 0, first.stderr
    assert environment.lineal("replay", "1").returncode == 0
    environment.install("2.0", 1.75)
    again = environment.lineal("run", "pipe.py")
    assert "package probe-pkg: 1.0 -> 2.0." in again.stderr
    replayed = environment.lineal("replay", "1")
    assert replayed.returncode == 1
    assert "cause: package: probe-pkg was 1.0 and is 2.0" in replayed.stdout
