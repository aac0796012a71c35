"""A frozen run goes whole into another store, and nothing that was tampered with goes in."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from blake3 import blake3

from lineal.errors import FrozenRunRefused, UserError
from lineal.lineage import LineageGraph
from lineal.records import Relation, RunRecord
from lineal.replay import Verdict
from lineal.replay.texts import from_json
from lineal.running import to_json
from lineal.workspace import Workspace

from .conftest import Project


@pytest.fixture
def record(project: Project, workspace: Workspace) -> RunRecord:
    project.csv.write_text("x,y\n" + "".join(f"{n * 0.37},t{n}\n" for n in range(2000)))
    return workspace.get_run(project.run(workspace).id).record


@pytest.fixture
def frozen(record: RunRecord, workspace: Workspace, tmp_path: Path) -> Path:
    return workspace.freeze(record.id, tmp_path / "run.tar.zst").path


def members_of(file: Path) -> dict[str, bytes]:
    data = zstandard.ZstdDecompressor().decompressobj().decompress(file.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def pack(target: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for facts, content in members:
            facts.size = len(content) if facts.isreg() else 0
            archive.addfile(facts, io.BytesIO(content))
    target.write_bytes(zstandard.ZstdCompressor().compress(raw.getvalue()))
    return target


def repacked(target: Path, members: dict[str, bytes], *, relist: bool = True) -> Path:
    members = dict(members)
    if relist:
        facts = json.loads(members["freeze.json"])
        facts["members"] = {
            name: {"blake3": blake3(content).hexdigest(), "size": len(content)}
            for name, content in members.items()
            if name != "freeze.json"
        }
        members["freeze.json"] = json.dumps(facts).encode()
    return pack(target, [(tarfile.TarInfo(name), data) for name, data in members.items()])


def refused(tmp_path: Path, file: Path, reason: str) -> None:
    """Thawing refuses the file, and leaves an empty store empty."""
    with Workspace.open(tmp_path / "other") as other:
        with pytest.raises(FrozenRunRefused, match=reason):
            other.thaw(file)
        assert other.services.catalog.runs() == []
        assert not any(p.is_file() for p in (other.root / "blobs").rglob("*"))


def test_a_record_comes_back_from_json_as_it_was(record: RunRecord) -> None:
    assert from_json(RunRecord, json.loads(json.dumps(to_json(record)))) == record


def test_the_same_run_freezes_to_the_same_bytes(
    frozen: Path, record: RunRecord, workspace: Workspace, tmp_path: Path
) -> None:
    again = workspace.freeze(record.id, tmp_path / "again.tar.zst").path
    assert again.read_bytes() == frozen.read_bytes()


def test_a_thawed_run_is_the_same_under_a_new_number(
    frozen: Path, record: RunRecord, tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "other") as other:
        with other.start_run("before"):
            pass
        thawed = other.thaw(frozen)
        assert (thawed.run, thawed.number, thawed.new) == (record.id, 2, True)
        found = other.get_run(record.id)
        assert found.metrics == {"total": pytest.approx(2 * 0.37 * 1999 * 1000)}
        assert found.params == record.params
        assert found.record.code == record.code
        assert [e.outputs for e in found.executions] == [e.outputs for e in record.executions]
        assert [e.inputs for e in found.executions] == [e.inputs for e in record.executions]
        points = other.metrics(found).to_pylist()
        assert [p["key"] for p in points] == ["total"]
        assert other.verify(data=True).sound


def test_thawing_twice_changes_nothing(frozen: Path, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "other") as other:
        other.thaw(frozen)
        again = other.thaw(frozen)
        assert not again.new
        assert len(other.services.catalog.runs()) == 1


def test_a_run_that_reused_steps_brings_the_executions_it_reused(
    record: RunRecord, project: Project, workspace: Workspace, tmp_path: Path
) -> None:
    later = project.run(workspace, factor=3.0)
    states = [e.status.value for e in later.executions]
    assert states == ["reused", "executed", "executed"]
    file = workspace.freeze(later.id, tmp_path / "later.tar.zst").path
    whole = workspace.freeze(record.id, tmp_path / "first.tar.zst").path
    with Workspace.open(tmp_path / "other") as other:
        other.thaw(file)
        assert [e.status.value for e in other.get_run(later.id).executions] == states
        partial = other.get_run(record.id)
        assert [e.step for e in partial.executions] == ["load"]
        assert partial.tags["lineal.partial"] == "true"
        other.thaw(whole)  # completes it
        completed = other.get_run(record.id)
        assert [e.step for e in completed.executions] == ["load", "grow", "count"]
        assert completed.record.result == record.result
        assert other.verify(data=True).sound


PARTS = """
import pandas as pd
from lineal import dataset, pipeline, task

@task
def halves(rows: int) -> list[pd.DataFrame]:
    whole = pd.DataFrame({"x": range(rows)})
    return [whole[: rows // 2], whole[rows // 2 :]]

@task
def sized(half: pd.DataFrame, factor: int) -> int:
    return len(half) * factor

@pipeline
def parts(rows: int = 6, factor: int = 1):
    first, second = halves(rows)
    dataset("first half", first)
    return sized(first, factor), sized(second, factor)
"""


def wholes_in(graph: LineageGraph) -> set[tuple[str, str]]:
    """Digests of parts, each with that of the whole."""
    kind = "artifact:"
    return {
        (edge.source.removeprefix(kind), edge.target.removeprefix(kind))
        for edge in graph.edges
        if edge.relation is Relation.DERIVED_FROM and edge.source.startswith(kind)
    }


def test_what_is_a_part_of_what_is_known_after_thawing(
    project: Project, workspace: Workspace, tmp_path: Path
) -> None:
    project.main.write_text(PARTS)
    project.run(workspace)
    reusing = project.run(workspace, factor=2)
    steps = {e.step: e for e in reusing.executions}
    assert (steps["halves"].status.value, steps["sized"].status.value) == ("reused", "executed")
    (made,) = steps["halves"].outputs
    part = steps["sized"].inputs[0].digest
    assert part != made.digest
    before = workspace.lineage("2:sized.result")
    file = workspace.freeze(reusing.id, tmp_path / "parts.tar.zst").path
    with Workspace.open(tmp_path / "other") as other:
        number = other.thaw(file).number
        after = other.lineage(f"{number}:sized.result")
        assert wholes_in(after) == wholes_in(before) == {(part, made.digest)}
        other.thaw(file)
        assert wholes_in(other.lineage(f"{number}:sized.result")) == wholes_in(after)


@pytest.mark.slow
def test_a_thawed_run_replays_identical_elsewhere(
    frozen: Path, tmp_path: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere()
    monkeypatch.setenv("LINEAL_STORE", str(tmp_path / "other"))
    with Workspace.open() as other:
        thawed = other.thaw(frozen)
        assert other.replay(thawed.run).verdict is Verdict.IDENTICAL


@pytest.mark.parametrize("place", [0.1, 0.5, 0.99])
def test_a_flipped_byte_anywhere_is_refused(frozen: Path, tmp_path: Path, place: float) -> None:
    content = bytearray(frozen.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    frozen.write_bytes(content)
    refused(tmp_path, frozen, "is refused")


def test_a_file_cut_short_is_refused(frozen: Path, tmp_path: Path) -> None:
    frozen.write_bytes(frozen.read_bytes()[:-200])
    refused(tmp_path, frozen, "is refused")


def test_what_is_no_frozen_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    refused(tmp_path, tmp_path / "x", "can't be unpacked")
    with Workspace.open(tmp_path / "other") as other, pytest.raises(UserError, match="no file"):
        other.thaw(tmp_path / "nothing")


def test_other_bytes_under_an_address_are_refused(frozen: Path, tmp_path: Path) -> None:
    members = members_of(frozen)
    name = next(n for n in members if n.startswith("blobs/"))
    members[name] += b"!"
    refused(tmp_path, repacked(tmp_path / "a", members, relist=False), "is not what was frozen")
    refused(tmp_path, repacked(tmp_path / "b", members), "is not what its address says")


@pytest.mark.parametrize(
    "name", ["../escaped", "/tmp/escaped", "blobs/../../escaped", "blobs/short", "extra.json"]
)
def test_a_member_that_would_lie_elsewhere_is_refused(
    frozen: Path, tmp_path: Path, name: str
) -> None:
    members = {**members_of(frozen), name: b"x"}
    refused(tmp_path, repacked(tmp_path / "a", members), "does not belong there")
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_member_that_is_no_plain_file_is_refused(
    frozen: Path, tmp_path: Path, kind: bytes
) -> None:
    members = members_of(frozen)
    link = tarfile.TarInfo("blobs/" + "0" * 64)
    link.type, link.linkname = kind, "/etc/passwd"
    listed = [(tarfile.TarInfo(n), data) for n, data in members.items()]
    refused(tmp_path, pack(tmp_path / "a", [listed[0], (link, b""), *listed[1:]]), "not a plain")


def test_a_member_that_comes_twice_is_refused(frozen: Path, tmp_path: Path) -> None:
    listed = [(tarfile.TarInfo(n), data) for n, data in members_of(frozen).items()]
    refused(tmp_path, pack(tmp_path / "a", [*listed, listed[-1]]), "does not belong there")


def test_a_missing_member_is_refused(frozen: Path, tmp_path: Path) -> None:
    members = members_of(frozen)
    name = next(n for n in members if n.startswith("blobs/"))
    del members[name]
    refused(tmp_path, repacked(tmp_path / "a", members, relist=False), "is missing")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda facts: facts["runs"][-1].update(id="../../x"), "is no run's id"),
        (lambda facts: facts["runs"][-1].update(status="running"), "has not ended"),
        (lambda facts: facts["runs"][-1].update(more=1), "its records are not such"),
        (lambda facts: facts["runs"][-1].update(seed="0"), "its records are not such"),
        (lambda facts: facts["artifacts"].clear(), "the record of"),
        (lambda facts: facts["runs"].clear(), "it holds no run"),
        (lambda facts: facts["runs"][-1]["executions"][0].update(id=7), "not where it belongs"),
        (lambda facts: facts["runs"][-1]["executions"][0].update(reused_from=7), "reused is"),
        (lambda facts: facts["artifacts"][0].update(digest="xxh3:../.."), "is no digest"),
    ],
)
def test_records_that_do_not_fit_together_are_refused(
    frozen: Path, tmp_path: Path, change: Callable[[dict[str, object]], object], reason: str
) -> None:
    members = members_of(frozen)
    facts = json.loads(members["records.json"])
    change(facts)
    members["records.json"] = json.dumps(facts).encode()
    refused(tmp_path, repacked(tmp_path / "a", members), reason)


def test_a_run_without_its_bytes_is_not_frozen(
    record: RunRecord, project: Project, workspace: Workspace, tmp_path: Path
) -> None:
    from lineal.errors import BlobMissing

    blobs = workspace.services.values.blobs
    blobs.delete(blobs.put_file(project.helpers))
    with pytest.raises(BlobMissing, match=f"for want of the file {project.helpers.name}"):
        workspace.freeze(record.id, tmp_path / "x.tar.zst")
    assert not list(tmp_path.glob("*x.tar.zst*"))
