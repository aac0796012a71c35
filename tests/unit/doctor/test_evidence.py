"""What stands out in the code of a step is found with its line, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineal.doctor.evidence import evidence_in
from lineal.doctor.report import Kind

FOUND = {
    "datetime.now()": Kind.CLOCK,
    "dt.date.today()": Kind.CLOCK,
    "time.perf_counter()": Kind.CLOCK,
    "pd.Timestamp.now()": Kind.CLOCK,
    "uuid4()": Kind.RANDOMNESS,
    "os.urandom(8)": Kind.RANDOMNESS,
    "np.random.default_rng()": Kind.RANDOMNESS,
    "np.random.default_rng(None)": Kind.RANDOMNESS,
    "np.random.RandomState(seed=None)": Kind.RANDOMNESS,
    "random.Random().random()": Kind.RANDOMNESS,
    "[x for x in set(given)]": Kind.HASH_SEED,
    "list({x for x in given})": Kind.HASH_SEED,
    "', '.join({'a', 'b'})": Kind.HASH_SEED,
    "list(set(given) - {'a'})": Kind.HASH_SEED,
    "list(names)": Kind.HASH_SEED,
    "list(bound)": Kind.HASH_SEED,
    "hash('a')": Kind.HASH_SEED,
    "id(given)": Kind.OUTSIDE,
    "os.listdir('.')": Kind.OUTSIDE,
    "list(Path('.').iterdir())": Kind.OUTSIDE,
    "os.environ['A']": Kind.OUTSIDE,
    "subprocess.run(['ls'])": Kind.OUTSIDE,
    "as_completed(given)": Kind.THREADS,
}
NOT_FOUND = [
    "np.random.default_rng(0)",
    "np.random.default_rng(seed=given)",
    "random.Random(1).random()",
    "sorted(set(given))",
    "sorted(x for x in set(given))",
    "len(set(given))",
    "sorted(os.listdir('.'))",
    "sorted(Path('.').glob('*.csv'))",
    "dt.date(2026, 1, 1)",
    "datetime.fromisoformat(given)",
    "[x for x in given]",
    "given.hash()",
]
FILE = """
import datetime as dt, os, random, subprocess, time
from concurrent.futures import as_completed
from datetime import datetime
from pathlib import Path
from uuid import uuid4
import numpy as np
import pandas as pd

def step(given, names: set[str]):
    bound = set(given)
    return {expression}

def elsewhere():
    return time.time()
"""


def found(tmp_path: Path, expression: str) -> list[tuple[str, str]]:
    file = tmp_path / "steps.py"
    file.write_text(FILE.replace("{expression}", expression))
    evidence = evidence_in(["steps:step", "steps:step.<default>.names"], [("src/steps.py", file)])
    assert all(one.code == f"return {expression}" for one in evidence)
    return [(one.kind, one.place) for one in evidence]


@pytest.mark.parametrize(("expression", "kind"), list(FOUND.items()))
def test_what_makes_results_differ_is_found(tmp_path: Path, expression: str, kind: Kind) -> None:
    assert (kind, "src/steps.py:12") in found(tmp_path, expression)


@pytest.mark.parametrize("expression", NOT_FOUND)
def test_what_does_not_is_not(tmp_path: Path, expression: str) -> None:
    assert found(tmp_path, expression) == []


def test_a_file_that_can_not_be_read_as_python_shows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    file.write_text("def step(:\n")
    assert evidence_in(["steps:step"], [("steps.py", file)]) == []


def test_methods_and_nested_functions_are_found_by_their_names(tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    file.write_text(
        "import time\n\nclass A:\n    def f(self):\n        return time.time()\n\n"
        "def outer():\n    def inner():\n        return time.time()\n    return inner\n"
    )
    names = ["steps:A.f", "steps:outer.<locals>.inner"]
    assert [e.place for e in evidence_in(names[:1], [("s.py", file)])] == ["s.py:5"]
    assert [e.place for e in evidence_in(["steps:outer"], [("s.py", file)])] == ["s.py:9"]
