"""Every command that changes the registry prints what it changed, as the records of Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineal import Workspace
from lineal.cli.main import app
from lineal.errors import UserError
from lineal.running import to_json

PIPELINE = """
from lineal import Metrics, pipeline, register, task

@task
def fit(days: int) -> dict[str, int]:
    return {"limit": days}

@task
def evaluate(model: dict[str, int]) -> Metrics:
    return Metrics(recall=1 - 1 / model["limit"])

@pipeline
def mail(days: int = 5) -> Metrics:
    model = fit(days)
    scores = evaluate(model)
    register("spam", model, metrics=scores)
    return scores
"""


@pytest.fixture
def lineal(tmp_path, monkeypatch):
    """Runs a command in a folder with a registered model; gives what it printed."""
    monkeypatch.chdir(tmp_path)
    Path("mail.py").write_text(PIPELINE)

    def running(*words: str) -> str:
        result = CliRunner().invoke(app, list(words))
        if isinstance(result.exception, UserError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    running("run", "mail.py")
    return running


def version():
    with Workspace.open() as workspace:
        return workspace.registry.version("spam", 1)


def model():
    with Workspace.open() as workspace:
        return workspace.registry.model("spam")


def gates():
    return model().gates


def approval():
    with Workspace.open() as workspace:
        return workspace.registry.approvals("spam", 1)[-1]


@pytest.mark.parametrize(
    ("before", "words", "record"),
    [
        ([], "alias spam champion v1", version),
        ([("model", "alias", "spam", "champion", "v1")], "unalias spam champion", model),
        ([], "tag spam@v1 a=b=c", version),
        ([], "tag spam team=x", model),
        ([("model", "tag", "spam@v1", "a=b")], "untag spam@v1 a", version),
        ([("model", "tag", "spam", "a=b")], "untag spam a", model),
        ([], "describe spam@v1 text", version),
        ([], "describe spam text", model),
        ([], "archive spam@v1 --reason old", version),
        ([("model", "archive", "spam@v1")], "restore spam@v1", version),
        ([], "approve spam@v1 --by ann --reason seen", approval),
        ([("model", "gate", "add", "spam", "1 approvals")], "gate list spam", gates),
    ],
)
def test_a_change_prints_the_record_as_it_is_now(lineal, before, words, record):
    for command in before:
        lineal(*command)
    printed = json.loads(lineal("model", *words.split(), "--json"))
    assert printed == json.loads(json.dumps(to_json(record())))


def test_gates_are_printed_as_they_are_now(lineal):
    assert json.loads(lineal("model", "gate", "add", "spam", "min recall 0.5", "--json")) == [
        "min recall 0.5"
    ]
    lineal("model", "gate", "add", "spam", "2 approvals")
    left = json.loads(lineal("model", "gate", "remove", "spam", "min recall 0.5", "--json"))
    assert left == ["2 approvals"] == list(gates())


def test_a_card_as_json_holds_what_the_card_says(lineal):
    card = json.loads(lineal("card", "spam@v1", "--json"))
    assert card["version"]["model"] == "spam"
    assert [step["name"] for step in card["steps"]] == ["fit"]
    assert card["metrics"] == [{"key": "recall", "labels": {}, "value": 0.8}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("model", "unalias", "spam", "champion"), "no alias 'champion' to take away; it has none"),
        (("model", "untag", "spam@v1", "a"), "'spam@v1' has no tag 'a' to take off; it has none"),
        (("model", "tag", "spam", "a"), "write KEY=VALUE"),
        (("model", "alias", "spam", "v2", "v1"), "means a version"),
        (("model", "alias", "spam", "champion", "latest"), "write it as v3"),
        (("model", "alias", "spam", "champion", "v9"), "has no version 9; it has v1"),
        (("model", "archive", "spam"), "Name a version of 'spam' too"),
        (("model", "approve", "ham@v1"), "There is no model 'ham'; there are spam"),
        (("model", "gate", "add", "spam", "be good"), "be good"),
        (("model", "gate", "remove", "spam", "min f1 1"), "it has none"),
        (("model", "history", "ham"), "There is no model 'ham'"),
        (("dataset", "show", "ham"), "There is no dataset 'ham'"),
        (("deployments", "ham"), "There is no target 'ham'"),
        (("rollback", "ham", "--reason", "x"), "There is no target 'ham'"),
        (("card", "latest"), "is no model version"),
        (("card", "spam@v1", "--json", "-o", "x.md"), "choose one"),
    ],
)
def test_a_mistake_is_refused_and_changes_nothing(lineal, words, said):
    before = model(), lineal("model", "history", "spam", "--json")
    with pytest.raises(UserError) as refused:
        lineal(*words)
    assert said in str(refused.value)
    assert (model(), lineal("model", "history", "spam", "--json")) == before
