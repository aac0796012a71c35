"""What every test stands on: a store of its own, plain output, and the same random choices."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from . import endpoint as endpoints
from . import nightly as nightlies
from . import postgresql
from . import prefect_server as prefect_servers

# Set before anything imports Matplotlib or makes a console, also in child processes.
os.environ["MPLBACKEND"] = "Agg"
os.environ["NO_COLOR"] = "1"
os.environ.pop("FORCE_COLOR", None)

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts itself.
signal.signal(signal.SIGINT, signal.default_int_handler)

# `ci` draws the same examples every time, so that a failure means the code has changed;
# `explore` looks for new ones: pytest --hypothesis-profile=explore
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", derandomize=True, **_COMMON)
settings.register_profile("explore", max_examples=1000, **_COMMON)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The test's own store, so that none ever touches the working tree's.

    It is not made before something opens it. Other settings of the developer are not seen.
    """
    for name in [n for n in os.environ if n.startswith("LINEAL_") and n != "LINEAL_TEST_DATA"]:
        monkeypatch.delenv(name)
    folder = tmp_path / ".lineal"
    monkeypatch.setenv("LINEAL_STORE", str(folder))
    yield folder
    if "lineal.workspace" in sys.modules:
        sys.modules["lineal.workspace"].close_current()


@pytest.fixture(scope="session")
def new_postgresql() -> Iterator[Callable[[], str]]:
    """Makes the URL of an empty PostgreSQL database, on a server that the tests start."""
    reason = postgresql.why_not()
    if reason is not None:
        pytest.skip(reason)
    with postgresql.running() as server:
        yield server.new_database


@pytest.fixture
def endpoint() -> Iterator[endpoints.Endpoint]:
    """An OpenLineage endpoint: a real server on the loopback interface."""
    with endpoints.listening() as listening:
        yield listening


@pytest.fixture
def nightly(tmp_path: Path) -> Path:
    """The folder of a project with a pipeline that is run at set times."""
    return nightlies.write(tmp_path)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prefect server for all tests that need one, which this process uses."""
    with prefect_servers.running(tmp_path_factory.mktemp("prefect")) as url:
        yield url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first, so that what is broken shows early; what needs a server last."""
    items.sort(
        key=lambda item: (
            item.get_closest_marker("slow") is not None,
            item.get_closest_marker("prefect") is not None,
        )
    )
