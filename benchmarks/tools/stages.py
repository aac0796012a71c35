"""A project of stages that copy a file one after the other, for tools run as commands."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from textwrap import dedent
from typing import ClassVar

from harness import Command, Ended

BIN = Path(sys.executable).parent


class Project:
    """A folder with the stages, laid out anew or run as it is."""

    name: ClassVar[str]
    does: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    files: ClassVar[dict[str, str]] = {}
    command: ClassVar[tuple[str, ...]]
    environment: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path, stages: int) -> None:
        self.folder, self.stages = folder, stages

    def lay_out(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        (self.folder / "0.txt").write_text("the data\n")
        for name, text in self.files.items():
            text = dedent(text).replace("STAGES", str(self.stages))
            (self.folder / name).write_text(text)

    def run(self) -> Ended:
        ended = self._call(*self.command)
        if not (self.folder / f"{self.stages}.txt").exists():
            raise RuntimeError(f"The last stage made nothing: {ended.output[-500:]}")
        return ended

    def _call(self, program: str, *arguments: str) -> Ended:
        return Command([BIN / program, *arguments], self.folder, self.environment)()


class LinealStages(Project):
    """A pipeline file and ``lineal run``."""

    name: ClassVar = "lineal"
    does: ClassVar = "`lineal run`, files kept in the store by their content"
    command: ClassVar = ("lineal", "run", "stages.py")
    environment: ClassVar = {"LINEAL_STORE": ".lineal"}
    files: ClassVar = {
        "stages.py": """
            import shutil
            from pathlib import Path

            from lineal import pipeline, task


            @task
            def copy(source: Path, number: int) -> Path:
                target = Path(f"{number}.txt")
                shutil.copyfile(source, target)
                return target


            @pipeline
            def stages(source: Path = Path("0.txt")) -> Path:
                for number in range(1, STAGES + 1):
                    source = copy(source, number)
                return source
        """
    }


class RedunStages(Project):
    """A workflow file and ``redun run``."""

    name: ClassVar = "redun"
    does: ClassVar = "`redun run`, files known by path, size and time, and not kept"
    needs: ClassVar = ("redun",)
    command: ClassVar = ("redun", "run", "stages.py", "stages")
    files: ClassVar = {
        "stages.py": """
            import shutil

            from redun import File, task

            redun_namespace = "stages"


            @task
            def copy(source: File, number: int) -> File:
                shutil.copyfile(source.path, f"{number}.txt")
                return File(f"{number}.txt")


            @task
            def stages() -> File:
                source = File("0.txt")
                for number in range(1, STAGES + 1):
                    source = copy(source, number)
                return source
        """
    }


class DvcStages(Project):
    """A ``dvc.yaml`` and ``dvc repro``; every stage is a process."""

    name: ClassVar = "DVC"
    does: ClassVar = "`dvc repro`, every stage a process, files kept in its cache by their MD5"
    needs: ClassVar = ("dvc",)
    command: ClassVar = ("dvc", "repro", "--quiet")
    environment: ClassVar = {"DVC_NO_ANALYTICS": "true"}

    def lay_out(self) -> None:
        super().lay_out()
        lines = ["stages:"]
        for number in range(self.stages):
            source, target = f"{number}.txt", f"{number + 1}.txt"
            lines += [
                f"  copy-{number + 1}:",
                f"    cmd: cp {source} {target}",
                f"    deps: [{source}]",
                f"    outs: [{target}]",
            ]
        (self.folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
        self._call("dvc", "init", "--no-scm", "--quiet")
        self._call("dvc", "config", "core.check_update", "false")


PROJECTS = (LinealStages, RedunStages, DvcStages)
