"""Runs one benchmark file: what it is asked, what it goes on from, what it leaves behind."""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from harness.bench import Bench
from harness.guarding import guard, marked
from harness.machine import described, source_of, versions_of
from harness.report import EXPLANATIONS, plotted, write
from harness.results import Results

SIZES = ("tiny", "quick", "full")
RESULTS = Path(__file__).parents[1] / "results"


def folder_of(size: str) -> Path:
    """Where results of a size go."""
    return RESULTS if size == "full" else RESULTS / size


def run(main: Callable[[Bench], Any]) -> None:
    """Run a benchmark file: the last line of each."""
    marked()
    about = inspect.getdoc(sys.modules[main.__module__]) or ""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--resume", action="store_true", help="go on where a run was cut")
    parser.add_argument("--results", type=Path, help="the folder that results are written to")
    asked = parser.parse_args()
    folder = asked.results or folder_of(asked.size)
    file = Path(inspect.getfile(main))
    path = folder / f"{file.stem}.json"
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as scratch:
        guard(Path(scratch))
        machine = described(Path(scratch)) | {"source": source_of(file)}
        results = Results(file.stem, about, asked.size, machine, versions_of())
        earlier = goes_on(path, results) if asked.resume else None
        page = partial(write, folder, EXPLANATIONS)
        main(Bench(results, path, Path(scratch), earlier, page))
    results.seconds = round(sum(part["wall"] for part in results.parts.values()), 1)
    results.dump(path)
    plotted(folder)
    page()
    if results.failures:
        sys.exit("\n".join(["Failed:", *results.failures]))


def goes_on(path: Path, results: Results) -> Results | None:
    """What an earlier run has measured of the same, on this machine; None when there is none."""
    if not path.exists():
        return None
    earlier = Results.load(path)
    same = ("source", "cpu_model_name", "platform", "python_version")
    if earlier.size != results.size or earlier.versions != versions_of(earlier.versions):
        return None
    if any(earlier.metadata.get(name) != results.metadata.get(name) for name in same):
        return None
    return earlier
