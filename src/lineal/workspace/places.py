"""Where a store lies."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse

from lineal.errors import ConfigurationError
from lineal.store import find_store

FOLDER = ".lineal"


def root_of(url: str | None) -> Path:
    """The folder of the store that a URL names; without one, the nearest store's.

    Raises:
        ConfigurationError: the URL is of a kind that can't be a store.
    """
    if url is None:
        return find_store(Path.cwd()) or Path.cwd() / FOLDER
    if "://" not in url:
        return Path(url).expanduser().absolute()
    parts = urlparse(url)
    if parts.scheme != "file":
        raise ConfigurationError(
            f"The store {url!r} can't be opened: only folders and file:// URLs can hold one."
            " Set LINEAL_STORE to a folder."
        )
    return Path(unquote(parts.path)).absolute()
