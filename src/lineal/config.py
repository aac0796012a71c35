"""Settings: the only reader of the environment and of configuration files.

In falling order of authority: what a call or the command line says, ``LINEAL_…``
variables, ``lineal.toml``, ``[tool.lineal]`` in ``pyproject.toml``. The files are looked
for from the working directory upwards, the nearest that speaks of lineal counts.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from lineal.errors import ConfigurationError


class Settings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(
        env_prefix="LINEAL_", env_ignore_empty=True, extra="forbid", frozen=True
    )

    store: str | None = None
    """Folder or ``file://`` URL of the store; the nearest ``.lineal/`` by default."""
    catalog: str | None = None
    """URL of the catalog; ``catalog.db`` in the store by default."""
    runner: Literal["threads", "processes", "prefect"] = "threads"
    """What executes steps."""
    task_runner: Literal["threads", "processes", "dask", "ray"] = "threads"
    """What executes the tasks of a Prefect run."""
    address: str | None = None
    """Where the scheduler of a Dask or Ray cluster listens; one is started by default."""
    workers: int | None = Field(default=None, ge=1)
    """Steps executed at once; one per processor by default."""
    observe: Literal["off", "warn", "error"] = "warn"
    """What to do about what steps read without taking it as an argument."""
    profiles: Literal["full", "counts", "schema"] = "full"
    """How much the catalog tells of the items of tables, arrays and files."""
    seed: int = 0
    """The seed of runs that are given none."""
    trust_pickle: bool = True
    """Whether values that were pickled may be loaded from the store."""

    openlineage_api_key: SecretStr | None = None
    """The key that is sent to an OpenLineage endpoint."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Calls before variables before files."""
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, init_kwargs=_from_files(Path.cwd())),
        )


def read_settings(**given: Any) -> Settings:
    """The settings in force; what is given as None counts as not given.

    Raises:
        ConfigurationError: a setting is unknown or has a value it can't have; names it.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(Settings.model_fields))
            raise ConfigurationError(
                f"There is no setting {name!r}; there are {known}. Correct it in lineal.toml or"
                " [tool.lineal] in pyproject.toml."
            ) from None
        raise ConfigurationError(
            f"The setting {name!r} can't be used: {first['msg'].lower()} (got"
            f" {first.get('input')!r}). It may come from LINEAL_{name.upper()}, lineal.toml or"
            " [tool.lineal] in pyproject.toml."
        ) from None


def _from_files(start: Path) -> dict[str, Any]:
    for folder in (start, *start.parents):
        own = folder / "lineal.toml"
        if own.is_file():
            return _relative_to(folder, _read(own))
        project = folder / "pyproject.toml"
        if project.is_file():
            table = _read(project).get("tool", {}).get("lineal")
            if isinstance(table, dict):
                return _relative_to(folder, table)
    return {}


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The configuration {file} can't be read: {error}.") from None


def _relative_to(folder: Path, table: dict[str, Any]) -> dict[str, Any]:
    store = table.get("store")
    if isinstance(store, str) and "://" not in store:
        return table | {"store": str(folder / Path(store).expanduser())}
    return table
