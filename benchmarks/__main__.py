"""Runs benchmarks, each in a process of its own, and writes their tables and plots.

python benchmarks [--size quick] [NAME ...]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from harness.bench import RESULTS, SIZES
from harness.report import write

HERE = Path(__file__).parent
BENCHMARKS = sorted(path.stem for path in HERE.glob("[!_]*.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure lineal beside other tools.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--report", action="store_true", help="only write the page again")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    failed = []
    for name in () if asked.report else asked.names or BENCHMARKS:
        print(f"== {name}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), "--size", asked.size]
        if subprocess.run(command).returncode:
            failed.append(name)
    folder = RESULTS if asked.size == "full" else RESULTS / asked.size
    print(f"wrote {write(folder, HERE / 'explanations')}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
