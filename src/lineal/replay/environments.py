"""Building the environment that a run was recorded in, as far as it can still be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lineal import digests
from lineal.errors import EnvironmentNotBuilt, ReferenceNotFound
from lineal.records import Environment, RunRecord
from lineal.running import Services

_SHOWN = 10
OWN = ("lineal", "pip", "setuptools", "uv")
"""Not installed as recorded: ours is linked, and the others don't take part in a run."""
_COMPLETE = "lineal-complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An environment that was built."""

    python: Path
    missing: tuple[str, ...]
    """Distributions that could not be installed, as ``name==version``."""
    notes: tuple[str, ...]


def environment_of(services: Services, record: RunRecord) -> Environment | None:
    """The environment that a run was recorded in; None where it was not."""
    if record.environment is None:
        return None
    try:
        return services.catalog.environment(record.environment)
    except ReferenceNotFound:
        return None


def cache_folder() -> Path:
    """The user's folder for environments that were built."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lineal" / "environments"


def build(environment: Environment, cache: Path | None = None) -> Built:
    """A Python with the recorded distributions, built once and kept by the environment's digest.

    Made with uv where that is installed, else with venv and pip; where they look for
    distributions is for their own settings to say.

    Raises:
        EnvironmentNotBuilt: not even an empty one can be made.
    """
    folder = (cache or cache_folder()) / environment.digest.hex
    python = folder / "bin" / "python"
    mark = folder / _COMPLETE
    if not mark.is_file():
        if folder.exists():
            shutil.rmtree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make(folder, environment)
        wanted = [
            f"{name}=={version}"
            for name, version in environment.distributions.items()
            if name.lower() not in OWN
        ]
        missing = _install(python, wanted)
        _link_own(python)
        mark.write_text("\n".join(missing), "utf-8")
    lost = tuple(line for line in mark.read_text("utf-8").splitlines() if line)
    return Built(python=python, missing=lost, notes=tuple(_notes(environment, lost)))


def _make(folder: Path, environment: Environment) -> None:
    version = environment.python.partition(" ")[0]
    uv = shutil.which("uv")
    if uv is not None:
        for wanted in (version, version.rpartition(".")[0], sys.executable):
            if _runs([uv, "venv", "--quiet", "--python", wanted, str(folder)]):
                return
    told = _output([sys.executable, "-m", "venv", str(folder)])
    if told is not None:
        raise EnvironmentNotBuilt(
            f"An environment for Python {version} can't be made in {folder}: {told} Replay with"
            " --env current."
        )


def _install(python: Path, wanted: Sequence[str]) -> list[str]:
    """Install all at once, or one by one where that fails; returns what can't be."""
    uv = shutil.which("uv")
    command = (
        [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python)]
        if uv is not None
        else [str(python), "-m", "pip", "install", "--quiet", "--no-deps",
              "--disable-pip-version-check"]
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="lineal-env-") as name:
        listed = Path(name, "requirements.txt")
        listed.write_text("\n".join(wanted), "utf-8")
        if not wanted or _runs([*command, "-r", str(listed)]):
            return []
    return [one for one in wanted if not _runs([*command, one])]


def _link_own(python: Path) -> None:
    """Let the environment see this lineal, which has to understand the job it is given."""
    asked = subprocess.run(  # noqa: S603 - the Python we built
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    target = Path(asked.stdout.strip(), "lineal")
    if not target.exists():
        target.symlink_to(Path(digests.__file__).resolve().parents[1])


def _notes(environment: Environment, missing: Sequence[str]) -> list[str]:
    told = []
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        told.append(f"These could not be installed: {', '.join(missing[:_SHOWN])}{more}.")
    recorded = environment.distributions.get("lineal")
    if recorded is not None:
        told.append(f"lineal itself is today's; the run was recorded by {recorded}.")
    return told


def _runs(command: Sequence[str]) -> bool:
    return _output(command) is None


def _output(command: Sequence[str]) -> str | None:
    """None when a command succeeds, else the end of what it printed."""
    done = subprocess.run(  # noqa: S603 - fixed commands
        list(command), capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return None
    return ((done.stderr or done.stdout).strip().splitlines() or ["it failed."])[-1]
