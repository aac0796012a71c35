"""Fifteen faults that spoil a result unseen, each planted, found and named on the command line.

Four of the first kind, steps that are not deterministic, share one examined run. How each is
found in every shape it may take is tested where that is built.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


class Project:
    """A folder with a pipeline, and the `lineal` command in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        (folder / "pyproject.toml").touch()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def lineal(self, *words: str, code: int = 0) -> str:
        """What a command prints, on one line; its exit code is as it should be."""
        done = subprocess.run(
            [sys.executable, "-m", "lineal.cli.main", *words],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, done.stdout
        return " ".join(done.stdout.split())

    def json(self, *words: str, code: int = 0) -> Any:
        """What a command prints as JSON; progress goes elsewhere."""
        told = self.lineal(*words, "--json", "-o", "told.json", code=code)
        assert told
        return json.loads((self.folder / "told.json").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)


# Steps that are not deterministic

RESTLESS = """
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime

import numpy as np
import pandas as pd

from lineal import pipeline, task


@task
def load() -> pd.DataFrame:
    numbers = np.random.default_rng(0).lognormal(sigma=3, size=200)
    return pd.DataFrame({"x": numbers, "name": [f"name-{i % 50}" for i in range(200)]})


@task
def vocabulary(frame: pd.DataFrame) -> list[str]:
    return list(set(frame["name"]))


@task
def stamp(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(made_at=datetime.now())


def cube(values: np.ndarray) -> float:
    time.sleep(time.time() % 0.002)
    return float((values**3).sum())


@task
def total(frame: pd.DataFrame) -> float:
    numbers = np.tile(frame["x"].to_numpy(), 2)
    result = 0.0
    with ThreadPoolExecutor(8) as pool:
        parts = [pool.submit(cube, part) for part in np.array_split(numbers, 400)]
        for part in as_completed(parts):
            result += part.result()
    return result


@task
def shuffle(frame: pd.DataFrame) -> pd.DataFrame:
    order = np.arange(len(frame))
    np.random.default_rng().shuffle(order)
    return frame.iloc[order].reset_index(drop=True)


@task
def below(shuffled: pd.DataFrame) -> float:
    return float(shuffled["x"].sum())


@pipeline
def restless():
    frame = load()
    return vocabulary(frame), stamp(frame), total(frame), below(shuffle(frame))
"""


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the doctor says of each step."""
    project = Project(tmp_path_factory.mktemp("restless"))
    project.environment["LINEAL_STORE"] = str(project.folder / ".lineal")
    project.write("restless.py", RESTLESS)
    project.lineal("run", "restless.py")
    facts = project.json("doctor", "1", code=1)
    return {step["step"]: step for step in facts["steps"]}


def named(step: dict[str, Any]) -> tuple[str, str, str]:
    """The verdict, the likely cause, and the first line of code that shows it."""
    return step["verdict"], step["kind"], step["evidence"][0]["code"]


def test_the_order_of_a_set(examined: dict[str, Any]) -> None:
    step = examined["vocabulary"]
    assert named(step) == ("differs", "unordered iteration", 'return list(set(frame["name"]))')
    assert step["conditions"] == ["the hash seed"]


def test_the_time_in_an_output(examined: dict[str, Any]) -> None:
    step = examined["stamp"]
    assert named(step) == ("differs", "clock", "return frame.assign(made_at=datetime.now())")
    assert [c["name"] for c in step["outputs"]["result"]["columns"]] == ["made_at"]


def test_a_float_summed_in_the_order_of_threads(examined: dict[str, Any]) -> None:
    step = examined["total"]
    assert (step["verdict"], step["kind"]) == ("differs", "threads")
    assert "rounding alone" in step["why"]
    assert "for part in as_completed(parts):" in [one["code"] for one in step["evidence"]]


def test_an_unseeded_shuffle(examined: dict[str, Any]) -> None:
    step = examined["shuffle"]
    assert named(step) == (
        "differs", "unseeded randomness", "np.random.default_rng().shuffle(order)",
    )  # fmt: skip
    assert step["outputs"]["result"]["columns"][0]["first"].startswith("[")


def test_what_is_deterministic_is_acquitted_also_below_a_step_that_is_not(
    examined: dict[str, Any],
) -> None:
    assert {examined[step]["verdict"] for step in ("load", "below")} == {"deterministic"}


# Splits

OVERLAPPING = """
import pandas as pd

from lineal import pipeline, task


@task(outputs=("train", "test"))
def split():
    rows = pd.DataFrame({"patient": [f"p{n // 2}" for n in range(40)], "x": range(40)})
    return rows[:21], rows[20:]


@pipeline
def splitting():
    return split()
"""


def test_overlapping_splits(project: Project) -> None:
    project.write("splitting.py", OVERLAPPING)
    project.lineal("run", "splitting.py")
    told = project.lineal("check", "1", "--key", "patient", code=1)
    assert "1 row is on both sides (1 row of train, 1 of test)" in told
    assert "train[20], test[0]: patient=p10, x=20" in told
    assert "1 patient is on both sides (1 row of train, 2 of test)" in told


# What a step reads, keeps and changes unasked

READING = """
import os
from pathlib import Path

from lineal import pipeline, task


@task
def price(item: str) -> float:
    {body}


@pipeline
def pricing(item: str = "boat"):
    return price(item)
"""


def test_an_undeclared_file(project: Project) -> None:
    project.write("pricing.py", READING.format(body='return float(Path("prices.csv").read_text())'))
    project.write("prices.csv", "40")
    assert "without taking it as an argument: the file prices.csv" in project.lineal(
        "run", "pricing.py"
    )
    project.write("prices.csv", "50")
    told = project.lineal("run", "pricing.py")
    assert "What it read without taking it has changed: observed:" in told
    assert "prices.csv" in told


def test_an_environment_variable(project: Project) -> None:
    project.write("pricing.py", READING.format(body='return float(os.environ["PRICE"])'))
    project.environment["PRICE"] = "40"
    assert "without taking it as an argument: the variable PRICE" in project.lineal(
        "run", "pricing.py"
    )
    project.environment["PRICE"] = "50"
    told = project.lineal("run", "pricing.py")
    assert "What it read without taking it has changed: env:PRICE" in told


CHANGING = """
import pandas as pd

from lineal import pipeline, task

SEEN = []


@task
def load() -> pd.DataFrame:
    return pd.DataFrame({{"x": [3, 1, 2]}})


@task
def work(frame: pd.DataFrame) -> int:
    {body}
    return len(frame)


@pipeline
def changing():
    return work(load())
"""


def test_a_global_list_that_is_appended_to(project: Project) -> None:
    project.write("changing.py", CHANGING.format(body="SEEN.append(len(frame))"))
    told = project.lineal("run", "changing.py", code=1)
    assert "work" in told
    assert "changing:SEEN" in told


def test_an_input_frame_that_is_sorted_in_place(project: Project) -> None:
    project.write("changing.py", CHANGING.format(body='frame.sort_values("x", inplace=True)'))
    told = project.lineal("run", "changing.py", code=1)
    assert "'work' changed its argument 'frame'" in told


def test_a_parameter_that_is_never_used(project: Project) -> None:
    project.write(
        "pricing.py",
        READING.format(body="return 1.0").replace("item: str)", "item: str, discount: float = 0)"),
    )
    told = project.lineal("run", "pricing.py")
    assert "price never reads its parameters item, discount" in told


# What changes around a step

HELPED = """
from pathlib import Path

from helping import scale
from lineal import pipeline, task


@task
def work(csv: Path) -> float:
    return scale(float(csv.read_text()))


@pipeline
def helped(csv: Path = Path("x.csv")):
    return work(csv)
"""


@pytest.fixture
def helped(project: Project) -> Project:
    """A pipeline that was run, with a helper that uses an installed package, and a file."""
    site = project.folder.parent / "site-packages"
    site.mkdir()
    project.environment["PYTHONPATH"] = str(site)
    install(site, "1.0")
    project.write("helped.py", HELPED)
    project.write("helping.py", "import factors\n\n\ndef scale(x):\n    return factors.apply(x)\n")
    project.write("x.csv", "40")
    project.lineal("run", "helped.py")
    return project


def install(site: Path, version: str) -> None:
    """Put a version of a small package where installed ones lie."""
    for old in site.glob("factors-*.dist-info"):
        (old / "METADATA").unlink()
        (old / "RECORD").unlink()
        old.rmdir()
    (site / "factors.py").write_text(f"def apply(x):\n    return x * {version}\n")
    info = site / f"factors-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: factors\nVersion: {version}\n")
    (info / "RECORD").write_text("factors.py,,\n")


def test_an_upgraded_package(helped: Project) -> None:
    install(helped.folder.parent / "site-packages", "2.0")
    helped.lineal("run", "helped.py")
    assert "package factors: 1.0 -> 2.0" in helped.lineal("why", "2", "work")


def test_an_edited_helper(helped: Project) -> None:
    helper = helped.folder / "helping.py"
    helper.write_text(helper.read_text().replace("apply(x)", "apply(x) + 1"))
    helped.lineal("run", "helped.py")
    assert "helping:scale" in helped.lineal("why", "2", "work")


def test_a_file_swapped_under_the_same_name_size_and_time(helped: Project) -> None:
    file = helped.folder / "x.csv"
    before = file.stat()
    other = helped.write("other.csv", "41")
    other.replace(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    helped.lineal("run", "helped.py")
    told = helped.lineal("why", "2", "work")
    assert "work was executed" in told
    assert "input csv" in told


# What changes in the store

KEPT = """
from lineal import pipeline, task


@task
def make() -> bytes:
    return bytes(range(256)) * 100


@pipeline
def keeping():
    return make()
"""


@pytest.fixture
def blob(project: Project, store: Path) -> Path:
    """The bytes of what a step made, in the store."""
    project.write("keeping.py", KEPT)
    project.lineal("run", "keeping.py")
    assert "sound" in project.lineal("verify")
    artifact = json.loads(project.lineal("get", "1:make", "--json"))
    name = artifact["stored"]["address"].partition(":")[2]
    return next(path for path in (store / "blobs").rglob("*") if path.name in (name, name[2:]))


def test_a_flipped_bit_in_the_store(project: Project, blob: Path) -> None:
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(data)
    told = project.lineal("verify", code=1)
    assert "damaged blob" in told
    assert "make.result" in told
    assert "damaged" in project.lineal("get", "1:make", "-o", "out.bin", code=1)


def test_a_deleted_blob(project: Project, blob: Path) -> None:
    blob.unlink()
    told = project.lineal("verify", code=1)
    assert "missing blob" in told
    assert "make.result" in told
