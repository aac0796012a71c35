"""The process of a temporary server: ``python -P serving.py``; not for people.

Prefect's own server, on a free port of this machine, for as long as whoever started it
lives: it ends when its standard input does, however that came about.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

import uvicorn

GRACE = 10.0
"""Seconds it may take to end."""


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


class _Server(uvicorn.Server):
    """Goes on at Ctrl-C, which is for all processes of a terminal: the run has yet to end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig != signal.SIGINT:
            super().handle_exit(sig, frame)


def main() -> None:
    """Serve; the first line of output is the port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = uvicorn.Config(
        "prefect.server.api.server:create_app", factory=True, log_level="error", lifespan="on"
    )
    _Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
