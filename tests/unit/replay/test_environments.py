"""A recorded environment is built from what can still be had, and says what can't."""

from __future__ import annotations

import platform
import subprocess
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from lineal.digests.digest import combine
from lineal.records import Environment
from lineal.replay.causes import environment_differences
from lineal.replay.environments import build


def environment(**distributions: str) -> Environment:
    return Environment(
        digest=combine("environment", [str(distributions)]),
        python=f"{platform.python_version()} (CPython)",
        platform="here",
        cpu="one",
        cpu_count=1,
        distributions=distributions,
    )


def wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n")


@pytest.mark.slow
def test_the_recorded_version_is_installed_and_what_can_not_be_had_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("1.0", "2.0"):
        wheel(tmp_path / "wheels", "probe_of_lineal", version)
    for tool in ("PIP", "UV"):
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(tmp_path / "wheels"))
    wanted = environment(probe_of_lineal="1.0", nowhere_to_be_had="3.0", lineal="0")
    built = build(wanted, tmp_path / "cache")
    assert built.missing == ("nowhere_to_be_had==3.0",)
    assert any("nowhere_to_be_had==3.0" in note for note in built.notes)
    code = "import probe_of_lineal, importlib.util as u; print(probe_of_lineal.VERSION)"
    code += "; print(u.find_spec('lineal') is not None)"
    done = subprocess.run([built.python, "-P", "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["1.0", "True"]
    made = built.python.lstat().st_mtime_ns
    assert build(wanted, tmp_path / "cache").missing == built.missing
    assert built.python.lstat().st_mtime_ns == made  # built once


def test_an_upgraded_package_and_other_threads_are_named() -> None:
    old, new = environment(numpy="1.0", gone="1"), environment(numpy="2.0")
    told = environment_differences(old, new)
    assert told == ["package: gone was 1 and is not there", "package: numpy was 1.0 and is 2.0"]


def test_tools_that_a_built_environment_leaves_out_are_no_difference() -> None:
    old = environment(lineal="0.1", pip="23", setuptools="65", numpy="2.0")
    new = environment(numpy="2.1")
    assert environment_differences(old, new) == ["package: numpy was 2.0 and is 2.1"]
    newer = environment(lineal="0.2", numpy="2.0")
    assert environment_differences(old, newer) == ["package: lineal was 0.1 and is 0.2"]


@pytest.mark.parametrize("before", ["random", None])
def test_a_hash_seed_that_was_left_to_chance_is_no_difference(before: str | None) -> None:
    chance = {} if before is None else {"PYTHONHASHSEED": before}
    old, new = replace(environment(), variables=chance), environment()
    set_now = replace(new, variables={"PYTHONHASHSEED": "0"})
    assert environment_differences(old, set_now) == []
    fixed = replace(old, variables={"PYTHONHASHSEED": "7"})
    assert environment_differences(fixed, set_now) == ["PYTHONHASHSEED was 7 and is 0"]
