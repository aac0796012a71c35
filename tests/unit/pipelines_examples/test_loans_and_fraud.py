"""The steps of the loans and fraud pipelines, on a few made-up rows."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def applications(loans, tmp_path):
    """Twenty loans as the file has them, a blank line first."""
    random = np.random.default_rng(0)
    rows = [
        " ".join(
            [
                "A11", "6", "A34", "A43", str(1000 + 10 * i), "A65", "A75", "4",
                "A92" if i % 2 else "A93", "A101", "4", "A121", str(20 + 3 * i), "A143", "A152",
                "2", "A173", "1", "A192", "A201", str(random.integers(1, 3)),
            ]
        )
        for i in range(20)
    ]  # fmt: skip
    file = tmp_path / "german.data"
    file.write_text("\n" + "\n".join(rows) + "\n")
    return loans.load(file)


def test_groups_are_told_from_the_codes(applications):
    assert list(applications["sex"][:2]) == ["male", "female"]
    ages = applications.groupby("age_group")["age"]
    assert ages.max()["young"] <= 25 < ages.min()["middle"]
    assert ages.max()["middle"] <= 60 < ages.min()["old"]
    assert applications["repaid"].dtype == bool


def test_a_model_is_told_neither_the_outcome_nor_the_groups(loans, applications):
    seen = loans.applications(applications)
    assert not {"sex", "age", "age_group", "repaid", "status"} & set(seen)


def test_the_report_agrees_with_the_slices(loans, applications):
    model = loans.fit(applications)
    scores = loans.evaluate(model, applications)
    report = loans.report_disparity(model, applications)
    by_sex = report[report["by"] == "sex"].set_index("group")
    for group, numbers in scores.slices["sex"].items():
        assert by_sex.loc[group, "granted"] == pytest.approx(numbers["selection_rate"])
        assert by_sex.loc[group, "granted_of_good"] == pytest.approx(numbers["tpr"])


@pytest.fixture
def payments():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(60, 28)), columns=[f"V{i}" for i in range(1, 29)])
    frame["Class"] = frame["V1"] > 0.5
    frame.insert(0, "Time", random.permutation(60))
    frame.insert(0, "Unnamed: 0", range(60))
    frame["Amount"] = np.where(frame["V2"] > 0, 500.0, 5.0)
    return frame


def test_transactions_come_in_order_of_time_without_the_files_own_numbers(
    fraud, payments, tmp_path
):
    payments.to_csv(tmp_path / "payments.csv", index=False)
    loaded = fraud.load(tmp_path / "payments.csv")
    assert loaded["Time"].is_monotonic_increasing
    assert "Unnamed: 0" not in loaded
    assert loaded["Class"].sum() == payments["Class"].sum()


def test_transactions_without_a_class_are_refused(fraud, payments, tmp_path):
    payments.drop(columns="Class").to_csv(tmp_path / "odd.csv", index=False)
    with pytest.raises(ValueError, match="Class"):
        fraud.load(tmp_path / "odd.csv")


@pytest.mark.parametrize("candidate", ["tree", "forest"])
def test_a_candidate_is_judged_overall_and_by_amount(fraud, payments, candidate):
    model = fraud.fit(payments.drop(columns="Unnamed: 0"), candidate, n_estimators=5)
    scores = fraud.evaluate(model, payments.drop(columns="Unnamed: 0"))
    assert scores["recall"] > 0.9
    assert set(scores.slices["amount"]) == {"small", "large"}
