"""A PostgreSQL server of the tests' own: started once, on loopback, with a database per test."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def why_not() -> str | None:
    """Why no server can be started here; None when one can."""
    if _program("initdb") is None:
        return "PostgreSQL's initdb is not installed here"
    if os.getuid() == 0 and _unprivileged() is None:
        return "PostgreSQL refuses to run as root, and there is no user `postgres`"
    return None


class Server:
    """A running server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._names = count(1)

    def new_database(self) -> str:
        """The SQLAlchemy URL of an empty database."""
        name = f"catalog_{next(self._names)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://lineal@127.0.0.1:{self._port}/{name}"

    def _address(self, database: str) -> str:
        return f"host=127.0.0.1 port={self._port} user=lineal dbname={database}"


@contextmanager
def running() -> Iterator[Server]:
    """A server for the length of the block."""
    folder = Path(tempfile.mkdtemp(prefix="lineal-postgresql-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if (user := _unprivileged()) is not None:
        shutil.chown(folder, user)
    data, control = str(folder / "data"), _program("pg_ctl")
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    try:
        _call(_program("initdb"), "-D", data, "-U", "lineal", "-A", "trust", "-E", "UTF8")
        _call(control, "-D", data, "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield Server(port)
        finally:
            _call(control, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    for folder in _PLACES:
        if (folder / name).is_file():
            return str(folder / name)
    return shutil.which(name)


def _unprivileged() -> str | None:
    """The user to run the server as, when this one is root."""
    if getpass.getuser() != "root":
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


def _call(program: str | None, *arguments: str) -> None:
    assert program is not None
    done = subprocess.run(
        [program, *arguments],
        user=_unprivileged(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, f"{Path(program).name} ended with {done.returncode}"
