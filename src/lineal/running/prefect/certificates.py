"""Loading certificates once: each client of Prefect's loads all of them anew.

That takes longer (20 ms) than anything else of a task run on a worker, which makes two
clients for it. A context of TLS is made to be shared, by threads too.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any


def load_once() -> None:
    """Have the clients that Prefect makes from now on share what they have loaded."""
    clients: Any = import_module("prefect.client.orchestration")
    if clients.ssl is ssl:
        clients.ssl = _Ssl()


class _Ssl:
    """The module ``ssl``, but for contexts that trust the certificates of one file."""

    def __getattr__(self, name: str) -> Any:
        return getattr(ssl, name)

    @staticmethod
    def create_default_context(**wanted: Any) -> ssl.SSLContext:
        """One for all who want the same file, as long as that is what it was."""
        if wanted.keys() != {"cafile"}:
            return ssl.create_default_context(**wanted)
        found = Path(wanted["cafile"]).stat()
        return _trusting(wanted["cafile"], (found.st_dev, found.st_ino, found.st_mtime_ns))


@lru_cache(maxsize=4)
def _trusting(file: str, version: tuple[int, ...]) -> ssl.SSLContext:  # noqa: ARG001 - for the cache
    return ssl.create_default_context(cafile=file)
