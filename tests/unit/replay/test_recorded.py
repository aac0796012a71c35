"""What a run records suffices to run it again."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lineal.workspace import Workspace

from .conftest import Project


def test_the_helper_modules_and_the_entry_are_kept(project: Project, workspace: Workspace) -> None:
    code = workspace.get_run(project.run(workspace).id).record.code
    assert code is not None
    assert set(code.files) == {project.main.name, project.helpers.name}
    assert code.entry == f"{project.main.name}:growth"
    assert code.import_paths == (".",)


def test_a_package_is_kept_with_its_parents_and_what_only_the_body_needs(
    project: Project, workspace: Workspace
) -> None:
    package = project.folder / f"pkg_{project.main.stem}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("from . import deep\nFACTOR = deep.FACTOR\n")
    (package / "deep.py").write_text("FACTOR = 3.0\n")
    (project.folder / "unrelated.py").write_text("")
    text = project.main.read_text()
    text = f"from {package.name}.inner import FACTOR\n" + text.replace("2.0", "FACTOR")
    project.main.write_text(text)
    code = project.run(workspace).code
    assert code is not None
    assert set(code.files) == {
        project.main.name,
        project.helpers.name,
        *(f"{package.name}/{name}.py" for name in ("__init__", "inner", "deep")),
    }


def test_arguments_can_be_loaded_again_as_they_were(project: Project, workspace: Workspace) -> None:
    code = workspace.get_run(project.run(workspace, factor=0.1).id).record.code
    assert code is not None
    values = {n: workspace.services.values.load(a) for n, a in code.arguments.items()}
    assert values["factor"] == 0.1
    assert list(values) == ["csv", "factor"]
    project.csv.write_text("swapped")
    assert values["csv"].read_text() == "x,y\n1.0,a\n2.0,b\n"


def test_an_argument_that_no_codec_can_keep_does_not_fail_the_run(
    project: Project, workspace: Workspace
) -> None:
    project.main.write_text(
        "from lineal import pipeline, task\n"
        "@task\ndef one():\n    return 1\n"
        "@pipeline\ndef p(lock=None):\n    return one()\n"
    )
    import threading

    record = project.run(workspace, lock=threading.Lock())
    assert record.status.value == "finished"
    assert record.code is not None
    assert record.code.arguments["lock"].stored is None


def test_the_patch_of_a_dirty_tree_is_kept(project: Project, workspace: Workspace) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
            cwd=project.folder,
            check=True,
            capture_output=True,
        )

    git("init")
    git("add", "-A")
    git("commit", "-m", "first")
    project.helpers.write_text(project.helpers.read_text().replace("column *", "column  *"))
    code = project.run(workspace).code
    assert code is not None
    assert code.git_dirty
    assert code.git_patch is not None
    patch = workspace.services.values.blobs.get(code.git_patch).decode()
    assert "+    return column  * factor" in patch


def test_the_environment_names_locale_time_zone_and_libraries(
    project: Project, workspace: Workspace
) -> None:
    run = workspace.get_run(project.run(workspace).id)
    environment = workspace.environment(run)
    assert environment is not None
    assert {"locale", "time zone", "blas"} <= environment.variables.keys()
    assert "blas" in environment.variables["blas"]


def test_what_an_older_lineal_recorded_is_still_read(store: Path) -> None:
    from lineal.catalog.snapshots import snapshot_of

    code = snapshot_of('{"files":{"a.py":"blake3:00"},"git_commit":null}')
    assert code is not None
    assert code.files == {"a.py": "blake3:00"}
    assert code.entry is None
    assert not code.arguments
