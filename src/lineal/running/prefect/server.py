"""The temporary server: where no server is configured, Prefect's own, for this process alone.

It is what Prefect would start by itself, but it ends with this process even when that is
killed, and Ctrl-C in a terminal does not end it before the run has said how it ended.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from lineal.errors import UserError

PATIENCE = 90.0
"""Seconds it may take to start, unless Prefect's settings say otherwise."""
_OWN = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}


class TemporaryServer:
    """A server that is started when it is first wanted, and stays while this process does."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""
        self._lock = threading.Lock()

    @property
    def runs(self) -> bool:
        """Whether it is there already."""
        return self._process is not None and self._process.poll() is None

    def url(self, environment: Mapping[str, str], patience: float = PATIENCE) -> str:
        """Where its API is; starts it, if it does not run.

        Args:
            environment: Variables of its process, beside those of this one.
            patience: Seconds it may take.

        Raises:
            UserError: it does not start.
        """
        with self._lock:
            if not self.runs:
                self._start(environment, patience)
            return self._url

    def stop(self) -> None:
        """End it, if it runs."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _start(self, environment: Mapping[str, str], patience: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and our own file
            [sys.executable, "-P", str(Path(__file__).with_name("serving.py"))],
            env={**os.environ, **_OWN, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        atexit.register(self.stop)
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip().decode()
        self._url = f"http://127.0.0.1:{port}/api"
        if not port or not self._answers(time.monotonic() + patience):
            self._process.kill()
            raise UserError(
                "Prefect's temporary server did not start. Start one yourself with `prefect server"
                " start` to see why, and name it with PREFECT_API_URL; or run without --runner"
                " prefect."
            )

    def _answers(self, until: float) -> bool:
        import httpx

        with httpx.Client() as client:
            while time.monotonic() < until and self.runs:
                try:
                    if client.get(f"{self._url}/health").status_code == httpx.codes.OK:
                        return True
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
        return False


temporary = TemporaryServer()
