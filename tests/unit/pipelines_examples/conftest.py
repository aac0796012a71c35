"""The example pipelines as modules, the way a user's own file is imported."""

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).parents[3] / "pipelines"


def module(name):
    spec = importlib.util.spec_from_file_location(f"examples_{name}", HERE / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="session")
def diagnosis():
    return module("diagnosis")


@pytest.fixture(scope="session")
def intrusion():
    return module("intrusion")


@pytest.fixture(scope="session")
def loans():
    return module("loans")


@pytest.fixture(scope="session")
def fraud():
    return module("fraud")
