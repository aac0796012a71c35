"""What a card says holds no markup but its own, and slices show how far they are apart."""

from __future__ import annotations

import pytest

from lineal.comparing.rendering import markdown
from lineal.comparing.slices import Number, slice_tables


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<script>&", "&lt;script&gt;&amp;"),
        ("[x](javascript:y)", r"\[x\](javascript:y)"),
        ("![x](y)", r"\!\[x\](y)"),
        ("a\n# b\r\n- c", r"a \# b - c"),
        ("**b** _i_ `c` ~~d~~", r"\*\*b\*\* \_i\_ \`c\` \~\~d\~\~"),
        ("http://x.y", r"http:\//x.y"),
        ("\\", "\\\\"),
        ("", "not recorded"),
        ("\n", "not recorded"),
        (None, "not recorded"),
        (0.12345678, "0.123457"),
        (3, "3"),
        ("é\u2028x", "é x"),
        ("a\u202eb", "a\ufffdb"),
    ],
)
def test_text_is_shown_letter_by_letter(value: object, shown: str):
    assert markdown(value) == shown


def test_slices_are_tables_with_the_largest_difference():
    tables = slice_tables(
        [
            Number(key="auc", value=0.9),
            Number(key="auc", value=0.9, labels={"sex": "f"}),
            Number(key="auc", value=0.7, labels={"sex": "m"}),
            Number(key="tpr", value=0.5, labels={"sex": "m"}),
            Number(key="auc", value=float("nan"), labels={"sex": "x"}),
            Number(key="auc", value=0.6, labels={"sex": "f", "age": "old"}),
        ]
    )
    assert [t.dimension for t in tables] == ["age, sex", "sex"]
    assert tables[1].metrics == ("auc", "tpr")
    assert tables[1].rows[0] == ("f", (0.9, None))
    assert tables[1].largest[0] == pytest.approx(0.2)
    assert tables[1].largest[1] is None
