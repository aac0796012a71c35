"""What importing lineal costs: `python benchmarks/importing.py`.

Prints, as the best of several fresh processes on this machine, the time that
`import lineal` adds to bare Python, which heavy libraries
it loads, and the modules that take most of the time. Nothing is written.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time

ROUNDS = 15
SHOWN = 8
HEAVY = ("numpy", "pandas", "pyarrow", "sqlalchemy", "networkx", "prefect", "typer")


def main() -> None:
    bare, face, room = best("pass"), best("import lineal"), best("import lineal.workspace")
    print(f"{'bare Python':32} {bare:8.1f} ms")
    print(f"{'import lineal':32} {face - bare:8.1f} ms more")
    print(f"{'import lineal.workspace':32} {room - bare:8.1f} ms more")
    loaded = told(f"import sys, lineal; print(*[n for n in {HEAVY} if n in sys.modules])")
    print(f"{'heavy modules loaded':32} {loaded.strip() or 'none'}")
    for name, milliseconds in slowest():
        print(f"    {name:28} {milliseconds:8.1f} ms of its own")


def best(code: str) -> float:
    return min(taken(code) for _ in range(ROUNDS))


def taken(code: str) -> float:
    start = time.perf_counter()
    told(code)
    return (time.perf_counter() - start) * 1000


def told(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def slowest() -> list[tuple[str, float]]:
    """The modules that take longest themselves, without what they import."""
    report = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import lineal"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    found = re.findall(r"import time: +(\d+) \| +\d+ \| +(\S+)", report)
    ordered = sorted(((int(own) / 1000, name) for own, name in found), reverse=True)
    return [(name, own) for own, name in ordered[:SHOWN]]


if __name__ == "__main__":
    main()
