"""Planning decides from the facts it is handed, and says why by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from lineal.digests.digest import combine
from lineal.digests.identity import CodeIdentity
from lineal.planning import Execute, Policy, Request, Reuse, decide, explain, make_key
from lineal.records import (
    Cause,
    Input,
    Key,
    Output,
    Precedent,
    Prior,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def code(**components: str) -> CodeIdentity:
    return CodeIdentity(
        digest=combine("code", [f"{k}={v}" for k, v in components.items()]),
        components=components,
        distributions={},
    )


def given(name: str, value: str, **more: Any) -> Input:
    return Input(name=name, digest=combine("value", [value]), value=value, **more)


def key(
    *inputs: Input, version: str | None = None, shapes: tuple[str, ...] = (), **components: str
) -> Key:
    return make_key(
        task="study:fit",
        code=code(**(components or {"study:fit": "1"})),
        version=version,
        outputs=("result",),
        inputs=inputs,
        shapes=shapes,
    )


KEY = key(given("depth", "3"))
REQUEST = Request(step="fit", task_name="fit", key=KEY)
PRIOR = Prior(
    execution_id=7,
    run_id="r",
    key=KEY.digest,
    outputs=(Output(name="result", digest=combine("value", ["x"])),),
    finished_at=NOW - timedelta(seconds=60),
    seed=1,
    seed_used=False,
    kept=True,
)


def cause(request: Request = REQUEST, *priors: Prior, policy: Policy | None = None) -> Cause:
    return decide(request, priors, policy or Policy(), NOW).reason.cause


def executed(of: Key) -> Precedent:
    return Precedent(task=of.task, code=of.code.digest, version=of.version, inputs=of.inputs)


def test_a_step_whose_key_was_seen_is_reused_from_that_execution() -> None:
    decision = decide(REQUEST, [PRIOR], Policy(), NOW)
    assert isinstance(decision, Reuse)
    assert decision.prior is PRIOR
    assert decision.reason.cause is Cause.UNCHANGED


def test_a_key_never_seen_runs_for_the_first_time() -> None:
    assert isinstance(decide(REQUEST, [], Policy(), NOW), Execute)
    assert cause() is Cause.FIRST


@pytest.mark.parametrize("name", ["fit[2]", "fit", "task"])
def test_a_step_can_be_forced_by_its_name_its_maps_or_its_tasks(name: str) -> None:
    request = replace(REQUEST, step="fit[2]", task_name="task")
    assert cause(request, PRIOR, policy=Policy(force=frozenset([name]))) is Cause.FORCED


def test_forcing_one_step_leaves_the_others_be() -> None:
    assert cause(REQUEST, PRIOR, policy=Policy(force=frozenset(["load"]))) is Cause.UNCHANGED


def test_a_run_can_ask_to_reuse_nothing() -> None:
    assert cause(REQUEST, PRIOR, policy=Policy(no_cache=True)) is Cause.NO_CACHE


@pytest.mark.parametrize("option", ["cache", "persist"])
def test_a_task_can_ask_never_to_be_reused(option: str) -> None:
    request = replace(REQUEST, **{option: False})
    decision = decide(request, [PRIOR], Policy(), NOW)
    assert decision.reason.cause is Cause.NO_CACHE
    assert option in decision.reason.text


def test_a_step_without_a_key_says_what_stands_in_the_way() -> None:
    decision = decide(replace(REQUEST, key=None, problem="a socket"), [PRIOR], Policy(), NOW)
    assert decision.reason.cause is Cause.UNCACHEABLE
    assert "a socket" in decision.reason.text


@pytest.mark.parametrize(("ttl", "is_reused"), [(61.0, True), (60.0, False), (1.0, False)])
def test_a_result_expires_when_its_ttl_has_passed(ttl: float, is_reused: bool) -> None:
    expected = Cause.UNCHANGED if is_reused else Cause.EXPIRED
    assert cause(replace(REQUEST, ttl=ttl), PRIOR) is expected


def test_another_seed_matters_only_where_random_numbers_were_drawn() -> None:
    request = replace(REQUEST, seed=2)
    assert cause(request, PRIOR) is Cause.UNCHANGED
    assert cause(request, replace(PRIOR, seed_used=True)) is Cause.SEED
    assert cause(replace(request, seed=1), replace(PRIOR, seed_used=True)) is Cause.UNCHANGED


def test_outputs_no_longer_kept_are_made_again() -> None:
    assert cause(REQUEST, replace(PRIOR, kept=False)) is Cause.NOT_KEPT


def test_an_older_execution_is_reused_when_newer_ones_cannot_be() -> None:
    older = replace(PRIOR, execution_id=3)
    decision = decide(REQUEST, [replace(PRIOR, kept=False), older], Policy(), NOW)
    assert isinstance(decision, Reuse)
    assert decision.prior is older


def test_what_speaks_against_the_newest_execution_is_the_reason() -> None:
    files = [replace(PRIOR, observed=(given(f"observed:/{n}", "then"),)) for n in "ab"]
    assert "/a" in decide(REQUEST, files, Policy(), NOW).reason.text


def test_where_it_is_forbidden_no_execution_is_reused_that_read_unasked() -> None:
    seen = given("observed:/a", "as ever")
    request = replace(REQUEST, seen={seen.name: seen.digest})
    prior = replace(PRIOR, observed=(seen,))
    assert cause(request, prior) is Cause.UNCHANGED
    assert cause(request, prior, policy=Policy(hermetic=True)) is Cause.OBSERVED
    assert cause(request, PRIOR, policy=Policy(hermetic=True)) is Cause.UNCHANGED


@pytest.mark.parametrize(
    "other",
    [
        key(given("depth", "4")),
        key(given("height", "3")),
        key(given("depth", "3"), given("n", "1")),
        key(given("depth", "3"), version="2"),
        key(given("depth", "3"), shapes=("depth=list(1)",)),
        key(given("depth", "3"), **{"study:fit": "2"}),
        key(),
    ],
)
def test_whatever_decides_a_result_changes_its_key(other: Key) -> None:
    assert other.digest != KEY.digest


def test_neither_order_of_arguments_nor_ignored_ones_change_a_key() -> None:
    a, b = given("a", "1"), given("b", "2")
    assert key(a, b).digest == key(b, a).digest
    assert key(a, given("n_jobs", "2", ignored=True)).digest == key(a).digest


def test_nothing_is_explained_where_nothing_changed() -> None:
    assert explain(KEY, executed(KEY), KEY.code) is None


def test_a_changed_input_is_named_with_both_values() -> None:
    reason = explain(key(given("depth", "4")), executed(KEY), KEY.code)
    assert reason is not None
    assert reason.cause is Cause.CHANGED
    assert reason.text == "input depth: 3 -> 4."


def test_a_changed_helper_is_named() -> None:
    now = key(**{"study:fit": "1", "study:helper": "2", "study:fresh": "1"})
    before = key(**{"study:fit": "1", "study:helper": "1", "study:old": "1"})
    reason = explain(now, executed(before), before.code)
    assert reason is not None
    assert "code study:helper changed" in reason.text
    assert "code study:fresh is new" in reason.text
    assert "code study:old is gone" in reason.text


def test_a_changed_version_is_named() -> None:
    reason = explain(key(given("depth", "3"), version="2"), executed(KEY), KEY.code)
    assert reason is not None
    assert reason.text == "declared version: none -> 2."


def test_many_changes_are_counted_but_all_are_kept() -> None:
    now = key(*(given(name, "2") for name in "abcde"))
    before = key(*(given(name, "1") for name in "abcde"))
    reason = explain(now, executed(before), before.code)
    assert reason is not None
    assert reason.text.endswith("2 more.")
    assert len(reason.changes) == 5
