"""What everything promises that takes OpenLineage events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineal.backfill.takers import taker_at

RUN, OTHER, STEP = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


def event(state, run=RUN, **more):
    return {
        "eventType": state,
        "run": {"runId": run},
        "job": {"name": "ü \u2028 </script>"},
        **more,
    }


WHOLE = [event("START"), event("START", STEP), event("COMPLETE", STEP), event("COMPLETE")]


class FilePlace:
    def __init__(self, folder: Path) -> None:
        self.place = str(folder / "events.ndjson")

    @property
    def events(self):
        text = Path(self.place).read_text("utf-8")
        return [json.loads(line) for line in text.split("\n")[:-1]]


class UrlPlace:
    def __init__(self, endpoint) -> None:
        self.endpoint = endpoint
        self.place = endpoint.url

    @property
    def events(self):
        return self.endpoint.events


@pytest.fixture(params=["file", "url"])
def place(request, tmp_path):
    if request.param == "file":
        return FilePlace(tmp_path)
    return UrlPlace(request.getfixturevalue("endpoint"))


@pytest.fixture
def reopen(place, tmp_path):
    """Opens the same taker anew, as another process would."""
    opened = []

    def opening():
        while opened:
            opened.pop().close()
        opened.append(taker_at(place.place, tmp_path / "notes", None))
        return opened[-1]

    yield opening
    while opened:
        opened.pop().close()


def test_events_arrive_as_they_are_and_in_order(reopen, place):
    assert reopen().take(RUN, WHOLE, whole=True) == len(WHOLE)
    assert place.events == WHOLE


def test_a_run_that_was_taken_is_known_at_once_and_by_others(reopen):
    taker = reopen()
    assert not taker.has(RUN)
    taker.take(RUN, WHOLE, whole=True)
    assert taker.has(RUN)
    assert reopen().has(RUN)
    assert not reopen().has(OTHER)


def test_a_run_that_goes_on_is_not_taken_for_whole(reopen, place):
    reopen().take(RUN, WHOLE[:2], whole=False)
    taker = reopen()
    assert not taker.has(RUN)
    taker.take(RUN, WHOLE, whole=True)
    assert taker.has(RUN)
    # A consumer merges by the run's id and the state, so what comes twice changes nothing.
    assert {(e["run"]["runId"], e["eventType"]) for e in place.events} == {
        (e["run"]["runId"], e["eventType"]) for e in WHOLE
    }


def test_runs_are_added_to_what_is_there(reopen, place):
    reopen().take(RUN, WHOLE, whole=True)
    reopen().take(OTHER, [event("START", OTHER), event("FAIL", OTHER)], whole=True)
    assert len(place.events) == len(WHOLE) + 2
    assert reopen().has(RUN)
    assert reopen().has(OTHER)


def test_its_name_holds_no_secret(tmp_path):
    taker = taker_at("https://ann:secret@example.org/lineage?key=secret", tmp_path, "secret")
    assert taker.name == "https://example.org/lineage"
    taker.close()
