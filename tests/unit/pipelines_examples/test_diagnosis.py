"""The steps of the diagnosis pipeline, called as the plain functions they are."""

import shutil

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def folder(diagnosis):
    folder = diagnosis.export_sites()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def patients(diagnosis, folder):
    return diagnosis.check(diagnosis.load(folder))


@pytest.fixture(scope="module")
def parts(diagnosis, patients):
    return diagnosis.split(patients)


def test_every_patient_is_exported_to_one_of_four_sites(diagnosis, folder, patients):
    assert sorted(file.stem for file in folder.iterdir()) == sorted(diagnosis.SITES)
    assert patients.shape == (569, 32)
    assert patients["malignant"].sum() == 212


def test_the_export_is_the_same_each_time(diagnosis, folder):
    again = diagnosis.export_sites()
    for file in folder.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes()
    shutil.rmtree(again)


def test_one_csv_loads_like_a_folder_of_one(diagnosis, folder):
    east = diagnosis.load(folder / "east.csv")
    assert set(east["site"]) == {"east"}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda p: p.drop(columns="site"), "columns are missing: \\['site'\\]"),
        (lambda p: p.assign(mean_area=p["mean_area"].where(p.index > 0)), "mean_area"),
        (lambda p: p.assign(site=p["site"].replace("east", "moon")), "\\['east', 'moon'\\]"),
        (lambda p: p.assign(malignant="M"), "malignant"),
    ],
)
def test_patients_that_can_not_be_learnt_from_are_refused(diagnosis, patients, spoil, says):
    with pytest.raises(ValueError, match=says):
        diagnosis.check(spoil(patients))


def test_the_split_keeps_every_patient_once(diagnosis, patients, parts):
    train, test = parts
    assert pd.concat([train, test]).sort_index().equals(patients)
    assert test.groupby("site")["malignant"].nunique().tolist() == [2] * 4


def test_the_pooled_model_is_judged_at_every_site(diagnosis, parts):
    train, test = parts
    pooled = diagnosis.fit(train, n_estimators=10)
    local = [diagnosis.fit(train, site, 10) for site in diagnosis.SITES]
    scores = diagnosis.evaluate(pooled, local, test)
    assert 0.95 < scores["auc"] <= 1
    assert set(scores.slices["site"]) == set(diagnosis.SITES)
    assert set(scores.slices["site"]["west"]) == {"auc", "accuracy", "auc_of_own_model"}


def test_the_figure_has_a_curve_per_site(diagnosis, parts):
    train, test = parts
    figure = diagnosis.draw_roc(diagnosis.fit(train, n_estimators=10), test)
    assert len(figure.axes[0].lines) == 5


def test_the_body_of_the_pipeline_is_plain_python_too(diagnosis, folder):
    scores = diagnosis.diagnosis.fn(csv=folder, n_estimators=5)
    assert scores["accuracy"] > 0.9
