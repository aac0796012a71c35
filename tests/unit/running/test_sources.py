"""The source files that a run needs to be loaded again."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from lineal.running.sources import project_root, sources_of

FILES = {
    "pyproject.toml": "",
    "study.py": "import json\nfrom parts import cleaning\nimport parts.deep.model as m\n",
    "parts/__init__.py": "",
    "parts/cleaning.py": "from . import names\nfrom ..outside import nothing\n",
    "parts/names.py": "import study\n",
    "parts/unused.py": "",
    "parts/deep/__init__.py": "from ..names import x\n",
    "parts/deep/model.py": "import missing, numpy\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def found(project: Path, entry: str | None = "study.py", *reached: str) -> set[str]:
    start = project / entry if entry else None
    sources = sources_of(start, [project / name for name in reached])
    return {sources.place(path) for path in sources.files}


def test_imports_are_followed_wherever_they_lead(project: Path) -> None:
    assert found(project) == {
        "study.py",
        "parts/__init__.py",
        "parts/cleaning.py",
        "parts/names.py",
        "parts/deep/__init__.py",
        "parts/deep/model.py",
    }


def test_packages_of_what_was_reached_belong_to_it(project: Path) -> None:
    assert "parts/__init__.py" in found(project, None, "parts/unused.py")


def test_a_module_that_appears_is_found_the_next_time(project: Path) -> None:
    before = found(project)
    (project / "missing.py").write_text("")
    assert found(project) - before == {"missing.py"}


def test_a_file_that_can_not_be_read_as_python_is_kept_as_it_is(project: Path) -> None:
    (project / "missing.py").write_text("def (")
    assert "missing.py" in found(project)


@pytest.mark.parametrize(
    ("name", "file", "home"),
    [
        ("study", "study.py", ""),
        ("parts.deep.model", "parts/deep/model.py", ""),
        ("deep.model", "parts/deep/model.py", "parts"),
        ("parts.deep", "parts/deep/__init__.py", ""),
        ("called otherwise", "parts/unused.py", "parts"),
        ("__main__", "parts/unused.py", "parts"),
    ],
)
def test_a_file_s_home_is_where_its_module_was_imported_from(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str, home: str
) -> None:
    monkeypatch.setattr(sys, "path", [])
    module = ModuleType(name)
    module.__file__ = str(project / file)
    monkeypatch.setitem(sys.modules, name, module)
    assert sources_of(None, [project / file]).roots == (project / home,)


def test_a_project_is_the_nearest_marked_folder(project: Path, tmp_path: Path) -> None:
    assert project_root(project / "parts" / "deep") == tmp_path
