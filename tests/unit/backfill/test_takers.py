"""What files and endpoints each do in their own way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineal.backfill.takers import taker_at
from lineal.errors import EndpointRefused, UserError

RUN = "00000000-0000-4000-8000-000000000001"
WHOLE = [{"eventType": state, "run": {"runId": RUN}} for state in ("START", "COMPLETE")]


def take(place: str, notes: Path, key: str | None = None, events=WHOLE) -> int:
    taker = taker_at(place, notes, key)
    try:
        return taker.take(RUN, events, whole=True)
    finally:
        taker.close()


@pytest.mark.parametrize("torn", ['{"eventType": "COMP', json.dumps(WHOLE[1])])
def test_a_line_that_was_not_written_to_its_end_is_written_again(tmp_path, torn):
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps(WHOLE[0]) + "\n" + torn)
    assert take(str(file), tmp_path) == 1
    assert [json.loads(line) for line in file.read_text().splitlines()] == WHOLE


@pytest.mark.parametrize(
    "text",
    ["id,amount\n1,2\n", "[]\n", '{"a": 1}\n', "\x00\n", "no end of line", '{"a": 1}', '{"a'],
)
def test_a_file_that_holds_something_else_is_left_alone(tmp_path, text):
    file = tmp_path / "data.csv"
    file.write_text(text)
    with pytest.raises(UserError, match="something else than OpenLineage events in line 1"):
        taker_at(str(file), tmp_path, None)
    assert file.read_text() == text


@pytest.mark.parametrize("place", ["ftp://x/y", "file:///tmp/x", "http://", "https:///path"])
def test_a_place_that_can_take_nothing_is_refused(tmp_path, place):
    with pytest.raises(UserError, match=r"http:// or https://|names no server"):
        taker_at(place, tmp_path, None)


def test_a_folder_or_a_file_in_none_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "none" / "x.ndjson"):
        with pytest.raises(UserError, match="can't be written"):
            taker_at(str(place), tmp_path, None)


def test_the_path_and_the_key_are_those_that_were_given(tmp_path, endpoint):
    take(endpoint.url, tmp_path)
    take(f"{endpoint.url}/", tmp_path)
    take(f"{endpoint.url}/openapi/v2/events?tenant=a", tmp_path, "s3cret")
    paths = [path for path, _ in endpoint.requests[::2]]
    assert paths == ["/api/v1/lineage", "/api/v1/lineage", "/openapi/v2/events?tenant=a"]
    assert [key for _, key in endpoint.requests[::2]] == [None, None, "Bearer s3cret"]
    assert not any("s3cret" in note.read_text() for note in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (422, r"answered 422 .*: \{\"message\": \"I would rather not\"\}"),
        (401, "LINEAL_OPENLINEAGE_API_KEY"),
        (404, "answered 404"),
    ],
)
def test_what_is_refused_is_told_and_not_noted(tmp_path, endpoint, status, said):
    endpoint.answer = lambda event: 201 if event["eventType"] == "START" else status
    with pytest.raises(EndpointRefused, match=said):
        take(endpoint.url, tmp_path)
    again = taker_at(endpoint.url, tmp_path, None)
    assert not again.has(RUN)
    again.close()


def test_a_server_that_is_busy_for_a_moment_is_asked_again(tmp_path, endpoint):
    answers = iter([503, 503, 201, 201])
    endpoint.answer = lambda _event: next(answers)
    assert take(endpoint.url, tmp_path) == 2
    assert endpoint.events == WHOLE
