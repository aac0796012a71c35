"""What stands on both sides of a split is found in the record of a run, and proved by content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lineal import Workspace, pipeline, task
from lineal.errors import UserError
from lineal.leakage import Leakage, Level, facts_of, write_report


def people(first: int, last: int, shift: float = 0.0) -> pd.DataFrame:
    """One row a number; two numbers in a row are one patient, and patients live in three sites."""
    numbers = np.arange(first, last)
    return pd.DataFrame(
        {
            "patient": [f"p{n // 2}" for n in numbers],
            "site": [f"s{n % 3}" for n in numbers],
            "x": numbers * 1.5 + shift,
            "z": numbers % 7,
            "y": numbers % 2,
        }
    )


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open() as opened:
        yield opened


@task(outputs=("train", "test"))
def split(overlap: int):
    return people(0, 100), people(100 - overlap, 150)


@task
def fit(train: pd.DataFrame) -> LogisticRegression:
    return LogisticRegression().fit(train[["x", "z"]], train["y"])


@task
def score(model: LogisticRegression, test: pd.DataFrame) -> float:
    return float(model.score(test[["x", "z"]], test["y"]))


@pipeline
def learning(overlap: int = 0):
    train, test = split(overlap)
    return score(fit(train), test)


def found(report: Leakage) -> dict[tuple[str, str | None], tuple[int, int, int]]:
    """By level and key, of the only split: contents shared, rows on the left, rows on the right."""
    (one,) = report.splits
    return {(o.level.value, o.key): (o.shared, o.left_rows, o.right_rows) for o in one.overlaps}


def test_a_clean_split_is_told_with_its_sides(workspace: Workspace) -> None:
    report = workspace.check(workspace.run(learning).id)
    assert not report.found
    (one,) = report.splits
    assert (one.step, [(s.name, s.rows) for s in one.sides]) == (
        "split", [("train", 100), ("test", 50)],
    )  # fmt: skip


def test_rows_features_and_subjects_on_both_sides_are_counted(workspace: Workspace) -> None:
    report = workspace.check(workspace.run(learning, {"overlap": 5}).id, ["patient", "site"])
    assert report.found
    assert found(report) == {
        ("rows", None): (5, 5, 5),
        ("features", None): (5, 5, 5),
        ("key", "patient"): (3, 6, 5),  # p47 has one of its two rows on the right
        ("key", "site"): (3, 100, 55),
    }
    (one,) = report.splits
    assert one.labels == ("patient", "site", "y")  # no model was given them
    rows = one.overlaps[0]
    assert rows.examples[0].content["patient"] == "p47"
    assert (rows.examples[0].left, rows.examples[0].right) == ((95,), (0,))


def test_subjects_alone_leak_where_no_row_does(workspace: Workspace) -> None:
    @task(outputs=("train", "test"))
    def by_parity():
        rows = people(0, 40)
        return rows[::2], rows[1::2]

    @pipeline
    def p():
        return by_parity()

    report = workspace.check(workspace.run(p).id, ["patient"])
    assert found(report) == {("key", "patient"): (20, 20, 20)}


@task(outputs=("X_train", "X_test", "y_train", "y_test"))
def features_and_labels(flip: bool):
    rows, labels = people(0, 60)[["x", "z"]], people(0, 60)["y"]
    return rows[:40], rows[30:], labels[:40], 1 - labels[30:] if flip else labels[30:]


@pipeline
def pairs(flip: bool = False):
    return features_and_labels(flip)


@pytest.mark.parametrize("flip", [False, True])
def test_labels_in_tables_of_their_own_are_put_beside_their_features(
    workspace: Workspace, flip: bool
) -> None:
    report = workspace.check(workspace.run(pairs, {"flip": flip}).id)
    (one,) = report.splits
    assert one.labels == ("y",)
    levels = {o.level: o for o in one.overlaps}
    assert levels[Level.FEATURES].shared == 10
    assert levels[Level.FEATURES].conflicting == (10 if flip else 0)
    assert (Level.ROWS in levels) == (not flip)


def shapes() -> dict[str, Any]:
    """Ways to return a split whose sides share ten rows."""
    one, other = people(0, 30)[["x", "z"]], people(20, 50)[["x", "z"]]
    arrays = one.to_numpy(), other.to_numpy()
    ys = np.arange(30) % 2, (np.arange(30) + 20) % 2
    return {
        "a tuple of frames": (one, other),
        "a dictionary by side": {"train": one, "test": other},
        "a tuple of arrays": arrays,
        "arrays and labels": (*arrays, *ys),
        "pairs of features and labels": ((arrays[0], ys[0]), (arrays[1], ys[1])),
        "folds": [(one, other), (people(100, 130)[["x", "z"]], people(200, 230)[["x", "z"]])],
        "images": tuple(a.reshape(30, 1, 2) for a in arrays),
    }


@task
def returned(shape: str):
    return shapes()[shape]


@pipeline
def shaped(shape: str):
    return returned(shape)


@pytest.mark.parametrize("shape", list(shapes()))
def test_a_split_is_found_in_whatever_a_step_returns(workspace: Workspace, shape: str) -> None:
    report = workspace.check(workspace.run(shaped, {"shape": shape}).id)
    shared = [o.shared for s in report.splits for o in s.overlaps if o.level is Level.ROWS]
    assert shared == [10]


def test_sides_that_are_made_by_steps_of_their_own_are_found_by_their_arguments(
    workspace: Workspace,
) -> None:
    @task
    def load(first: int, last: int) -> pd.DataFrame:
        return people(first, last)

    @pipeline
    def apart():
        train, test = load(0, 100), load(90, 120)
        return score(fit(train), test)

    report = workspace.check(workspace.run(apart).id)
    assert found(report)["rows", None] == (10, 10, 10)


def test_repeated_rows_of_one_side_are_no_leakage(workspace: Workspace) -> None:
    @task(outputs=("train", "test"))
    def doubled():
        return pd.concat([people(0, 10), people(0, 10)]), people(10, 20)

    @pipeline
    def p():
        return doubled()

    report = workspace.check(workspace.run(p).id)
    assert not report.found
    assert [side.repeated for side in report.splits[0].sides] == [10, 0]


def test_types_are_no_hiding_place(workspace: Workspace) -> None:
    @task(outputs=("train", "test"))
    def typed():
        one = pd.DataFrame({"n": [1, 2, 3], "t": ["a", "b", None], "f": [0.0, 1.0, float("nan")]})
        other = pd.DataFrame(
            {
                "n": [1.0, 2.0, 9.5],
                "t": pd.Categorical(["a", "b", "b"]),
                "f": np.array([-0.0, 1.0, 3.0], dtype="float32"),
            }
        )
        return one, other

    @pipeline
    def p():
        return typed()

    assert found(workspace.check(workspace.run(p).id))["rows", None] == (2, 2, 2)


def test_missing_keys_name_nobody(workspace: Workspace) -> None:
    @task(outputs=("train", "test"))
    def gaps():
        one, other = people(0, 10), people(10, 20)
        return one.assign(patient=None), other.assign(patient=None)

    @pipeline
    def p():
        return gaps()

    assert not workspace.check(workspace.run(p).id, ["patient"]).found


def test_two_sides_can_be_named(workspace: Workspace) -> None:
    run = workspace.run(learning, {"overlap": 3})
    report = workspace.check(run.id, train="split.train", test="score.test")
    assert found(report)["rows", None] == (3, 3, 3)
    told = workspace.check(run.id, train="train", test="test", labels=["y"])
    assert told.splits[0].labels == ("y",)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"train": "train"}, "Name both sides"),
        ({"train": "train", "test": "nope"}, "no output or argument 'nope'; it has fit.result"),
        ({"train": "train", "test": "fit"}, "'fit' of run #1 is no frame or array"),
        ({"train": "train", "test": "split.train"}, "the same table"),
        ({"keys": ["nope"]}, "No split of run #1 has a column 'nope'"),
    ],
)
def test_mistakes_are_said(workspace: Workspace, asked: dict[str, Any], told: str) -> None:
    run = workspace.run(learning)
    with pytest.raises(UserError, match=told):
        workspace.check(run.id, **asked)


def test_a_run_without_splits_is_said_to_have_none(workspace: Workspace) -> None:
    @task
    def alone() -> pd.DataFrame:
        return people(0, 5)

    @pipeline
    def p():
        return alone()

    report = workspace.check(workspace.run(p).id)
    assert not report.splits
    assert "No split was found" in report.notes[0]


def test_a_report_is_written_in_three_formats(workspace: Workspace, tmp_path: Path) -> None:
    report = workspace.check(workspace.run(learning, {"overlap": 5}).id, ["patient"])
    page = write_report(report, tmp_path / "r.html").read_text()
    assert "5 different rows are on both sides" in page
    assert "http" not in page  # it loads nothing
    text = write_report(report, tmp_path / "r.md").read_text()
    assert "3 different values of patient are on both sides" in text
    facts = json.loads(write_report(report, tmp_path / "r.json").read_text())
    assert facts == json.loads(json.dumps(facts_of(report)))
    assert facts["found"]
    assert facts["splits"][0]["overlaps"][0]["level"] == "rows"
