"""One grammar of references: every form leads where it says, mistakes are told with near names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lineal import pipeline, task
from lineal.catalog import Start, tables
from lineal.errors import AmbiguousReference, ReferenceNotFound
from lineal.references import locate, starting_point

from .conftest import digest


@pytest.fixture
def told(story):
    """Versions 1 and 2 of a model; 2 in production, 1 the champion; a dataset."""
    run = story.run(name="train")
    loaded = story.step(run, "load", reads="data/x.csv", content="file", gives=["data"])
    for version in (1, 2):
        fitted = story.step(run, f"fit-{version}", gives=[f"m{version}"])
        story.model(version, version, f"m{version}", fitted)
    story.deploy(1, 2)
    story.write(tables.model_aliases, model_id=1, alias="champion", model_version_id=1)
    story.dataset("data", 1, loaded)
    return story


@pytest.mark.parametrize(
    ("reference", "start"),
    [
        ("fraud@v2", Start(models=(2,))),
        ("models:/fraud/2", Start(models=(2,))),
        ("fraud@production", Start(deployments=(1,))),
        ("fraud@champion", Start(models=(1,))),
        ("models:/fraud@champion", Start(models=(1,))),
        ("transactions@v1", Start(datasets=((1, 1),))),
        ("dataset:transactions@v1", Start(datasets=((1, 1),))),
        ("model:fraud@v2", Start(models=(2,))),
        ("model:fraud@production", Start(deployments=(1,))),
        ("latest", Start(runs=(1,))),
        ("1", Start(runs=(1,))),
        ("#1", Start(runs=(1,))),
        ("run:1", Start(runs=(1,))),
        ("train", Start(runs=(1,))),
        ("runs:/1", Start(runs=(1,))),
        (digest("m1"), Start(artifacts=(digest("m1"),))),
        (digest("m1")[:12], Start(artifacts=(digest("m1"),))),
        (digest("m1").hex[:8], Start(artifacts=(digest("m1"),))),
        ("data/x.csv", Start(artifacts=(digest("file"),))),
        ("./data/x.csv", Start(artifacts=(digest("file"),))),
    ],
)
def test_every_form_leads_where_it_says(told, reference, start):
    assert starting_point(told.catalog, reference) == start


@pytest.mark.parametrize("reference", ["1:fit-2", "run:1:fit-2.result", "runs:/1/fit-2"])
def test_an_output_is_pinned_to_the_step_that_was_named(told, reference):
    found = starting_point(told.catalog, reference)
    assert found.artifacts == (digest("m2"),)
    assert found.pins == ((digest("m2"), 1 << 24 | 3),)


def test_the_model_of_a_run_is_found_as_mlflow_would_write_it(story):
    run = story.run()
    story.step(run, "load", gives=["data"])
    story.step(run, "fit", gives=["model"], kind="model")
    assert starting_point(story.catalog, "runs:/1/model").artifacts == (digest("model"),)
    with pytest.raises(ReferenceNotFound, match="result"):
        starting_point(story.catalog, "runs:/1/modell")
    story.step(run, "refit", gives=["other"], kind="model")
    with pytest.raises(AmbiguousReference, match="fit, refit"):
        starting_point(story.catalog, "runs:/1/model")
    assert starting_point(story.catalog, "runs:/1/refit").artifacts == (digest("other"),)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("fraud@v9", "fraud@v2, fraud@v1"),
        ("frad@v1", "fraud@v1"),
        ("fraud@prodution", "fraud@production"),
        ("nothing", "`lineal runs`"),
        ("1:fit-3", "fit-1"),
        ("models:/fraud", "models:/NAME/VERSION"),
        ("dataset:fraud@v1", "Nothing is called 'dataset:fraud@v1'"),
        ("models:/frad/1", "fraud@v1"),
        ("runs:/1/other", "result"),
        ("numpy==0", "No step's code reached"),
        ("./gone.csv", "is not there"),
        ("xxh3:ffffffffffff", "no artifact"),
    ],
)
def test_what_is_unknown_is_told_with_what_is_near(told, reference, said):
    with pytest.raises(ReferenceNotFound) as caught:
        starting_point(told.catalog, reference)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "reference", ["card.csv", "cards.cvs", "elsewhere/Cards.csv", "/gone/cards.csv", "./cards.cs"]
)
def test_a_file_that_no_run_has_read_is_told_with_those_that_are_called_alike(story, reference):
    story.step(story.run(), "load", reads="data/cards.csv", content="cards", gives=["data"])
    with pytest.raises(ReferenceNotFound) as caught:
        starting_point(story.catalog, reference)
    assert str(caught.value) == (
        f"{reference} is not there, no run has read a file under this path, and no step has run"
        " code of it. Runs have read data/cards.csv."
    )
    with pytest.raises(ReferenceNotFound, match=r"of it\.$"):
        starting_point(story.catalog, "nothing/like/it.parquet")


def test_a_word_that_is_a_target_and_an_alias_of_another_version_is_ambiguous(told):
    told.write(tables.model_aliases, model_id=1, alias="production", model_version_id=1)
    with pytest.raises(AmbiguousReference, match=r"deployed fraud@v2.*alias of fraud@v1"):
        starting_point(told.catalog, "fraud@production")


def test_a_word_that_is_a_target_and_an_alias_of_one_version_is_the_deployment(told):
    told.write(tables.model_aliases, model_id=1, alias="production", model_version_id=2)
    assert starting_point(told.catalog, "fraud@production") == Start(deployments=(1,))


def test_a_name_of_a_model_and_a_dataset_is_ambiguous(told):
    told.write(tables.models, id=9, name="transactions", description="", gates="[]", created_at=0)
    told.write(
        tables.model_versions, id=9, model_id=9, version=1, artifact=digest("m1"),
        execution_id=1 << 24 | 2, output="result", run_number=1, status="active", description="",
        signature=None, metrics="[]", created_at=0, created_by="ann",
    )  # fmt: skip
    with pytest.raises(AmbiguousReference, match=r"the model .* the dataset .*dataset:\S+@v1\.$"):
        starting_point(told.catalog, "transactions@v1")


def test_names_may_hold_any_signs(told):
    name = "été 'x' \"y\" <b>@%_"
    told.write(tables.models, id=9, name=name, description="", gates="[]", created_at=0)
    told.write(
        tables.model_versions, id=9, model_id=9, version=1, artifact=digest("m1"),
        execution_id=1 << 24 | 2, output="result", run_number=1, status="active", description="",
        signature=None, metrics="[]", created_at=0, created_by="ann",
    )  # fmt: skip
    assert starting_point(told.catalog, f"{name}@v1") == Start(models=(9,))


def test_a_named_version_is_an_artifact_to_get(told):
    assert locate(told.catalog, "fraud@v1").artifact.digest == digest("m1")


@task
def load(csv: Path) -> pd.DataFrame:
    return pd.read_csv(csv)


@pipeline
def reading(csv: Path) -> pd.DataFrame:
    return load(csv)


def test_a_path_is_the_content_it_has_now_and_what_was_read_there_when_it_is_gone(
    workspace, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    file = Path("x.csv")
    file.write_text("a\n1\n")
    reading.run(csv=file)
    catalog = workspace.services.catalog
    first = starting_point(catalog, "x.csv")
    file.write_text("a\n2\n")
    reading.run(csv=file)
    second = starting_point(catalog, "x.csv")
    assert first != second
    Path("copy.csv").write_text("a\n1\n")
    assert starting_point(catalog, "copy.csv") == first
    file.unlink()
    with pytest.raises(AmbiguousReference, match="2 contents"):
        starting_point(catalog, "x.csv")


def test_a_code_file_and_a_package_lead_to_what_ran_them(workspace, tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    reading.run(csv=tmp_path / "x.csv")
    for reference in (__file__, f"pandas=={pd.__version__}", f"Pandas=={pd.__version__}"):
        (page,) = workspace.impact(reference)
        assert "execution:1.1" in page.nodes
    with pytest.raises(ReferenceNotFound, match=f"There are pandas=={pd.__version__}"):
        starting_point(workspace.services.catalog, "pandas==0.1")
