"""Which rows have a key that is given as text."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lineal.following.matching import rows_with

TIMES = pd.to_datetime(["2026-01-31 08:30", "2026-02-01 00:00", None])


@pytest.mark.parametrize(
    ("column", "text", "rows"),
    [
        (pd.Series([1, 2, 2]), "2", 2),
        (pd.Series([1, 2, 2]), "2.0", 2),
        (pd.Series([1, 2, 2]), "02", 2),
        (pd.Series([1, 2, 2]), "two", 0),
        (pd.Series([2**53, 2**53 + 1]), str(2**53 + 1), 1),
        (pd.Series([1, 2]), str(10**30), 0),
        (pd.Series([1.0, np.nan, 1.5]), "1", 1),
        (pd.Series([1.0, np.nan, 1.5]), "nan", 0),
        (pd.Series([0.1], dtype="float32"), "0.1", 1),
        (pd.Series([1, None], dtype="Int64"), "1", 1),
        (pd.Series([1, None], dtype=pd.ArrowDtype(pa.int64())), "1", 1),
        (pd.Series(["a", None, "A"], dtype=pd.ArrowDtype(pa.string())), "a", 1),
        (pd.Series(["007", "7", None]), "7", 1),
        (pd.Series(["a=b", ""]), "a=b", 1),
        (pd.Series(["a", "", None]), "", 1),
        (pd.Series([7, "7", None, "x"], dtype=object), "7", 2),
        (pd.Series([True, False, True]), "true", 2),
        (pd.Series([True, False]), "yes", 0),
        (pd.Series([True, None], dtype="boolean"), "True", 1),
        (pd.Series(["x", "y", None], dtype="category"), "x", 1),
        (pd.Series([1, 2, 2]).astype("category"), "2", 2),
        (pd.Series(TIMES), "2026-01-31T08:30", 1),
        (pd.Series(TIMES), "2026-02-01", 1),
        (pd.Series(TIMES), "soon", 0),
        (pd.Series(TIMES), "", 0),
        (pd.Series(TIMES.tz_localize("Europe/Berlin")), "2026-02-01", 1),
        (pd.Series(TIMES.tz_localize("Europe/Berlin")), "2026-01-31T07:30+00:00", 1),
        (pd.Series([date(2026, 1, 31)], dtype=pd.ArrowDtype(pa.date32())), "2026-01-31", 1),
        (pd.Series([date(2026, 1, 31)], dtype=object), "2026-01-31", 1),
        (pd.Series([], dtype="int64"), "1", 0),
        (pd.Series([b"x", b"y"], dtype=object), "x", 0),
    ],
)
def test_a_text_is_read_as_what_the_column_holds(column, text, rows):
    assert rows_with(pd.DataFrame({"id": column}), {"id": text}) == rows


def test_a_row_has_all_values_of_a_key():
    frame = pd.DataFrame({"site": ["a", "a", "b"], "id": [1, 2, 1]})
    assert rows_with(frame, {"site": "a"}) == 2
    assert rows_with(frame, {"site": "a", "id": "1"}) == 1
    assert rows_with(frame, {"site": "b", "id": "2"}) == 0
