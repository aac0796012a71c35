"""A project with a pipeline that is run at set times."""

from __future__ import annotations

from pathlib import Path

_STUDY = """
from pathlib import Path
from lineal import pipeline, task

@task
def twice(text: str, n: int) -> str:
    return text * n

@pipeline
def nightly(path: Path = Path("given.txt"), n: int = 2):
    return twice(path.read_text(), n)
"""
_NEEDS = """
from lineal import pipeline

@pipeline
def weekly(text: str):
    return text
"""


def write(folder: Path) -> Path:
    """Write it to a folder, which is given back.

    There is ``study.py``, which reads ``given.txt``, and ``needs.py``, which has to be given a
    parameter.
    """
    (folder / "needs.py").write_text(_NEEDS)
    (folder / "study.py").write_text(_STUDY)
    (folder / "given.txt").write_text("ab")
    return folder
