"""A pipeline that has a bit of everything that a step can do; every runner plays it."""

from __future__ import annotations

import logging
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from helpers import Point, doubled

from lineal import (
    Metrics,
    log_artifact,
    log_metric,
    log_param,
    log_series,
    pipeline,
    set_tag,
    task,
    unmapped,
)

TRIES: list[int] = []


@task
def frame(rows: int, shift: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(rows) + shift["by"], "b": ["x"] * rows})


@task(outputs=("low", "high"))
def halves(table: pd.DataFrame):
    middle = len(table) // 2
    return table.iloc[:middle], table.iloc[middle:]


@task
def total(*parts: pd.DataFrame, **weights: Any) -> int:
    return sum(int(part["a"].sum()) for part in parts) * weights["times"]["n"]


@task
def squared(x: int, offset: int) -> int:
    return x * x + offset


@task
def gathered(items: list[Any], named: dict[str, Any]) -> list[Any]:
    return [sum(items), sorted(named.items())]


@task
def point(x: int) -> Point:
    return Point(doubled(x), x)


@task
def moved(where: Point, by: int) -> Point:
    return Point(where.x + by, where.y + by)


@task
def drawn() -> list[float]:
    return [random.random(), float(np.random.rand())]


@task
def seeded(seed: int) -> int:
    return seed


@task
def talkative(word: str) -> str:
    print("print:", word)
    print("error:", word, file=sys.stderr)
    logging.getLogger("steps").warning("logged %s", word)
    return word


@task
def said() -> Metrics:
    log_metric("loss", 0.5, step=1)
    log_metric("loss", 0.25, step=2)
    log_series("curve", [1.0, 2.0, 3.0])
    log_param("depth", 3)
    set_tag("stage", "draft")
    log_artifact({"of": "the step"}, "notes")
    return Metrics({"auc": 0.75}, slices={"site": {"here": {"auc": 0.5}}})


@task(persist=False)
def fleeting(n: int) -> np.ndarray:
    return np.arange(n)


@task
def length(values: Any) -> int:
    return len(values)


@task(ignore=("lock",))
def locked(n: int, lock: Any) -> int:
    return n if lock is None else -1


@task
def called(how: Any) -> int:
    return int(how())


@task(cache=False)
def where() -> list[int]:
    return [os.getpid(), threading.get_ident()]


@task
def read(path: Path) -> str:
    return path.read_text()


@task
def peeks(folder: str) -> str:
    return (Path(folder) / "aside.txt").read_text()


@task(retries=2, retry_delay=0.01, cache=False)
def flaky(folder: str) -> int:
    tries = Path(folder) / "tries"
    made = len(tries.read_text()) if tries.exists() else 0
    tries.write_text("x" * (made + 1))
    print("try", made + 1)
    if made % 3 < 2:
        raise ConnectionError(f"not yet: {made + 1}")
    return 7


@task(timeout=0.2)
def slow() -> None:
    for _ in range(2000):
        time.sleep(0.005)


@task
def bad(text: str) -> int:
    return int(text)


@task
def never(x: Any) -> Any:
    return x


@task(outputs=("one", "two"))
def wrong() -> int:
    return 1


@task
def mutates(xs: list[int]) -> list[int]:
    xs.append(1)
    return xs


@task(mutates=("xs",))
def may_mutate(xs: list[int]) -> list[int]:
    xs.append(1)
    return xs


@task
def remembers(x: int) -> int:
    TRIES.append(x)
    return x


@task
def opaque() -> Any:
    return (x for x in [1])


@task
async def waits(x: int) -> int:
    return x + 1


@task
def unpicklable_error() -> None:
    class LocalError(Exception):
        def __reduce__(self) -> Any:
            raise TypeError("stays here")

    raise LocalError("of a class of its own")


@pipeline
def pageant(folder: str = ".") -> Any:
    """All that succeeds, and what fails beside it."""
    table = frame(10, {"by": 3})
    low, high = halves(table)
    sums = total(low, high, times={"n": 2})
    squares = squared.map([1, 2, 3], unmapped(10))
    gathered(squares, {"sums": sums, "plain": 4})
    moved(point(4), 1)
    drawn()
    seeded()
    talkative("hello")
    said()
    length(fleeting(5))
    length(pd.DataFrame({"given": [1, 2]}))
    twin = squared(5, 1), squared(5, 1)
    locked(3, None)
    sums_of = 4
    called(lambda: 7 + sums_of)
    where()
    read(Path(folder) / "given.txt")
    peeks(folder)
    flaky(folder)
    may_mutate([1])
    waits(1)
    if sums > 3:
        never("taken")
    slow()
    never(bad("no number"))
    wrong()
    mutates([1])
    remembers(1)
    opaque()
    unpicklable_error()
    return {"sums": sums, "twin": twin[0]}


@task
def counted(folder: str, n: int) -> int:
    with (Path(folder) / "counted.txt").open("a") as file:
        file.write(f"{n}\n")
    return n


@task
def endless(n: int) -> int:
    for _ in range(6000):
        time.sleep(0.01)
    return n


@pipeline
def interrupted(folder: str = ".") -> Any:
    """Ends only when it is cancelled, the second time not even then."""
    return endless(counted(folder, 1))


@pipeline
def plain(n: int = 3) -> Any:
    return squared.map(list(range(n)), unmapped(0))


@pipeline
def peeking(folder: str = ".") -> Any:
    return peeks(folder)
