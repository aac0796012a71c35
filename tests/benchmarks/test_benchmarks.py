"""Every benchmark runs, on sizes that say nothing about speed, with the tools that are here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.files import ORDER
from harness.report import write
from harness.results import OURS, Results

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FILES = [
    path
    for path in sorted(BENCHMARKS.glob("[!_]*.py"))
    if "from harness import" in path.read_text()
]


def test_every_benchmark_has_its_place_on_the_page() -> None:
    assert sorted(ORDER) == [path.stem for path in FILES]


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_benchmark_runs_and_keeps_complete_results(path: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(path), "--size", "tiny", "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results = Results.load(tmp_path / f"{path.stem}.json")
    assert results.size == "tiny"
    assert results.rows
    for row in results.rows:
        assert row.sides[0].side.startswith(OURS), row.name
        for side in row.sides:
            assert side.failure is None
            assert side.samples or side.value is not None, (row.name, side.side)
    page = write(tmp_path, tmp_path).read_text()
    assert all(row.name in page for row in results.rows)
