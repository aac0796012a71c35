"""Bringing Prefect in quietly: what it says and draws at random stays out of the run's way.

All of it holds in this process and those it starts, and none of it where the user has
said otherwise, in a variable or in a profile of Prefect's. A process that has brought
Prefect in by itself is left as it is.
"""

from __future__ import annotations

import logging
import os
import random
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from .certificates import load_once

_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # failures are told by the run
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
}
_API = "PREFECT_API_URL"
_LIBRARIES = ("prefect", "websockets", "coolname", "httpx", "anyio")

_ours: set[str] = set()
"""Variables of Prefect's that were set here; ``prefect`` where it was imported here."""


def bring_in(serve: Callable[[Mapping[str, str]], str]) -> None:
    """Import Prefect, with settings where the user has left them open.

    Args:
        serve: Gives the URL of an API, where none is configured, for a server with some
            variables; asked anew for each run, as a server may have died.
    """
    if "prefect.main" not in sys.modules:
        _import()
        _ours.add("prefect")
    given = _given()
    if _API in _ours or ("prefect" in _ours and _API not in given):
        _set({_API: serve(given)})
    draw_privately()
    load_once()


def _import() -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    os.environ.setdefault("DO_NOT_TRACK", "1")

    given = _given()
    _set({name: value for name, value in _QUIET.items() if name not in given})
    import_module("prefect.main")

    root.handlers[:] = handlers  # they take down what steps log
    root.setLevel(level)


def _given() -> Mapping[str, str]:
    """The settings of Prefect's that are not defaults, as variables."""
    from prefect.settings.context import get_current_settings

    return get_current_settings().to_environment_variables(exclude_unset=True)


def _set(variables: Mapping[str, str]) -> None:
    """Set variables for all threads of this process, and for processes it starts."""
    from prefect.context import refresh_global_settings_context

    os.environ.update(variables)
    _ours.update(variables)
    refresh_global_settings_context()


def draw_privately() -> None:
    """Give Prefect and what it is made of a generator of their own.

    The global one belongs to the steps, each of which starts it from its own seed; what
    another thread draws from it meanwhile would be missing there.
    """
    own = random.Random()  # noqa: S311 - for intervals and names
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _LIBRARIES and vars(module).get("random") is random:
            module.random = own  # type: ignore[attr-defined]
