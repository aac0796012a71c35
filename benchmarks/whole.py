"""One pipeline, written for each tool: what runs of it cost, and are they right?

The work is `diagnosis/steps.py`, the same for all; `diagnosis/with_*.py` give it to the tools as
their documentation recommends. Every run is a process of its own, in a folder that the tool has
to itself: a first run with nothing recorded, a second one, one after a comment in a step has
changed, one after a helper that steps call has changed, and one after a helper of such a helper
has. What the plain script answers after the same edit is what is right.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import Bench, Command, Ended, Side, installed, run

PIPELINES = Path(__file__).parent / "diagnosis"
COMMON = ("sklearn", "matplotlib")
QUIET = {
    "PYTHONDONTWRITEBYTECODE": "",  # else every process compiles every library again
    "PYTHONWARNINGS": "ignore",
    "MPLBACKEND": "agg",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # a busy machine is no failure
}


@dataclass(frozen=True)
class Tool:
    """One way to write the pipeline."""

    name: str
    script: str
    does: str
    needs: tuple[str, ...] = COMMON


TOOLS = (
    Tool(
        "lineal",
        "with_lineal.py",
        "durable; records code, data, parameters, models and lineage; reuses by content",
    ),
    Tool(
        "MLflow",
        "with_mlflow.py",
        "SQLite; records parameters, metrics, models and the figure; reuses nothing",
        ("mlflow", *COMMON),
    ),
    Tool(
        "redun",
        "with_redun.py",
        "SQLite; records calls and their pickled values; reuses by the source of tasks, of the"
        " helpers they name, and inputs",
        ("redun", *COMMON),
    ),
    Tool(
        "Prefect",
        "with_prefect.py",
        "SQLite and a temporary server, which each run starts where none stands; records states"
        " and pickled results; reuses by the source of tasks and inputs",
        ("prefect", *COMMON),
    ),
)
PLAIN = Tool("plain script", "plain.py", "records nothing, reuses nothing")


def unchanged(text: str, number: int) -> str:  # noqa: ARG001 - as the others
    return text


def comment(text: str, number: int) -> str:
    """A remark inside the step that fits."""
    return replaced(text, "none of the others' patients.", f"no others' patients (rule {number}).")


def helper(text: str, number: int) -> str:
    """What a model may look at; the step that fits calls it."""
    kept = 'patients.drop(columns=["site", "malignant"])\n'
    return replaced(text, kept, f"{kept.rstrip()}.round({-number})\n")


def deep(text: str, number: int) -> str:
    """How a risk is told; the step that scores calls a helper that calls it."""
    return replaced(text, "[:, 1]\n", f"[:, 1] ** {number + 2}\n")


def replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"{old!r} stands {text.count(old)} times in the steps, not once")
    return text.replace(old, new)


Edit = Callable[[str, int], str]
"""Another text of the steps, at every number a different one."""
OCCASIONS: dict[str, Edit] = {
    "first run": unchanged,
    "second run": unchanged,
    "run after a comment changed": comment,
    "run after a helper changed": helper,
    "run after a helper's helper changed": deep,
}


class Home:
    """The folder that a tool has to itself, and the runs in it."""

    def __init__(self, tool: Tool, bench: Bench, data: Path) -> None:
        self.tool = tool
        self._data = data
        self.trees = bench.pick(tiny=5, quick=50, full=200)
        self._bench = bench
        self._steps = (PIPELINES / "steps.py").read_text()
        self.start_again()

    def start_again(self) -> None:
        """A copy of the pipeline and its data, nothing recorded."""
        self.folder = self._bench.fresh()
        for name in ("steps.py", self.tool.script):
            shutil.copy(PIPELINES / name, self.folder)
        shutil.copytree(self._data, self.folder / "data")
        self._empty = self._size()

    def side(self, edit: Edit, answers: dict[int, str], *, fresh: bool) -> Side:
        """The tool's runs after an edit; what they answer goes under the number of the edit."""

        def prepare() -> None:
            if fresh:
                self.start_again()
            (self.folder / "steps.py").write_text(edit(self._steps, len(answers)))

        def one_run() -> Ended:
            ended = self.command()
            lines = ended.output.splitlines()  # tools add lines of their own before and after
            answers[len(answers)] = next(line for line in reversed(lines) if line.startswith("{"))
            return ended

        return Side(self.tool.name, one_run, prepare, does=self.tool.does, needs=self.tool.needs)

    def run_once(self) -> None:
        """Have something recorded for the next run, if nothing is yet."""
        if not self.recorded:
            self.command()

    @property
    def command(self) -> Command:
        places = {
            "LINEAL_STORE": str(self.folder / ".lineal"),
            "PREFECT_HOME": str(self.folder / ".prefect"),
        }
        words = [sys.executable, self.tool.script, "data", str(self.trees)]
        return Command(words, self.folder, QUIET | places)

    @property
    def recorded(self) -> int:
        """Bytes of the files that runs have left."""
        return self._size() - self._empty

    def _size(self) -> int:
        files = (file for file in self.folder.rglob("*") if file.is_file())
        return sum(file.stat().st_size for file in files if file.suffix != ".pyc")


class Truth:
    """What the plain script answers after each edit: every tool is held against it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._known: dict[tuple[str, int], str] = {}

    def __call__(self, edit: Edit, number: int) -> str:
        key = edit.__name__, number
        if key not in self._known:
            answers: dict[int, str] = {}
            side = self.home.side(lambda text, _: edit(text, number), answers, fresh=False)
            assert side.prepare
            side.prepare()
            side.run()
            self._known[key] = answers[0]
        return self._known[key]

    def learn(self, edit: Edit, answers: dict[int, str]) -> None:
        self._known |= {(edit.__name__, number): answer for number, answer in answers.items()}

    def must_change(self, edit: Edit, numbers: int) -> None:
        """An edit that leaves the answer as it was could not show who is wrong."""
        before = self(unchanged, 0)
        if dull := [number for number in range(numbers) if self(edit, number) == before]:
            raise ValueError(f"the edit {edit.__name__} changes no answer at {dull}")


def main(bench: Bench) -> None:
    data = bench.fresh() / "data"
    export = "import pathlib, sys, steps; steps.export(pathlib.Path(sys.argv[1]))"
    Command([sys.executable, "-c", export, data], PIPELINES)()
    homes = [Home(tool, bench, data) for tool in TOOLS if installed(*tool.needs)]
    truth = Truth(Home(PLAIN, bench, data))
    asked = bench.pick(
        tiny=("run after a helper changed",),
        quick=("first run",),
        full=tuple(OCCASIONS),
    )
    for occasion in asked:
        bench.part(occasion, play, bench, occasion, homes, truth)


def play(bench: Bench, occasion: str, homes: Sequence[Home], truth: Truth) -> None:
    """Let all tools run after the same edits, then tell whose answers were right."""
    edit, fresh = OCCASIONS[occasion], occasion == "first run"
    answers: dict[str, dict[int, str]] = {home.tool.name: {} for home in (*homes, truth.home)}
    for home in homes if not fresh else ():
        home.run_once()
    bench.compare(
        occasion,
        [home.side(edit, answers[home.tool.name], fresh=fresh) for home in homes],
        rounds=bench.pick(tiny=1, quick=1, full=3),
        share=bench.pick(tiny=0.0, quick=2.0, full=6.0),
        warm=not fresh or bench.size == "quick",
        unit="run",
        limit=truth.home.side(edit, answers[truth.home.tool.name], fresh=fresh),
        memory=True,
    )
    for home in homes if fresh else ():
        bench.record(f"bytes on disk, {occasion}", home.tool.name, home.recorded, "byte")
    truth.learn(edit, answers[truth.home.tool.name])
    if edit in (helper, deep):
        truth.must_change(edit, max(map(len, answers.values())))
    for home in homes:
        given = answers[home.tool.name]
        right = bool(given) and all(
            answer == truth(edit, number) for number, answer in given.items()
        )
        bench.record(f"right answer, {occasion}", home.tool.name, right)


if __name__ == "__main__":
    run(main)
