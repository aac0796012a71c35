"""Clients of Prefect's that share what they trust."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CLIENTS = """
import os, ssl, sys
from pathlib import Path
import certifi
import prefect.main
from prefect.client import orchestration
from prefect.context import refresh_global_settings_context
from lineal.running.prefect.certificates import load_once

made = []
create = ssl.create_default_context
ssl.create_default_context = lambda *a, **k: made.append(create(*a, **k)) or made[-1]

def ask():
    with orchestration.get_client(sync_client=True) as client:
        pass
    return len(made)

ask()
load_once()
load_once()
before = len(made)
print("shared:", ask() - before, ask() - before)
mine = Path(sys.argv[1])
os.environ["PREFECT_API_SSL_CERT_FILE"] = str(mine)
refresh_global_settings_context()
mine.write_text(Path(certifi.where()).read_text())
before = len(made)
print("another file:", ask() - before, ask() - before)
os.utime(mine, (0, 0))
print("a changed file:", ask() - before)
os.environ["PREFECT_API_TLS_INSECURE_SKIP_VERIFY"] = "true"
refresh_global_settings_context()
before = len(made)
print("unverified:", ask() - before, made[-1].verify_mode is ssl.CERT_NONE)
del os.environ["PREFECT_API_TLS_INSECURE_SKIP_VERIFY"]
refresh_global_settings_context()
trusted = orchestration.ssl.create_default_context(cafile=str(mine))
print("verified:", int(trusted.verify_mode), trusted.check_hostname, bool(trusted.get_ca_certs()))
"""


@pytest.mark.slow
def test_certificates_are_loaded_once_for_each_file_and_trusted_as_asked(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLIENTS, str(tmp_path / "trusted.pem")],
        env={
            "PREFECT_HOME": str(tmp_path),
            "PREFECT_API_URL": "http://127.0.0.1:1/api",
            "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "shared: 1 1",
        "another file: 1 1",
        "a changed file: 2",
        "unverified: 1 True",
        "verified: 2 True True",
    ], done.stderr
