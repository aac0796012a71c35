"""Code by its parts: which changed, and the lines of those that did."""

from __future__ import annotations

from lineal.digests.digest import Digest
from lineal.lineage.diff import CodeChange, Status, code_changes
from lineal.lineage.diff.sources import file_of, source_of
from lineal.records import CodeIdentity

BEFORE = '''
import os

LIMIT = 3

class Model:
    """A model."""

    def fit(self, x):
        return x

def helper(x):
    def inner(y):
        return y
    return inner(x)

@property
@staticmethod
def decorated():
    return 1

if os.name:
    def guarded():
        return 1
else:
    try:
        def other(): pass
    except ValueError:
        def fallback(): return 2
'''


def code(**components: str) -> CodeIdentity:
    found = {f"study:{name}": Digest(f"xxh3:{digest}") for name, digest in components.items()}
    return CodeIdentity(digest=Digest("xxh3:0"), components=found, distributions={})


def changes(before: str | None, after: str | None, name: str, old="1", new="2") -> CodeChange:
    (found,) = code_changes(
        [CodeIdentity(digest=Digest("xxh3:0"), components={name: Digest(old)}, distributions={})]
        if old
        else [],
        [CodeIdentity(digest=Digest("xxh3:1"), components={name: Digest(new)}, distributions={})]
        if new
        else [],
        files_before={} if before is None else {"src/study.py": lambda _: before},
        files_after={} if after is None else {"src/study.py": lambda _: after},
    )
    return found


def test_parts_are_told_apart_by_name():
    found = code_changes(
        [code(a="1", b="2", c="3")], [code(b="2"), code(c="9", d="4")],
        files_before={}, files_after={},
    )  # fmt: skip
    assert [(c.name, c.status) for c in found] == [
        ("study:a", Status.REMOVED),
        ("study:c", Status.CHANGED),
        ("study:d", Status.ADDED),
    ]
    assert [c.patch for c in found] == [None, None, None]


def test_the_lines_of_a_changed_method_are_shown_alone():
    after = BEFORE.replace("return x\n", "return x + 1\n").replace("LIMIT = 3", "LIMIT = 4")
    found = changes(BEFORE, after, "study:Model.fit")
    assert found.patch is not None
    assert "-        return x\n+        return x + 1" in found.patch
    assert "LIMIT" not in found.patch
    assert not found.of_file


def test_a_new_function_is_all_lines_that_came():
    found = changes("", "def f():\n    return 1\n", "study:f", old="")
    assert found.status is Status.ADDED
    assert found.patch is not None
    assert "+def f():\n+    return 1" in found.patch


def test_a_part_that_can_not_be_told_is_shown_in_its_file():
    found = changes("x = 1\n", "x = 2\n", "study:made.by.hand")
    assert found.of_file
    assert found.patch is not None
    assert "-x = 1\n+x = 2" in found.patch


def test_half_a_comparison_is_none():
    assert changes(BEFORE, None, "study:helper").patch is None


def test_parts_are_found_wherever_they_stand():
    assert source_of("study:LIMIT", BEFORE) == "LIMIT = 3"
    assert source_of("study:helper.<locals>.inner", BEFORE) == (
        "    def inner(y):\n        return y"
    )
    assert source_of("study:decorated", BEFORE) == (
        "@property\n@staticmethod\ndef decorated():\n    return 1"
    )
    for name in ("guarded", "other", "fallback"):
        assert f"def {name}" in (source_of(f"study:{name}", BEFORE) or "")
    assert (source_of("study:helper.<default>.x", BEFORE) or "").startswith("def helper")
    assert source_of("study:nothing", BEFORE) is None
    assert source_of("study:f", "def f(:") is None
    assert source_of("study:f", "\x00") is None


def test_the_last_definition_of_a_name_is_the_one_in_force():
    assert source_of("m:f", "def f(): return 1\ndef f(): return 2\n") == "def f(): return 2"


def test_a_form_feed_ends_no_line():
    assert source_of("m:f", "x = '\f'\n\f\ndef f():\r\n    pass\r\n") == "def f():\n    pass"


def test_a_module_is_found_among_the_files_that_were_kept():
    files = ["src/pkg/__init__.py", "src/pkg/a.py", "src/other/a.py", "a.py"]
    assert file_of("pkg.a:f", files) == "src/pkg/a.py"
    assert file_of("other.a:f", files) == "src/other/a.py"
    assert file_of("pkg:f", files) == "src/pkg/__init__.py"
    assert file_of("a:f", ["src/a.py"]) == "src/a.py"
    assert file_of("deep.pkg.a:f", ["pkg/a.py", "b.py"]) == "pkg/a.py"
    assert file_of("b:f", ["a.py"]) is None
