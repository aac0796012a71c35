"""A user's pipelines: run, run again, change something, and see only what it affects run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import lineal
from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.errors import UserError
from lineal.planning import Policy
from lineal.records import Cause, RunStatus
from lineal.running import Silent

STUDY = """
from pathlib import Path
from lineal import Metrics, log_metric, pipeline, task

FACTOR = 2

def helper(x):
    return x * FACTOR

@task
def load(n: int):
    return list(range(n))

@task
def scale(xs):
    print("scaling", len(xs))
    return [helper(x) for x in xs]

@task
def parity(xs):
    return [x % 2 for x in xs]

@task
def judge(xs, flags):
    log_metric("seen", len(xs))
    return Metrics({"total": sum(xs)}, slices={"half": {"low": {"total": 1}}})

@pipeline
def study(n: int = 4):
    xs = scale(load(n))
    return judge(xs, parity(load(n)))
"""

Write = Callable[[str], Any]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes the module of a pipeline and loads it as if in a fresh process."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def writing(text: str) -> Any:
        file = tmp_path / "study.py"
        file.write_text(text)
        return load_pipeline(str(file))

    yield writing
    sys.modules.pop("study", None)


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


def states(run: Any) -> dict[str, str]:
    return {e.step: e.status.value for e in run.executions if e.position}


def executed(run: Any) -> set[str]:
    return {step for step, state in states(run).items() if state == "executed"}


def test_a_second_run_reuses_every_step(write: Write) -> None:
    study = write(STUDY)
    first, second = study.run(), study.run()
    assert executed(first) >= {"load", "scale", "parity", "judge"}
    assert set(states(second).values()) == {"reused"}
    assert first.result == second.result
    assert first.result["total"] == 12
    assert second.execution("scale").reused_from == first.execution("scale").id
    assert second.execution("scale").reason.cause is Cause.UNCHANGED


def test_editing_a_helper_runs_only_what_it_affects_and_names_it(write: Write) -> None:
    write(STUDY).run()
    run = write(STUDY.replace("x * FACTOR", "x * FACTOR + 1")).run()
    assert executed(run) == {"scale", "judge"}
    assert "helper" in run.execution("scale").reason.text
    assert "xs" in run.execution("judge").reason.text


def test_a_constant_that_a_helper_reads_is_named(write: Write) -> None:
    write(STUDY).run()
    run = write(STUDY.replace("FACTOR = 2", "FACTOR = 3")).run()
    assert "FACTOR" in run.execution("scale").reason.text


def test_a_step_that_gives_the_same_again_stops_the_wave(write: Write) -> None:
    write(STUDY).run()
    run = write(STUDY.replace("x * FACTOR", "FACTOR * x")).run()
    assert executed(run) == {"scale"}


def test_going_back_to_earlier_code_is_a_hit(write: Write) -> None:
    write(STUDY).run()
    write(STUDY.replace("FACTOR = 2", "FACTOR = 3")).run()
    assert executed(write(STUDY).run()) == set()


def test_comments_and_docstrings_change_nothing(write: Write) -> None:
    write(STUDY).run()
    assert (
        executed(write(STUDY.replace("    return x *", "    # why\n\n    return x *")).run())
        == set()
    )


def test_a_reused_steps_metrics_are_on_the_run_that_reused_it(write: Write) -> None:
    study = write(STUDY)
    first, second = study.run(), study.run()
    assert second.metrics == first.metrics
    assert second.metrics["total"] == 12
    assert second.metrics["seen"] == 4
    assert second.metrics["total[half=low]"] == 1


def test_another_parameter_runs_what_depends_on_it(write: Write) -> None:
    study = write(STUDY)
    study.run()
    run = study.run(n=5)
    assert run.params == {"n": "5"}
    assert "scale" in executed(run)
    assert "n: 4 -> 5" in run.execution("load").reason.text


def test_what_a_step_prints_is_its_own(write: Write) -> None:
    run = write(STUDY).run()
    assert run.execution("scale").log == "scaling 4\n"
    assert run.execution("load").log == ""


def test_a_plan_says_what_a_run_would_do_and_runs_nothing(
    write: Write, workspace: Workspace
) -> None:
    study = write(STUDY)
    plan = workspace.plan(study)
    decisions = {s.step: s.decision for s in plan.steps}
    assert decisions["load"] == "execute"
    assert decisions["scale"] == decisions["judge"] == "wait"
    assert workspace.list_runs() == []
    workspace.run(study)
    assert workspace.plan(study).counts() == {"reuse": 5, "execute": 0, "wait": 0}


def test_a_step_can_be_forced_and_a_run_can_reuse_nothing(
    write: Write, workspace: Workspace
) -> None:
    study = write(STUDY)
    workspace.run(study)
    forced = workspace.options(policy=Policy(force=frozenset(["parity"])))
    assert executed(workspace.run(study, options=forced)) == {"parity"}
    bare = workspace.options(policy=Policy(no_cache=True))
    assert set(states(workspace.run(study, options=bare)).values()) == {"executed"}


def test_a_step_is_told_to_be_under_way_only_when_a_worker_has_it(
    write: Write, workspace: Workspace
) -> None:
    class Watch(Silent):
        told: ClassVar[list[str]] = []

        def started(self, step: str, reason: Any) -> None:
            self.told.append(f"{step} starts")

        def ended(self, step: str, status: str, reason: Any, resources: Any) -> None:
            self.told.append(f"{step} ends")

    several = write(
        "from lineal import pipeline, task\n"
        "@task\ndef one(i: int): return i\n"
        "@pipeline\ndef study(): return one.map(range(3))\n"
    )
    workspace.run(several, options=workspace.options(workers=1, observer=Watch()))
    assert Watch.told == [f"one[{i}] {what}" for i in range(3) for what in ("starts", "ends")]


def test_forcing_a_step_there_is_not_is_refused_by_run_and_plan(
    write: Write, workspace: Workspace
) -> None:
    study = write(STUDY)
    workspace.run(study)
    wrong = Policy(force=frozenset(["partiy"]))
    told = "no step or task 'partiy' to force; there is .*parity"
    with pytest.raises(UserError, match=told):
        workspace.plan(study, policy=wrong)
    with pytest.raises(UserError, match=told):
        workspace.run(study, options=workspace.options(policy=wrong))
    assert executed(workspace.get_run("latest")) == set()


@pytest.mark.parametrize(
    ("option", "cause"),
    [
        ("cache=False", Cause.NO_CACHE),
        ("persist=False", Cause.NO_CACHE),
        ("ttl=1e-6", Cause.EXPIRED),
    ],
)
def test_options_that_forbid_reuse_do(write: Write, option: str, cause: Cause) -> None:
    study = write(STUDY.replace("@task\ndef scale", f"@task({option})\ndef scale"))
    study.run()
    run = study.run()
    assert executed(run) == {"scale"}
    assert run.execution("scale").reason.cause is cause


def test_an_ignored_argument_does_not_matter_and_a_version_does(write: Write) -> None:
    text = """
from lineal import pipeline, task

@task(ignore=("n_jobs",), version="1")
def fit(x, n_jobs=1):
    return x

@pipeline
def study(n_jobs: int = 1):
    return fit(3, n_jobs)
"""
    study = write(text)
    study.run()
    assert states(study.run(n_jobs=2)) == {"fit": "reused"}
    run = write(text.replace('version="1"', 'version="2"')).run()
    assert states(run) == {"fit": "executed"}
    assert "1 -> 2" in run.execution("fit").reason.text


def test_where_a_step_runs_is_not_what_it_computes(write: Write) -> None:
    study = write(STUDY.replace("@task\ndef scale", "@task(resources={'gpus': 1})\ndef scale"))
    study.run()
    study = write(STUDY.replace("@task\ndef scale", "@task(resources={'gpus': 2})\ndef scale"))
    assert executed(study.run()) == set()
    assert executed(write(STUDY).run()) == set()


FAILING = """
from lineal import pipeline, task

@task
def bad():
    raise ValueError("no good")

@task
def good(x):
    return x + 1

@pipeline
def study():
    return good(bad()), good(good(1))
"""


def test_a_failed_step_is_told_by_the_users_traceback(write: Write) -> None:
    run = write(FAILING).run()
    assert run.status is RunStatus.FAILED
    failed = run.execution("bad")
    assert failed.status.value == "failed"
    assert failed.error is not None
    assert "no good" in failed.error
    assert "execute.py" not in failed.error


def test_failures_leave_other_branches_going_when_asked_and_are_not_reused(
    write: Write, workspace: Workspace
) -> None:
    study = write(FAILING)
    for _ in range(2):
        run = workspace.run(study, options=workspace.options(keep_going=True))
        found = states(run)
        assert found["bad"] == "failed"
        assert found["good"] == "skipped"
        assert "good-3" in found
    assert run.execution("good").reason.cause is Cause.UPSTREAM_FAILED
    assert found["good-3"] == found["good-2"] == "reused"


def test_calling_a_pipeline_raises_what_its_step_raised(write: Write) -> None:
    with pytest.raises(lineal.errors.StepFailed, match="no good"):  # type: ignore[attr-defined]
        write(FAILING)()


ODD = """
import random, time, sys
from lineal import pipeline, task

@task
def draw(): return random.random()

@task(timeout=0.2)
def slow():
    for _ in range(2000): time.sleep(0.005)

@task(retries=2)
def flaky():
    sys.tries = getattr(sys, "tries", 0) + 1
    if sys.tries % 3: raise ValueError("again")
    return 7

@task(outputs=("a", "b"))
def wrong(): return 1

@task
def mutate(xs): xs.append(1); return xs

@task
def opaque(): return (x for x in [1])

@task
def warn(): print("to stderr", file=sys.stderr); return 1

@pipeline
def study(which: str = "draw"):
    return mutate([1, 2]) if which == "mutate" else globals()[which]()
"""


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("slow", "timeout of 0.2 s"),
        ("wrong", "declares 2 outputs"),
        ("mutate", "changed its argument 'xs'"),
    ],
)
def test_a_step_that_breaks_its_word_fails_and_says_how(
    write: Write, which: str, message: str
) -> None:
    run = write(ODD).run(which=which)
    assert run.status is RunStatus.FAILED
    assert message in str(run.exception)
    assert run.executions[-1].outputs == ()


def test_a_retried_step_counts_its_attempts(write: Write) -> None:
    run = write(ODD).run(which="flaky")
    assert (run.status, run.result) == (RunStatus.FINISHED, 7)
    assert run.execution("flaky").attempts == 3


def test_what_is_drawn_depends_on_the_runs_seed_alone(write: Write, workspace: Workspace) -> None:
    study = write(ODD)
    fresh = Policy(no_cache=True)
    one = workspace.run(study, options=workspace.options(policy=fresh))
    two = workspace.run(study, options=workspace.options(policy=fresh))
    assert one.result == two.result
    assert one.execution("draw").seed_used
    other = workspace.run(study, options=workspace.options(seed=5))
    assert other.execution("draw").reason.cause is Cause.SEED
    assert other.result != one.result


def test_an_output_that_cannot_be_kept_fails_the_run_and_names_its_type(write: Write) -> None:
    study = write(ODD)
    run = study.run(which="opaque")
    assert run.status is RunStatus.FAILED
    assert "generator" in str(run.exception)
    assert study.run(which="draw").status is RunStatus.FINISHED


def test_a_step_whose_output_cannot_be_kept_is_counted_as_failed(
    write: Write, tmp_path: Path
) -> None:
    write(
        "import threading\nfrom lineal import pipeline, task\n"
        "@task\ndef lock(): return threading.Lock()\n"
        "@pipeline\ndef study(): return lock()\n"
    )
    command = [sys.executable, "-m", "lineal.cli.main", "run", "study.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert ": 1 failed   (lineal show 1)" in done.stderr


def test_control_flow_on_values_works_and_is_reused(write: Write) -> None:
    study = write("""
from lineal import pipeline, task

@task
def size(n): return n
@task
def small(n): return "small"
@task
def large(n): return "large"

@pipeline
def study(n: int = 1):
    found = size(n)
    return large(found) if found > 3 else small(found)
""")
    assert study(n=1) == "small"
    assert study(n=9) == "large"
    run = study.run(n=9)
    assert states(run) == {"size": "reused", "large": "reused"}


@pytest.mark.slow
def test_processes_give_what_threads_give(write: Write, workspace: Workspace) -> None:
    study = write(STUDY)
    run = workspace.run(study, options=workspace.options(runner="processes", workers=2))
    assert run.status is RunStatus.FINISHED
    assert run.metrics["total"] == 12
    assert run.execution("scale").log == "scaling 4\n"
    assert executed(workspace.run(study)) == set()


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["threads", "processes"])
@pytest.mark.parametrize("profiles", ["full", "schema"])
def test_items_of_tables_stand_in_the_catalog_only_where_profiles_are_full(
    write: Write, store: Path, monkeypatch: pytest.MonkeyPatch, runner: str, profiles: str
) -> None:
    monkeypatch.setenv("LINEAL_PROFILES", profiles)
    study = write("""
import pandas as pd
from lineal import pipeline, task

@task
def admit(n: int) -> pd.DataFrame:
    return pd.DataFrame({"patient": ["".join(("Zac", "harias"))] * n})

@pipeline
def study(n: int = 2): return admit(n)
""")
    with Workspace.open(store) as workspace:
        run = workspace.run(study, options=workspace.options(runner=runner, workers=1))
        assert run.status is RunStatus.FINISHED, run.execution("admit").error
        assert executed(workspace.run(study)) == set()
    known = b"".join(path.read_bytes() for path in store.glob("catalog.db*"))
    assert b"patient" in known
    assert (b"Zacharias" in known) is (profiles == "full")


def test_a_block_of_a_script_is_a_run(store: Path) -> None:
    with lineal.start_run("block", experiment="e", tags={"a": "b"}) as run:
        lineal.log_param("depth", 3)
        lineal.log_metric("auc", 0.5, step=1)
        lineal.log_metric("auc", 0.75, step=2)
        lineal.set_tag("stage", "draft")
    with Workspace.open(store) as workspace:
        found = workspace.get_run(run.id)
    assert (found.name, found.experiment, found.status) == ("block", "e", RunStatus.FINISHED)
    assert found.params == {"depth": "3"}
    assert found.metrics == {"auc": 0.75}
    assert found.tags == {"a": "b", "stage": "draft"}
    assert "block" in found._repr_html_()


def test_a_block_that_raises_is_a_failed_run(store: Path) -> None:
    with pytest.raises(KeyError), lineal.start_run("block") as run:
        raise KeyError("gone")
    assert run.status is RunStatus.FAILED
