"""What can be declared, what is refused and how, and what options mean."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from lineal import Metrics, pipeline, task
from lineal.errors import DeclarationError, ParameterError


def plain(x: int, n_jobs: int = 1) -> int:
    return x


def generator() -> Iterator[int]:
    yield 1


async def agenerator() -> AsyncIterator[int]:
    yield 1


class Owner:
    def method(self) -> None: ...

    @classmethod
    def of_class(cls) -> None: ...


@pytest.mark.parametrize("declare", [task, pipeline])
@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda: 1, "lambda"),
        (generator, "generator"),
        (agenerator, "generator"),
        (Owner.method, "method"),
        (Owner.__dict__["of_class"], "classmethod"),
        (staticmethod(plain), "below @staticmethod"),
        (len, "not a function"),
        (Owner, "not a function"),
        (3, "not a function"),
    ],
)
def test_what_cannot_work_is_refused_when_declared(declare: Any, what: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        declare(what)


def test_a_pipeline_cannot_be_async_but_a_task_can() -> None:
    async def body() -> int:
        return 1

    assert task(body).name == "body"
    with pytest.raises(DeclarationError, match="async"):
        pipeline(body)


def test_a_task_used_as_a_method_is_refused() -> None:
    class Model:
        fit = task(plain)

    with pytest.raises(DeclarationError, match="as a method of Model"):
        Model().fit(1)
    assert Model.fit(1) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outputs": "train"}, "sequence of names"),
        ({"ignore": "n_jobs"}, "sequence of names"),
        ({"outputs": ("a", "a")}, "not all different"),
        ({"retries": -1}, "negative"),
        ({"timeout": 0}, "positive"),
        ({"ttl": timedelta(0)}, "positive"),
        ({"resources": "gpu"}, "is not a mapping of names to numbers"),
        ({"resources": {"gpus": 0}}, "resources\\['gpus'\\]=0 is not a positive number"),
        ({"ttl": "1h"}, "ttl='1h' is not a number of seconds or a timedelta"),
        ({"timeout": True}, "timeout=True is not a number of seconds"),
        ({"retries": "3"}, "retries='3' is not a whole number"),
        ({"cache": "no"}, "cache='no' is not True or False"),
        ({"version": 2}, "version=2 is not a text"),
        ({"retrys": 3}, "no option retrys; there are cache, ignore,"),
        ({"ignore": ("jobs",)}, "ignores jobs, which it does not take"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        task(**options)(plain)


def test_durations_may_be_timedeltas() -> None:
    declared = task(timeout=timedelta(minutes=1), ttl=5)(plain)
    assert (declared.options.timeout, declared.options.ttl) == (60.0, 5)


def test_options_can_be_changed_for_one_use() -> None:
    declared = task(plain)
    other = declared.with_options(retries=3)
    assert (other.options.retries, declared.options.retries) == (3, 0)
    assert other.fn is declared.fn
    with pytest.raises(DeclarationError, match="no option retry"):
        declared.with_options(retry=3)
    assert declared.with_options(ttl=timedelta(minutes=1)).options.ttl == 60.0


def test_mapping_over_what_has_no_items_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match=r"plain\.map can't go over argument 1, which is int"):
        task(plain).map(3)

    @pipeline
    def over_a_number() -> Any:
        return task(plain).map([1], n_jobs=2)

    with pytest.raises(ParameterError, match="over n_jobs, which is int"):
        over_a_number()


def test_names_are_the_functions_unless_given() -> None:
    assert task(plain).name == "plain"
    assert task(name="other")(plain).name == "other"
    assert pipeline(plain).experiment == "plain"
    assert pipeline(name="p", experiment="e")(plain).experiment == "e"


def test_a_pipeline_names_the_parameters_it_has() -> None:
    declared = pipeline(plain)
    assert declared.bind(1) == {"x": 1, "n_jobs": 1}
    with pytest.raises(ParameterError, match=r"no parameter 'y'; it takes x, n_jobs"):
        declared.bind(y=1)
    with pytest.raises(ParameterError, match="'plain' needs a value for x: give x=…"):
        declared.bind()
    with pytest.raises(ParameterError, match="too many positional arguments"):
        declared.bind(1, 2, 3)


def test_every_kind_of_parameter_is_bound_and_unbound_alike() -> None:
    @task
    def f(a: int, /, b: int, *rest: int, c: int = 3, **more: int) -> Any:
        return a, b, rest, c, more

    arguments = f.bind((1, 2, 4, 5), {"c": 6, "d": 7})
    positional, keywords = f.unbind(arguments)
    assert f.fn(*positional, **keywords) == (1, 2, (4, 5), 6, {"d": 7})


def test_metrics_are_a_mapping_of_numbers_with_slices() -> None:
    metrics = Metrics({"auc": 1}, slices={"site": {"a": {"auc": 0.5}}}, f1=2)
    assert dict(metrics) == {"auc": 1.0, "f1": 2.0}
    assert list(metrics.points()) == [
        ("auc", None, 1.0),
        ("f1", None, 2.0),
        ("auc", {"site": "a"}, 0.5),
    ]
    assert pickle.loads(pickle.dumps(metrics)) == metrics
    assert Metrics({"a": 1}) == {"a": 1.0}
    assert metrics != {"auc": 1.0, "f1": 2.0}


@pytest.mark.parametrize("value", ["0.5", b"1", None, [1]])
def test_a_metric_that_is_no_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ParameterError, match="'auc'"):
        Metrics({"auc": value})
    with pytest.raises(ParameterError, match="'auc'"):
        Metrics(slices={"site": {"a": {"auc": value}}})


def test_outputs_are_found_in_annotations_that_are_text() -> None:
    def pair(x: int) -> tuple[int, Unknown]: ...  # noqa: F821
    def many(x: int) -> tuple[int, ...]: ...
    def named(x: int) -> dict[str, int]: ...

    assert task(pair).outputs == ("0", "1")
    assert task(many).outputs == ("result",)
    assert task(named).returns_mapping
