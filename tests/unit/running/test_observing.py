"""What the hook can't make out is told and never taken for unchanged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from lineal import pipeline, task
from lineal.running.observation import Observation
from lineal.running.observed import digests_now, inputs_of
from lineal.running.observing import observed_by, observing

ODD = "observed:something by sqlite3.connect"


@task
def odd() -> int:
    sys.audit("sqlite3.connect")  # says not to what
    return 1


@pipeline
def oddly() -> int:
    return odd()


def test_an_event_without_what_it_should_say_is_noted():
    with observing(), observed_by(seen := Observation()):
        sys.audit("sqlite3.connect")
    (given,) = inputs_of(seen, None)
    assert given.name == ODD
    assert digests_now([ODD], None)[ODD] != given.digest


def test_a_step_that_did_it_is_not_reused():
    first, second = (oddly.run().executions[0] for _ in range(2))
    assert [e.status.value for e in (first, second)] == ["executed", "executed"]
    assert ODD in {given.name for given in first.inputs}


@pytest.mark.parametrize(
    "finder", ["importlib.metadata", pytest.param("importlib_metadata", marks=pytest.mark.dask)]
)
def test_a_look_for_what_is_installed_reads_no_folder(tmp_path: Path, monkeypatch, finder: str):
    metadata: Any = pytest.importorskip(finder)  # the second one comes with Dask
    monkeypatch.syspath_prepend(tmp_path)
    seen = Observation()
    with observing(), observed_by(seen):
        installed = list(metadata.distributions())
        listed = list(seen.listed)
        list(tmp_path.iterdir())
    assert installed
    assert (listed, list(seen.listed)) == ([], [str(tmp_path)])


def test_a_folder_that_is_a_link_is_where_it_leads(tmp_path: Path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        (tmp_path / "data" / "deep" / name).write_text("1")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "data")
    seen = Observation()
    seen.given([tmp_path / "data" / "deep" / "a.csv"])
    with observing(), observed_by(seen):
        for name in ("a.csv", "b.csv"):
            (link / "deep" / name).read_text()
    assert list(seen.read) == [str(link / "deep" / "b.csv")]
