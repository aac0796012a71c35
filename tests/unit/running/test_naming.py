"""What a run declares is named once it has succeeded: all of it, under what is true, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineal import Metrics, Workspace, dataset, pipeline, register, task
from lineal.errors import ParameterError, ReferenceNotFound, RegistryRefusal
from lineal.records import RunStatus


class Model:
    """Looks like an estimator."""

    def __init__(self, quality: int) -> None:
        self.quality = quality

    def fit(self) -> None: ...

    def get_params(self, deep: bool = True) -> dict[str, int]:
        return {"quality": self.quality}


@task
def fit(quality: int) -> Model:
    return Model(quality)


@task
def predict(model: Model) -> list[int]:
    return [model.quality]


@task
def score(predictions: list[int]) -> Metrics:
    return Metrics(auc=predictions[0] / 10)


@task
def load() -> list[int]:
    return dataset("inside", [1, 2, 3])


@task(cache=False)
def needs(value: list[int], flag: str) -> list[int]:
    if not Path(flag).exists():
        raise ValueError("not yet")
    return value


@task(outputs={"left": dataset("left"), "right": None})
def split() -> tuple[list[int], list[int]]:
    return [1], [2]


@task(retries=1)
def fickle(flag: str) -> list[int]:
    dataset("tries", [Path(flag).exists()])
    if not Path(flag).exists():
        Path(flag).touch()
        raise ValueError("once more")
    return [0]


@task
def shadowing() -> list[int]:
    dataset("result", ["the data"])
    return ["the result"]


@task(persist=False)
def fleeting() -> Model:
    return Model(1)


@pytest.fixture
def workspace(store):
    from lineal.workspace import current_workspace

    return current_workspace()


def values(workspace: Workspace, name: str) -> list[object]:
    versions = workspace.registry.dataset(name).versions
    return [workspace.get(str(version.artifact)) for version in versions]


def test_values_of_one_name_in_one_block_are_versions_of_their_own(workspace):
    with workspace.start_run("block"):
        for number in range(3):
            register("m", {"number": number}, metrics={"auc": number})
            dataset("d", [number])
    versions = workspace.registry.model("m").versions
    assert [workspace.get(str(v.artifact)) for v in versions] == [{"number": n} for n in range(3)]
    assert [v.metrics[0].value for v in versions] == [0, 1, 2]
    assert values(workspace, "d") == [[0], [1], [2]]


def test_each_of_two_models_is_judged_by_what_came_of_it(workspace):
    @pipeline
    def both():
        worse, better = fit(3), fit(8)
        scores = score(predict(worse)), score(predict(better))
        register("worse", worse)
        register("better", better)
        return scores

    both.run()
    for name, auc in (("worse", 0.3), ("better", 0.8)):
        (version,) = workspace.registry.model(name).versions
        assert [(m.key, m.value) for m in version.metrics] == [("auc", auc)]


def test_a_step_that_is_named_as_judge_judges_alone(workspace):
    @pipeline
    def told():
        model = fit(3)
        first = predict(model)
        score(first)
        register("m", model, metrics=first)  # measures nothing
        return model

    told.run()
    assert workspace.registry.model("m").versions[0].metrics == ()


def test_running_again_names_nothing_again_but_new_gates_count(workspace):
    gates: list[str] = []

    @pipeline
    def again():
        model = fit(5)
        register("m", model, metrics=score(predict(model)), gates=gates)
        dataset("d", predict(model))
        left, _ = split()
        return left

    again.run()
    gates.append("min auc 0.9")
    assert {e.status.value for e in again.run().executions} == {"reused"}
    model = workspace.registry.model("m")
    assert (len(model.versions), model.gates) == (1, ("min auc 0.9",))
    assert [values(workspace, name) for name in ("d", "left")] == [[[5]], [[1]]]


def test_what_a_step_names_inside_is_named_by_the_run_that_reuses_it(workspace, tmp_path):
    flag = tmp_path / "flag"

    @pipeline
    def late():
        return needs(load(), str(flag))

    assert late.run().status is RunStatus.FAILED
    with pytest.raises(ReferenceNotFound):
        workspace.registry.dataset("inside")
    flag.touch()
    run = late.run()
    assert [e.status.value for e in run.executions] == ["reused", "executed"]
    assert values(workspace, "inside") == [[1, 2, 3]]


def test_an_attempt_that_failed_names_nothing(workspace, tmp_path):
    @pipeline
    def trying():
        return fickle(str(tmp_path / "flag"))

    assert trying.run().status is RunStatus.FINISHED
    assert values(workspace, "tries") == [[True]]


def test_a_name_may_be_that_of_an_output(workspace):
    @pipeline
    def same():
        return shadowing()

    same.run()
    assert values(workspace, "result") == [["the data"]]


def test_handles_inside_a_container_are_named_by_their_values(workspace):
    @pipeline
    def nested():
        dataset("pair", [predict(fit(1)), 7])

    assert nested.run().status is RunStatus.FINISHED
    assert values(workspace, "pair") == [[[1], 7]]


@pytest.mark.parametrize("runner", ["threads", "processes"])
def test_a_task_names_its_outputs_whatever_runs_it(workspace, runner):
    from lineal.pipeline import Pipeline

    run = workspace.run(
        Pipeline(naming_body, name=None, experiment=None), {}, workspace.options(runner=runner)
    )
    assert run.status is RunStatus.FINISHED
    assert (values(workspace, "left"), values(workspace, "inside")) == ([[1]], [[1, 2, 3]])


def naming_body():
    left, _ = split()
    load()
    return left


def test_what_can_not_be_registered_fails_the_run_and_names_nothing(workspace):
    @pipeline
    def wrong():
        dataset("d", predict(fit(1)))
        register("good", fit(1))
        register("bad", score(predict(fit(1))))

    with pytest.raises(RegistryRefusal, match=r"step 'score.*' of run #1 made no model"):
        wrong.run()
    record = workspace.get_run("latest").record
    assert record.status is RunStatus.FAILED
    assert "made no model" in record.error
    assert (workspace.registry.models(), workspace.registry.datasets()) == ([], [])


def test_a_model_that_is_not_kept_is_not_registered(workspace):
    @pipeline
    def gone():
        register("m", fleeting())

    with pytest.raises(RegistryRefusal, match="persist=False"):
        gone.run()
    assert workspace.registry.models() == []


@pytest.mark.parametrize(
    "wrong", [{"gates": "min auc high"}, {"metrics": 0.3}, {"alias": "v1"}, {"alias": "a@b"}]
)
def test_a_declaration_that_means_nothing_is_refused_before_anything_runs(workspace, wrong):
    ran = []

    @task
    def costly() -> Model:
        ran.append(1)
        return Model(1)

    @pipeline
    def declaring():
        register("m", costly(), **wrong)

    with pytest.raises(ParameterError):
        declaring.run()
    assert ran == []
    assert workspace.registry.models() == []


def test_a_block_that_raises_names_nothing(workspace):
    def failing():
        with workspace.start_run("block"):
            dataset("d", [1])
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        failing()
    assert workspace.registry.datasets() == []
