"""The steps of the intrusion pipeline, on NSL-KDD where it is at hand."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DATA = Path(
    os.environ.get("LINEAL_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")
).joinpath("nsl-kdd")
TRAIN, TEST = DATA / "KDDTrain+_20Percent.txt", DATA / "KDDTest+.txt"

needs_data = pytest.mark.skipif(
    not (TRAIN.is_file() and TEST.is_file()),
    reason=f"NSL-KDD is not in {DATA}; set LINEAL_TEST_DATA to the folder above nsl-kdd",
)


@pytest.fixture
def connections(intrusion):
    """A few made-up connections, two kinds that differ in their bytes."""
    random = np.random.default_rng(0)
    columns = [name for name in intrusion.COLUMNS.split() if name not in ("attack", "difficulty")]
    frame = pd.DataFrame(random.random((60, len(columns))), columns=columns)
    for category in intrusion.CATEGORIES:
        frame[category] = random.choice(["x", "y"], size=60)
    frame["kind"] = np.where(frame["src_bytes"] > 0.5, "dos", "normal")
    return frame


def test_every_attack_has_one_kind(intrusion):
    attacks = [attack for names in intrusion.KINDS.values() for attack in names.split()]
    assert len(attacks) == len(set(attacks)) == 40


def test_an_unknown_attack_is_refused(intrusion, tmp_path):
    file = tmp_path / "odd.txt"
    file.write_text(",".join(["0"] * 41 + ["teleport", "21"]) + "\n")
    with pytest.raises(ValueError, match=r"odd\.txt holds attacks of no known kind"):
        intrusion.load(file)


def test_preprocessing_learns_from_the_training_rows_alone(intrusion, connections):
    train, valid = intrusion.split(connections)
    strange = valid.assign(service="never seen", duration=1e9)
    learn, _, unseen = intrusion.preprocess(train, valid, strange)
    assert list(learn.columns) == list(unseen.columns)
    numbers = unseen.drop(columns="kind")
    assert numbers.to_numpy().min() >= 0
    assert numbers.to_numpy().max() <= 1
    assert not unseen[["service_x", "service_y"]].to_numpy().any()


@pytest.mark.parametrize("name", ["tree", "forest"])
def test_a_model_learns_and_is_scored_by_kind(intrusion, connections, name):
    train, valid, _ = intrusion.preprocess(connections, connections, connections)
    scores = intrusion.score(intrusion.fit(name, 0, train), valid)
    assert scores["f1"] > 0.9
    assert set(scores.slices["kind"]) == {"dos", "normal"}


def test_the_highest_macro_f1_is_chosen(intrusion):
    scores = [intrusion.Metrics(f1=value) for value in (0.2, 0.9, 0.5)]
    assert intrusion.choose(["a", "b", "c"], scores) == "b"


@needs_data
def test_the_files_are_read_whole_and_in_part(intrusion):
    test = intrusion.load(TEST)
    assert test.shape == (22544, 42)
    assert set(test["kind"]) == set(intrusion.KINDS)
    assert len(intrusion.load(TRAIN, rows=100)) == 100


@needs_data
def test_the_grid_is_fitted_and_the_best_model_meets_the_test_file(intrusion):
    scores = intrusion.intrusion.fn(TRAIN, TEST, seeds=1, rows=1500)
    assert set(scores) == {"precision", "recall", "f1"}
    assert scores["f1"] > 0.35
    assert scores.slices["kind"]["normal"]["recall"] > 0.9


@needs_data
def test_the_confusion_matrix_names_every_kind(intrusion):
    train, valid = intrusion.split(intrusion.load(TRAIN, rows=1500))
    learn, valid, _ = intrusion.preprocess(train, valid, valid)
    figure = intrusion.draw_confusion(intrusion.fit("tree", 0, learn), valid)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert set(labels) == set(valid["kind"])
