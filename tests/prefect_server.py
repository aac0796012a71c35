"""A Prefect server for tests: one per session, with a home of its own, gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lineal.running.prefect.server import TemporaryServer

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
}


@contextmanager
def running(home: Path) -> Iterator[str]:
    """Serve meanwhile, and have this process and its children use the server; gives its URL."""
    before = dict(os.environ)
    os.environ.update(QUIET, PREFECT_HOME=str(home))
    server = TemporaryServer()
    try:
        os.environ["PREFECT_API_URL"] = url = server.url({}, patience=180)
        yield url
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)
