"""Runs are begun, annotated, ended, found and lost as they should be."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from lineal.digests.digest import Digest
from lineal.errors import ParameterError, ReferenceNotFound, StoreError
from lineal.records import CodeSnapshot, Environment, Output, RunStatus

from .conftest import digest


def test_numbers_count_up_from_one_and_what_the_record_says_is_passed_over(write):
    assert [write.begin(number=77).number for _ in range(3)] == [1, 2, 3]


def test_what_a_run_began_with_and_ended_with_is_all_kept(catalog, write):
    begun = write.begin(params={"a": "1", "é": "\n"}, tags={"t": "x"}, seed=2**64 - 1, note="n")
    code = CodeSnapshot(files={"a.py": digest("a")}, git_commit="c", git_dirty=True)
    result = (Output(name="z", digest=digest("z")), Output(name="a", digest=digest("b")))
    at = begun.started_at + timedelta(microseconds=1)
    catalog.finish_run(
        begun.number, status=RunStatus.FAILED, finished_at=at, error="e", result=result, code=code
    )
    ended = catalog.run(begun.id)
    assert (ended.params, ended.seed, ended.note) == ({"a": "1", "é": "\n"}, 2**64 - 1, "n")
    assert (ended.status, ended.finished_at, ended.error) == (RunStatus.FAILED, at, "e")
    assert (ended.result, ended.code) == (result, code)
    assert catalog.runs() == [ended]


def test_a_parameter_never_changes_and_a_refusal_writes_nothing(catalog, write):
    run = write.begin(params={"depth": "3"})
    catalog.set_params(run.number, {"depth": "3", "more": "1"})
    with pytest.raises(ParameterError, match="'depth' of run #1 is '3' and can't become '4'"):
        catalog.set_params(run.number, {"new": "1", "depth": "4"})
    assert catalog.run(1).params == {"depth": "3", "more": "1"}


def test_tags_and_notes_are_replaced(catalog, write):
    run = write.begin(tags={"a": "1", "b": "2"})
    catalog.set_tags(run.number, {"a": "3"})
    catalog.set_note(run.number, "later")
    assert catalog.run(1).tags == {"a": "3", "b": "2"}
    assert catalog.run(1).note == "later"


def test_text_that_no_database_holds_is_written_out(catalog, write):
    write.begin(command="run \udce9\x00", params={"p": "\ud800"})
    assert catalog.run(1).command == "run \\udce9\\x00"
    assert catalog.run(1).params == {"p": "\\ud800"}


def test_a_run_that_is_not_there_is_named(catalog):
    with pytest.raises(ReferenceNotFound, match="#9"):
        catalog.run(9)
    with pytest.raises(ReferenceNotFound, match="'abc'"):
        catalog.run("abc")
    with pytest.raises(ReferenceNotFound, match="#9"):
        catalog.set_note(9, "x")
    with pytest.raises(StoreError):
        catalog.set_tags(9, {"a": "b"})


def test_a_reference_finds_latest_number_name_and_the_beginning_of_an_id(catalog, write):
    first, second, third = write.begin(name="x"), write.begin(name="y"), write.begin(name="x")
    assert catalog.find_runs("latest") == [third.id]
    assert catalog.find_runs("#2") == catalog.find_runs("2") == [second.id]
    assert catalog.find_runs(first.id) == catalog.find_runs(first.id[:9]) == [first.id]
    assert catalog.find_runs("x") == [third.id, first.id]
    assert catalog.find_runs("0000") == [third.id, second.id, first.id]
    for nothing in ("", "#9", "zzz", "' or 1=1", "²", "9" * 30):
        assert catalog.find_runs(nothing) == []


def test_nothing_is_latest_in_an_empty_catalog(catalog):
    assert catalog.find_runs("latest") == []
    assert catalog.runs() == []


def test_runs_of_this_machine_whose_process_is_gone_are_lost_once(catalog, write):
    here = socket.gethostname()
    gone = write.begin(host=here, pid=1, tags={"t": "1"})
    alive = write.begin(host=here, pid=2)
    write.begin(host="elsewhere", pid=1)
    ended = write.begin(host=here, pid=1)
    write.finish(ended)
    catalog.heartbeat(gone.number)
    lost = catalog.lost_runs(lambda run: run.pid == 2, silence=1e9)
    assert [(run.id, run.status, run.tags) for run in lost] == [
        (gone.id, RunStatus.LOST, {"t": "1"})
    ]
    assert lost[0].finished_at is not None
    assert lost[0].finished_at > gone.started_at
    assert catalog.lost_runs(lambda run: run.pid == 2, silence=1e9) == []
    assert catalog.run(alive.id).status is RunStatus.RUNNING
    assert catalog.run(ended.id).status is RunStatus.FINISHED


def test_a_lost_run_ended_with_the_last_sign_of_it(catalog, write):
    silent, beating, working = (write.begin(host=socket.gethostname()) for _ in range(3))
    catalog.heartbeat(beating.number)
    ended = datetime.now(UTC) + timedelta(seconds=9)
    write.step(working, 1, finished_at=ended)
    write.step(beating, 1, finished_at=beating.started_at)
    lost = {run.id: run.finished_at for run in catalog.lost_runs(lambda _: False, silence=1e9)}
    assert lost[silent.id] == silent.started_at
    assert lost[beating.id] > beating.started_at
    assert lost[working.id] == ended


def test_a_run_elsewhere_is_lost_when_it_is_silent_and_goes_on_when_it_is_heard(catalog, write):
    silent, heard = write.begin(host="elsewhere"), write.begin(host="elsewhere")
    catalog.heartbeat(heard.number)

    def lost(silence):
        return [run.id for run in catalog.lost_runs(lambda _: True, silence=silence)]

    assert lost(1e9) == []
    assert lost(60) == [silent.id]
    assert lost(60) == []
    catalog.heartbeat(silent.number)
    again = catalog.run(silent.id)
    assert (again.status, again.finished_at) == (RunStatus.RUNNING, None)
    write.finish(again)
    catalog.heartbeat(silent.number)
    assert catalog.run(silent.id).status is RunStatus.FINISHED


def test_an_environment_is_written_once_and_read_back(catalog):
    environment = Environment(
        digest=Digest("xxh3:1"),
        python="3.11",
        platform="Linux",
        cpu="c",
        cpu_count=2,
        distributions={"b": "1", "a": "2"},
        variables={"TZ": "UTC"},
    )
    catalog.record_environment(environment)
    catalog.record_environment(environment)
    assert catalog.environment(environment.digest) == environment
    with pytest.raises(ReferenceNotFound):
        catalog.environment(Digest("xxh3:2"))
