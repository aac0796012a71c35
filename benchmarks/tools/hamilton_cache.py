"""Hamilton: functions as nodes of a graph, with its cache."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from tools.base import first_of


class Hamilton:
    """Executes drivers that share one cache; each driver is built before it is measured."""

    name: ClassVar = "Hamilton"
    does: ClassVar = (
        "not durable (SQLite without waiting for the disk, results as pickles without fsync); "
        "records each node's run, code and data versions; of the code it sees the function's own "
        "source; a file is a path to it: its content is not looked at"
    )
    needs: ClassVar = ("hamilton",)
    most_steps: ClassVar = 100

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._driver = cache(self._driver)

    def deep(self, steps: int, start: int) -> int:
        last = f"step_{steps - 1}"
        return int(self._driver("deep", steps).execute([last], inputs={"start": start})[last])

    def wide(self, steps: int, start: int) -> list[int]:
        names = [f"step_{i}" for i in range(steps)]
        found = self._driver("wide", steps).execute(names, inputs={"start": start})
        return [found[name] for name in names]

    def given(self, value: Any, start: int) -> float:
        given = str(value) if isinstance(value, Path) else value
        found = self._driver("given", 1).execute(["head"], inputs={"given": given, "start": start})
        return float(found["head"])

    def _driver(self, shape: str, steps: int) -> Any:
        from hamilton import ad_hoc_utils, driver
        from hamilton.function_modifiers import parameterize, source, value

        def before(i: int) -> str:
            return f"step_{i - 1}" if shape == "deep" and i else "start"

        @parameterize(
            **{f"step_{i}": {"x": source(before(i)), "n": value(i)} for i in range(steps)}
        )
        def plus(x: int, n: int) -> int:
            return x + n

        def head(given: Any, start: int) -> float:
            return first_of(given) + start

        module = ad_hoc_utils.create_temporary_module(
            head if shape == "given" else plus, module_name=f"{shape}_{steps}"
        )
        return driver.Builder().with_modules(module).with_cache(path=str(self._folder)).build()
