"""Key soundness of code: edits that must change the identity of `f`, and edits that must not.

The larger tables are in `code_edits/`, one edit to a paragraph.
"""

import importlib
import importlib.util
import re
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from lineal.digests.code import CodeResolver
from lineal.errors import UnhashableError

MODULES = ("subject", "helper", "pack", "extra", "extra2", "fakelib")
TABLES = Path(__file__).parent / "code_edits"


def rows(table):
    """The paragraphs of a table: their names, and what stands below each."""
    _, *blocks = re.split(r"^## ", (TABLES / table).read_text("utf-8"), flags=re.MULTILINE)
    named = dict(block.split("\n", 1) for block in blocks)
    assert len(named) == len(blocks), f"two rows of {table} have one name"
    return named


def files(block, side):
    """The files of a paragraph by name, before (1) or after (2) its edit."""
    chosen = re.sub(r"«(.*?)→(.*?)»", rf"\{side}", block, flags=re.DOTALL)
    subject, *others = re.split(r"^--- ", chosen, flags=re.MULTILINE)
    return {"subject.py": subject, **dict(other.split("\n", 1) for other in others)}


COUNTS = rows("counts.txt") | rows("decorators.txt")
LAYOUT = rows("layout.txt")
REFUSED = rows("refused.txt")

CHAIN = """
def g(x):
    return x + 1
K = 3
def h(x):
    return g(x) * K
def f(x, d=1):
    return h(x) + d
"""

MUST_DIFFER = {
    "its own body": (CHAIN, CHAIN.replace("+ d", "- d")),
    "a helper's helper": (CHAIN, CHAIN.replace("x + 1", "x + 2")),
    "a constant a helper reads": (CHAIN, CHAIN.replace("K = 3", "K = 4")),
    "the type of a constant": (CHAIN, CHAIN.replace("K = 3", "K = 3.0")),
    "1 and True": (CHAIN, CHAIN.replace("x + 1", "x + True")),
    "a default argument": (CHAIN, CHAIN.replace("d=1", "d=2")),
    "a keyword-only default": ("def f(*, k=1): return k", "def f(*, k=2): return k"),
    "a closure's value": (
        "def make(k):\n  def i(x): return x + k\n  return i\nf = make(1)",
        "def make(k):\n  def i(x): return x + k\n  return i\nf = make(2)",
    ),
    "a decorator": (
        "def d(g):\n  def w(x): return g(x) + 1\n  return w\n@d\ndef f(x): return x",
        "def d(g):\n  def w(x): return g(x) + 2\n  return w\n@d\ndef f(x): return x",
    ),
    "a method of a project class": (
        "class A:\n  def m(self): return 1\ndef f(): return A().m()",
        "class A:\n  def m(self): return 2\ndef f(): return A().m()",
    ),
    "a method of a base class": (
        "class B:\n  def m(self): return 1\nclass A(B): pass\ndef f(): return A().m()",
        "class B:\n  def m(self): return 2\nclass A(B): pass\ndef f(): return A().m()",
    ),
    "a property": (
        "class A:\n  @property\n  def m(self): return 1\ndef f(): return A().m",
        "class A:\n  @property\n  def m(self): return 2\ndef f(): return A().m",
    ),
    "a class attribute": (
        "class A:\n  k = 1\ndef f(): return A.k",
        "class A:\n  k = 2\ndef f(): return A.k",
    ),
    "a dataclass field's default": (
        "from dataclasses import *\n@dataclass\nclass A:\n  m: int = 1\ndef f(): return A()",
        "from dataclasses import *\n@dataclass\nclass A:\n  m: int = 2\ndef f(): return A()",
    ),
    "an enum member's value": (
        "import enum\nclass E(enum.Enum):\n  A = 1\ndef f(): return E.A",
        "import enum\nclass E(enum.Enum):\n  A = 2\ndef f(): return E.A",
    ),
    "a method of a global instance": (
        "class A:\n  def m(self): return 1\na = A()\ndef f(): return a.m()",
        "class A:\n  def m(self): return 2\na = A()\ndef f(): return a.m()",
    ),
    "a callable instance": (
        "class A:\n  def __call__(self, x): return 1\na = A()\ndef f(x): return a(x)",
        "class A:\n  def __call__(self, x): return 2\na = A()\ndef f(x): return a(x)",
    ),
    "a lambda in a dictionary": (
        "D = {'a': lambda x: x + 1}\ndef f(x): return D['a'](x)",
        "D = {'a': lambda x: x + 2}\ndef f(x): return D['a'](x)",
    ),
    "an argument of a partial": (
        "from functools import *\ndef g(a, b): return a\nh = partial(g, 1)\ndef f(x): return h(x)",
        "from functools import *\ndef g(a, b): return a\nh = partial(g, 2)\ndef f(x): return h(x)",
    ),
    "what lru_cache wraps": (
        "import functools\n@functools.lru_cache\ndef g(): return 1\ndef f(): return g()",
        "import functools\n@functools.lru_cache\ndef g(): return 2\ndef f(): return g()",
    ),
    "the function of a task it calls": (
        "from lineal import task\n@task\ndef g(): return 1\ndef f(): return g()",
        "from lineal import task\n@task\ndef g(): return 2\ndef f(): return g()",
    ),
    "deep inside a constant": (
        "C = {'a': [1, {'b': 2}]}\ndef f(): return C",
        "C = {'a': [1, {'b': 3}]}\ndef f(): return C",
    ),
    "a nested function": (
        "def f(x):\n  def i(y): return y + 1\n  return i(x)",
        "def f(x):\n  def i(y): return y + 2\n  return i(x)",
    ),
    "a comprehension": ("def f(x): return [i+1 for i in x]", "def f(x): return [i+2 for i in x]"),
    "text and bytes": ("def f(): return 'a'", "def f(): return b'a'"),
    "0.0 and -0.0": ("def f(): return 0.0", "def f(): return -0.0"),
    "the name of a keyword argument": (
        "def f(x): return dict(a=x)",
        "def f(x): return dict(b=x)",
    ),
    "break and continue": (
        "def f(x):\n  for i in x:\n    if i: continue\n    return 1\n  return 2",
        "def f(x):\n  for i in x:\n    if i: break\n    return 1\n  return 2",
    ),
    "what a try guards": (
        "def f(a, b):\n  try:\n    a()\n    b()\n  except ValueError: return\n",
        "def f(a, b):\n  try:\n    a()\n  except ValueError: return\n  b()\n",
    ),
    "which function of a star import": (
        "from helper import *\ndef f(x): return g(x)",
        "from helper import *\ndef f(x): return other(x)",
    ),
}

MUST_AGREE = {
    "a docstring": (CHAIN, CHAIN.replace("def g(x):", "def g(x):\n    'Says so.'")),
    "comments and blank lines": (CHAIN, CHAIN.replace("K = 3", "\n\n# three\nK = 3  # yes\n")),
    "formatting": (CHAIN, CHAIN.replace("x + 1", "(\n        x\n        +\n        1\n    )")),
    "annotations": (CHAIN, CHAIN.replace("def g(x):", "def g(x: int) -> int:")),
    "moving a function": (
        CHAIN,
        """
K = 3
def f(x, d=1):
    return h(x) + d
def h(x):
    return g(x) * K
def g(x):
    return x + 1
""",
    ),
    "something it does not reach": (CHAIN, CHAIN + "\ndef unused(): return 99\nU = 1\n"),
    "the docstring of a nested class": (
        "def f():\n  class A:\n    'Doc.'\n    x = 1\n  return A.x",
        "def f():\n  class A:\n    x = 1\n  return A.x",
    ),
    "a condition over several lines": (
        "def f(x, y):\n  if x and y: return 1\n  while True: pass",
        "def f(x, y):\n  if (x\n      and\n      y):\n    return 1\n  while True:\n    pass",
    ),
    "a choice over several lines": (
        "def f(a, b, c): return a if b and c else (a or b)",
        "def f(a, b, c):\n  return (a\n    if b\n    and c\n    else (a\n    or b))",
    ),
}

WAYS_TO_REACH_A_HELPER = {
    "import in the function": "def f(x):\n  import helper\n  return helper.g(x)",
    "import under another name": "def f(x):\n  import helper as q\n  return q.g(x)",
    "from-import in the function": "def f(x):\n  from helper import g\n  return g(x)",
    "module attribute": "import helper as q\ndef f(x): return q.g(x)",
    "renamed import": "from helper import g as z\ndef f(x): return z(x)",
    "getattr": "import helper\ndef f(x): return getattr(helper, 'g')(x)",
}

HELPER = "def g(x): return 1\ndef other(x): return 3\n"


@pytest.fixture
def identify_files(tmp_path, monkeypatch):
    """The identity of `f` in subject.py among these files, beside an installed `fakelib`."""
    site = tmp_path / "site-packages"
    site.mkdir()
    shutil.copy(TABLES / "fakelib.py", site)
    monkeypatch.syspath_prepend(site)
    folder = tmp_path / "project"
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def forget():
        for name in list(sys.modules):
            if name.partition(".")[0] in MODULES:
                del sys.modules[name]

    def identify(contents):
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, "utf-8")
        importlib.invalidate_caches()
        forget()
        return CodeResolver().identify(importlib.import_module("subject").f)

    yield identify
    forget()


@pytest.fixture
def identify(identify_files):
    """The identity of `f` in a module of this source, beside a module `helper`."""

    def identify(source, helper=HELPER):
        return identify_files({"subject.py": textwrap.dedent(source), "helper.py": helper})

    return identify


@pytest.mark.parametrize("edit", MUST_DIFFER)
def test_an_edit_that_can_change_the_result_changes_the_identity_and_its_revert_restores_it(
    edit, identify
):
    before, after = MUST_DIFFER[edit]
    first = identify(before).digest
    assert identify(after).digest != first
    assert identify(before).digest == first


@pytest.mark.parametrize("edit", COUNTS)
def test_an_edit_of_the_table_changes_the_identity_and_its_revert_restores_it(edit, identify_files):
    before, after = ({"helper.py": HELPER, **files(COUNTS[edit], side)} for side in (1, 2))
    first = identify_files(before).digest
    assert identify_files(after).digest != first
    assert identify_files(before).digest == first


@pytest.mark.parametrize("edit", LAYOUT)
def test_an_edit_of_layout_changes_nothing(edit, identify):
    before, after = LAYOUT[edit].split("--- becomes\n")
    first, second = identify(before), identify(after)
    assert dict(second.components) == dict(first.components)
    assert second.digest == first.digest


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_content_to_go_by_is_refused_with_a_remedy(what, identify):
    with pytest.raises(UnhashableError, match="cache=False"):
        identify(REFUSED[what])


@pytest.mark.parametrize("edit", MUST_AGREE)
def test_a_cosmetic_edit_changes_nothing(edit, identify):
    before, after = MUST_AGREE[edit]
    assert identify(before).digest == identify(after).digest


@pytest.mark.parametrize("way", WAYS_TO_REACH_A_HELPER)
def test_a_helper_in_another_module_counts_however_it_is_reached(way, identify):
    source = WAYS_TO_REACH_A_HELPER[way]
    first = identify(source).digest
    assert identify(source, HELPER.replace("return 1", "return 2")).digest != first
    documented = HELPER.replace("def g(x): return 1", "def g(x):\n  'Doc.'\n  return 1")
    assert identify(source, documented).digest == first


def test_components_name_every_helper_and_constant(identify):
    assert set(identify(CHAIN).components) == {
        "subject:f", "subject:f.<default>.d", "subject:h", "subject:g", "subject:K"
    }  # fmt: skip


def test_packages_reached_count_with_their_version(identify):
    found = identify("import numpy as np\ndef f(x): return np.mean(x)")
    assert list(found.distributions) == ["numpy"]


def test_another_version_of_a_package_changes_the_identity(identify, monkeypatch):
    source = "import numpy as np\ndef f(x): return np.mean(x)"
    first = identify(source).digest
    monkeypatch.setattr("lineal.digests.ledger.distribution_of", lambda _: ("numpy", "99.0"))
    assert identify(source).digest != first


def test_a_constant_that_cannot_be_identified_is_named(identify):
    with pytest.raises(UnhashableError, match="subject:handle"):
        identify("handle = open(__file__)\nhandle.close()\ndef f(): return handle")


def test_code_without_a_file_is_identified(identify):
    scope: dict = {}
    exec("def f(x): return x + 1", scope)
    other: dict = {}
    exec("def f(x): return x + 2", other)
    assert CodeResolver().identify(scope["f"]) != CodeResolver().identify(other["f"])


def test_a_class_whose_module_is_no_text_is_identified(identify):
    source = "class A:\n  k = 1\nA.__module__ = 5\ndef f(): return A.k"
    assert identify(source).digest != identify(source.replace("k = 1", "k = 2")).digest


def test_functions_that_call_each_other_are_identified(identify):
    source = "def f(x): return g(x)\ndef g(x): return f(x)"
    assert identify(source).digest != identify(source.replace("return f(x)", "return f(1)")).digest


def test_a_folder_that_code_names_counts_by_its_content(identify, tmp_path):
    source = f"from pathlib import Path\nD = Path({str(tmp_path / 'data')!r})\ndef f(): return D"
    absent = identify(source).digest
    (tmp_path / "data" / "inner").mkdir(parents=True)
    (tmp_path / "data" / "inner" / "one.csv").write_text("1")
    first = identify(source).digest
    (tmp_path / "data" / "inner" / "one.csv").write_text("2")
    second = identify(source).digest
    assert len({absent, first, second}) == 3
    (tmp_path / "data" / "inner" / "one.csv").write_text("1")
    assert identify(source).digest == first


@pytest.mark.parametrize("names", [[".git"], [str(i) for i in range(1_001)]], ids=["work", "many"])
def test_a_folder_that_is_large_or_worked_in_is_refused_with_a_remedy(names, identify, tmp_path):
    for name in names:
        (tmp_path / "data" / name).mkdir(parents=True)
    source = f"from pathlib import Path\nD = Path({str(tmp_path / 'data')!r})\ndef f(): return D"
    with pytest.raises(UnhashableError, match="as a Path argument"):
        identify(source)


def test_a_wrapper_that_holds_locks_and_threads_own_state_gives_no_warning(identify_files):
    source = "import fakelib\n@fakelib.retry(3)\ndef g(): return 1\ndef f(): return g()"
    assert identify_files({"subject.py": source}).warnings == ()
