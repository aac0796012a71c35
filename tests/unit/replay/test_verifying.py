"""Verifying names what is not as it was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from lineal.records import RunRecord
from lineal.workspace import Workspace

from .conftest import Project


@pytest.fixture
def record(project: Project, workspace: Workspace) -> RunRecord:
    """A run with values too large to lie in their records."""
    project.csv.write_text("x,y\n" + "".join(f"{n * 0.37},t{n}\n" for n in range(2000)))
    return project.run(workspace)


def blob_of(workspace: Workspace, record: RunRecord, step: str) -> tuple[str, Path]:
    output = next(e for e in record.executions if e.step == step).outputs[0]
    artifact = workspace.services.catalog.artifacts([output.digest])[output.digest]
    assert artifact.stored is not None
    assert artifact.stored.address is not None
    name = artifact.stored.address.hex
    return artifact.stored.address, workspace.root / "blobs" / name[:2] / name


def execute(workspace: Workspace, statement: str) -> None:
    engine = create_engine(f"sqlite:///{workspace.root / 'catalog.db'}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_sound_store_has_no_problems(record: RunRecord, workspace: Workspace) -> None:
    found = workspace.verify(data=True)
    assert found.sound
    assert found.runs == 1
    assert found.values >= 4
    assert found.blobs >= 5


def test_a_flipped_bit_is_found_and_named(record: RunRecord, workspace: Workspace) -> None:
    address, path = blob_of(workspace, record, "grow")
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (problem,) = workspace.verify(record.id).problems
    assert (problem.kind, problem.digest) == ("damaged blob", address)
    assert problem.name == "run #1: grow.result"


def test_a_deleted_blob_is_found_and_named(record: RunRecord, workspace: Workspace) -> None:
    address, path = blob_of(workspace, record, "load")
    path.unlink()
    (problem,) = workspace.verify(record.id).problems
    assert (problem.kind, problem.digest) == ("missing blob", address)
    assert problem.name == "run #1: load.result"


def test_a_deleted_file_of_the_code_and_of_a_path_is_found(
    record: RunRecord, project: Project, workspace: Workspace
) -> None:
    blobs = workspace.services.values.blobs
    for file in (project.helpers, project.csv):
        blobs.delete(blobs.put_file(file))
    names = {problem.name for problem in workspace.verify(record.id).problems}
    assert names == {
        f"run #1: the file {project.helpers.name}",
        "run #1: load(csv): x.csv",
    }


def test_a_missing_artifact_is_found(record: RunRecord, workspace: Workspace) -> None:
    digest = next(e for e in record.executions if e.step == "count").outputs[0].digest
    execute(workspace, f"delete from artifacts where digest = '{digest}'")
    problems = workspace.verify(record.id).problems
    assert ("missing artifact", "run #1: count.result") in {(p.kind, p.name) for p in problems}


def test_missing_code_and_environment_are_found(record: RunRecord, workspace: Workspace) -> None:
    execute(workspace, "delete from environments")
    execute(workspace, "delete from codes")
    kinds = {problem.kind for problem in workspace.verify(record.id).problems}
    assert kinds == {"missing environment", "missing code"}


def test_bytes_of_another_value_are_found_only_when_values_are_decoded(
    record: RunRecord, workspace: Workspace
) -> None:
    digest = next(e for e in record.executions if e.step == "count").outputs[0].digest
    artifact = workspace.services.catalog.artifacts([digest])[digest]
    assert artifact.stored is not None
    assert artifact.stored.inline is not None
    other = artifact.stored.inline.replace(b"7", b"8", 1)
    assert other != artifact.stored.inline
    execute(workspace, f"update artifacts set inline = x'{other.hex()}' where digest = '{digest}'")
    assert workspace.verify(record.id).sound
    (problem,) = workspace.verify(record.id, data=True).problems
    assert (problem.kind, problem.digest) == ("wrong value", digest)
