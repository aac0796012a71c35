"""Several real processes at one target, and a process that dies while it registers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lineal import register
from lineal.workspace import Workspace

DEPLOYER = """
import sys
from lineal.errors import RegistryRefusal
from lineal.workspace import Workspace

with Workspace.open(sys.argv[1]) as workspace:
    registry = workspace.registry
    write = registry._names.deploy

    def held(*given):
        print("ready", flush=True)
        sys.stdin.readline()
        return write(*given)

    registry._names.deploy = held
    try:
        made = registry.deploy("m", int(sys.argv[2]), "production", reason="mine")
        print("won", made.id)
    except RegistryRefusal as refusal:
        print("lost", refusal)
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    with Workspace.open(folder) as workspace, workspace.start_run("models"):
        for number in range(4):
            register("m", {"number": number})
    return folder


def race(folder: Path, versions: list[int]) -> list[str]:
    """Have each version deployed by a process of its own, all judged before any is written."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", DEPLOYER, str(folder), str(version)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for version in versions
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=180)[0] for process in started]


def test_of_several_processes_at_one_target_one_wins_and_the_others_are_told(models):
    with Workspace.open(models) as workspace:
        for round_, versions in enumerate(([1, 2, 3], [4, 1, 2, 3]), 1):
            current = workspace.registry.in_force()
            contenders = [v for v in versions if not current or v != current[0].version]
            said = race(models, contenders)
            assert sum(text.startswith("won") for text in said) == 1, said
            told = [text for text in said if text.startswith("lost")]
            assert len(told) == len(contenders) - 1 > 0
            assert all("at the same moment; nothing was deployed" in text for text in told)
            past = workspace.registry.deployments("production")
            assert len(past) == round_
            assert [d.version for d in past if d.succeeded_by is None] == [past[0].version]


REGISTERER = """
import os, sys
from lineal.catalog import models
from lineal import register
from lineal.workspace import Workspace

if sys.argv[2] == "die":
    models.add_event = lambda *given: os._exit(9)
with Workspace.open(sys.argv[1]) as workspace, workspace.start_run("r"):
    register("m", {"a": 1}, metrics={"auc": 0.1}, gates="min auc 0.9", alias="champion")
"""


def test_a_process_that_dies_while_it_registers_leaves_nothing_half_done(tmp_path):
    def register_in_a_process(how: str) -> int:
        command = [sys.executable, "-c", REGISTERER, str(tmp_path / "store"), how]
        return subprocess.run(command, check=False).returncode

    assert register_in_a_process("die") == 9
    with Workspace.open(tmp_path / "store") as workspace:
        assert workspace.registry.models() == []
        assert workspace.get_run("latest").status.value == "lost"
        assert register_in_a_process("live") == 0
        model = workspace.registry.model("m")
    assert (len(model.versions), model.gates) == (1, ("min auc 0.9",))
    assert model.aliases == {"champion": 1}
