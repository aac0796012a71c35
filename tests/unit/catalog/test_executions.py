"""Executions, artifacts and keys: what is written is found again, and reuse is read through."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from lineal.catalog import Batch
from lineal.errors import ReferenceNotFound, StoreError
from lineal.records import (
    Cause,
    Change,
    ExecutionStatus,
    Input,
    MetricSummary,
    Output,
    Reason,
    RunStatus,
    Source,
)

from .conftest import CODE, artifact, digest


def test_a_key_finds_its_executed_executions_newest_first(catalog, write):
    first, second = write.begin(), write.begin()
    old = write.step(first, 1, key=digest("k"), seed=2**64 - 1, seed_used=True)
    new = write.step(second, 1, key=digest("k"), outputs=(artifact(1), artifact("b", kept=False)))
    write.step(second, 2, key=digest("k"), status=ExecutionStatus.FAILED)
    write.reuse(second, old, 3)
    found = catalog.lookup([digest("k"), digest("unknown")])
    assert list(found) == [digest("k")]
    latest, oldest = found[digest("k")]
    assert (latest.execution_id, oldest.execution_id) == (new.id, old.id)
    assert (latest.kept, oldest.kept) == (False, True)
    assert latest.outputs == new.outputs
    assert (oldest.seed, oldest.seed_used, oldest.run_id) == (2**64 - 1, True, first.id)
    assert oldest.finished_at == old.finished_at
    assert catalog.lookup([]) == {}


def test_more_keys_than_a_statement_has_parameters_are_looked_up_at_once(catalog, write):
    write.step(write.begin(), 1, key=digest("key", 39_999))
    keys = [digest("key", i) for i in range(40_000)]
    assert list(catalog.lookup(keys)) == keys[-1:]


def test_the_last_finished_run_is_preloaded_with_what_it_reused(catalog, write):
    first, second, third = write.begin(), write.begin(), write.begin()
    made, other = write.step(first, 1), write.step(first, 2)
    write.finish(first)
    write.reuse(second, made, 1)
    fresh = write.step(second, 2, key=digest("new"))
    write.finish(second)
    write.step(third, 3)
    write.finish(third, RunStatus.FAILED)
    found = catalog.preload("m:p")
    assert {key: p[0].execution_id for key, p in found.items()} == {
        made.key: made.id,
        digest("new"): fresh.id,
    }
    assert other.key not in found
    assert catalog.preload("other") == {}


def test_a_reused_execution_shows_what_it_reused_but_its_own_place_in_the_graph(catalog, write):
    first, second = write.begin(), write.begin()
    given = (
        Input(name="b", digest=digest("b"), source=Source(step="load", output="result")),
        Input(name="a", digest=digest("a"), value="3"),
        Input(name="path", digest=digest("p"), value="old.csv"),
        Input(name="n_jobs", digest=digest("n", 1), value="1", ignored=True),
    )
    origin = write.step(first, 1, inputs=given, params={"q": "1"}, tags={"t": "2"})
    moved = (
        replace(given[0], source=Source(step="load-2", output="result")),
        given[1],
        replace(given[2], value="new.csv"),
        replace(given[3], digest=digest("n", 8), value="8"),
    )
    write.metric(origin.id, "auc", 0.5)
    reused = write.reuse(
        second, origin, 4, inputs=moved, outputs=(artifact(1),), params={"q": "1"}, tags={"t": "2"}
    )
    run = catalog.run(second.number)
    assert run.executions == (reused,)
    assert [(m.execution_id, m.key) for m in run.metrics] == [(reused.id, "auc")]
    assert catalog.metrics(second.number) == run.metrics
    assert catalog.run(first.number).executions == (origin,)


def test_a_reused_execution_written_without_inputs_shows_those_of_its_origin(catalog, write):
    run = write.begin()
    origin = write.step(run, 1, inputs=(Input(name="a", digest=digest("a"), ignored=True),))
    write.reuse(run, origin, 2, outputs=())
    first, second = catalog.run(1).executions
    assert (second.inputs, second.outputs) == (first.inputs, first.outputs)


def test_the_last_execution_of_each_step_is_found_across_runs(catalog, write):
    runs = [write.begin() for _ in range(8)]
    given = (
        Input(name="a", digest=digest("a"), value="3"),
        Input(name="n_jobs", digest=digest("n", 1), value="1", ignored=True),
        Input(name="b", digest=digest("b"), source=Source(step="load", output="result")),
    )
    old = write.step(runs[0], 1, step="rare", inputs=given)
    write.step(runs[1], 1, step="often")
    moved = (
        replace(given[0], value="4"),
        replace(given[1], digest=digest("n", 8), value="8"),
        given[2],
    )
    write.reuse(runs[6], old, 2, step="often", inputs=moved, version="2")
    write.step(runs[7], 1, step="often", status=ExecutionStatus.FAILED)
    elsewhere = write.begin(pipeline="m:other")
    write.step(elsewhere, 1, step="often")
    found = catalog.precedents("m:p", ["often", "rare", "never"])
    assert found.keys() == {"often", "rare"}
    assert (found["rare"].task, found["rare"].code) == (old.task, old.code)
    assert found["rare"].inputs == (*given[:2], replace(given[2], source=None))
    assert found["often"].version == "2"
    assert {i.name: (i.digest, i.value) for i in found["often"].inputs} == {
        "a": (digest("a"), "4"),
        "n_jobs": (digest("n", 8), "8"),
        "b": (digest("b"), None),
    }


def test_an_artifact_without_bytes_is_filled_when_they_arrive_and_never_emptied(catalog):
    bare, full = artifact(1, kept=False), artifact(1)
    for written, expected in ((bare, bare), (full, full), (bare, full)):
        catalog.commit(Batch(artifacts=(written,)))
        assert catalog.artifacts([bare.digest]) == {bare.digest: expected}
    other = replace(full, stored=replace(full.stored, codec="other/1"))
    catalog.commit(Batch(artifacts=(other,)))
    assert catalog.artifacts([bare.digest]) == {bare.digest: full}
    catalog.forget_bytes([bare.digest])
    assert catalog.artifacts([bare.digest]) == {bare.digest: bare}


def test_artifacts_are_found_by_the_beginning_of_their_digest(catalog):
    one = artifact(1)
    catalog.commit(Batch(artifacts=(one, artifact(2))))
    assert catalog.artifacts_by_prefix(one.digest[:12]) == [one]
    assert catalog.artifacts_by_prefix(one.digest.hex[:8]) == [one]
    assert len(catalog.artifacts_by_prefix("xxh3:")) == 2
    assert catalog.artifacts_by_prefix("zz") == []


def test_the_components_of_a_code_keep_their_order(catalog):
    catalog.commit(Batch(codes=(CODE, CODE)))
    assert catalog.code(CODE.digest) == CODE
    assert list(catalog.code(CODE.digest).components) == ["m:f", "m:a"]
    with pytest.raises(ReferenceNotFound):
        catalog.code(digest("unknown"))


def test_a_batch_committed_twice_leaves_what_it_does_once(catalog, write):
    run = write.begin()
    made = write.step(run, 1, inputs=(Input(name="a", digest=digest("a")),))
    before = catalog.run(1)
    again = Batch(
        artifacts=(artifact(1),),
        codes=(CODE,),
        executions=(made,),
        metrics=(
            MetricSummary(execution_id=made.id, key="k", last=1, min=-math.inf, max=2, count=9),
        ),
    )
    catalog.commit(again)
    catalog.commit(again)
    assert replace(catalog.run(1), metrics=()) == before
    assert [m.count for m in catalog.run(1).metrics] == [9]


def test_an_execution_that_is_told_anew_replaces_what_was_told_beside_one_that_is_new(
    catalog, write
):
    run = write.begin()
    first = write.step(run, 1)
    anew = replace(first, log="more", outputs=(Output(name="other", digest=digest(1)),))
    other = replace(first, id=first.id + 1, position=2, step="s-2")
    reused = replace(
        first, id=first.id + 2, position=3, step="s-3", outputs=anew.outputs,
        status=ExecutionStatus.REUSED, reused_from=first.id,
    )  # fmt: skip
    catalog.commit(Batch(artifacts=(artifact(1),), executions=(other, reused, anew)))
    assert catalog.run(1).executions == (anew, other, reused)
    catalog.commit(Batch(executions=(replace(reused, reused_from=other.id),)))
    assert [e.reused_from for e in catalog.run(1).executions] == [None, None, other.id]


def test_an_output_that_no_artifact_describes_is_refused_with_its_whole_batch(catalog, write):
    run = write.begin()
    made = write.step(run, 1)
    stray = replace(made, id=made.id + 1, outputs=(Output(name="x", digest=digest("nowhere")),))
    with pytest.raises(StoreError):
        catalog.commit(Batch(artifacts=(artifact("beside"),), executions=(stray,)))
    assert catalog.artifacts([digest("beside")]) == {}
    assert catalog.run(1).executions == (made,)


def test_a_failed_step_keeps_the_outputs_that_were_recorded_before_it_failed(catalog, write):
    run = write.begin()
    kept = Output(name="logged", digest=artifact(1).digest)
    stray = Output(name="x", digest=digest("nowhere"))
    made = write.step(run, 1)
    failed = replace(
        made, id=made.id + 1, status=ExecutionStatus.FAILED, outputs=(stray, kept), error="E"
    )
    catalog.commit(Batch(executions=(failed,)))
    assert catalog.run(1).executions[1].outputs == (kept,)


def test_what_is_not_a_number_comes_back_as_such(catalog, write):
    run = write.begin()
    write.metric((run.number << 24) | 5, "loss", math.nan, site="é")
    (metric,) = catalog.run(1).metrics
    assert math.isnan(metric.last)
    assert metric.labels == {"site": "é"}


def test_what_changed_comes_back_whatever_stands_in_it(catalog, write):
    odd = 'a "quoted" \\ line\n with é, 漢, \ud800 and \x00'
    changes = (
        Change(component="input", name=odd, before=None, after=odd),
        Change(component="code", name="m:f", before="", after=None),
    )
    run = write.begin()
    reason = Reason(cause=Cause.CHANGED, text="Two things.", changes=changes)
    write.step(run, 1, reason=reason)
    (found,) = catalog.run(run.number).executions
    assert found.reason == reason
