"""Runs benchmarks, each in a process of its own, and writes their tables and plots.

python benchmarks [--size quick] [--resume] [NAME ...]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from harness.files import MINUTES, ORDER
from harness.guarding import guard, marked
from harness.report import plotted, write
from harness.running import SIZES, folder_of

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python benchmarks",
        description="Measure lineal beside other tools.",
        epilog=f"Minutes of the full size at rest, {sum(MINUTES.values()):g} in all: "
        + ", ".join(f"{name} {minutes:g}" for name, minutes in MINUTES.items())
        + ". Every row goes into results/ and RESULTS.md as soon as it is measured.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ORDER)}")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on where a run was cut: what stands in results/ of this size, code, machine and"
        " versions is not measured again",
    )
    parser.add_argument("--report", action="store_true", help="only write the page again")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(ORDER):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    failed = []
    guard()
    for name in () if asked.report else asked.names or ORDER:
        print(f"== {name}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), "--size", asked.size]
        try:
            ended = subprocess.run(command + ["--resume"] * asked.resume).returncode
        except KeyboardInterrupt:
            sys.exit("Cut. --resume goes on from here.")
        if ended:
            failed.append(name)
    plotted(folder_of(asked.size))
    print(f"wrote {write(folder_of(asked.size))}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    marked()
    main()
