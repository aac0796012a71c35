"""What the recorder keeps of the values of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lineal import Workspace, pipeline, task
from lineal.digests.identity import ValueIdentity
from lineal.records import Artifact
from lineal.store import ValueStore


@task
def top(table: pd.DataFrame, run: int) -> float:
    return float(table["x"].max()) + run


@pipeline
def judging(table: pd.DataFrame, run: int) -> float:
    return top(table, run)


def test_a_large_value_that_is_kept_is_not_encoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = []
    save = ValueStore.save

    def watched(self: ValueStore, value: object, identity: ValueIdentity) -> Artifact:
        encoded.append(identity.kind)
        return save(self, value, identity)

    monkeypatch.setattr(ValueStore, "save", watched)
    table = pd.DataFrame({"x": np.random.default_rng(0).random(1 << 18)})
    with Workspace.open(tmp_path) as workspace:
        first, second = (workspace.run(judging, {"table": table, "run": n}) for n in (1, 2))
        assert encoded.count("frame") == 1
        assert first.executions[0].inputs[0] == second.executions[0].inputs[0]


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_large_value_whose_bytes_are_damaged_is_kept_again(tmp_path: Path, damage: str) -> None:
    table = pd.DataFrame({"x": np.random.default_rng(0).random(1 << 18)})
    with Workspace.open(tmp_path) as workspace:
        digest = workspace.run(judging, {"table": table, "run": 1}).executions[0].inputs[0].digest
    for blob in (path for path in (tmp_path / "blobs").rglob("*") if path.is_file()):
        blob.chmod(0o644)
        blob.write_bytes(b"other") if damage == "changed" else blob.unlink()
    with Workspace.open(tmp_path) as workspace:
        workspace.run(judging, {"table": table, "run": 2})
        pd.testing.assert_frame_equal(workspace.get(digest), table)
