"""Whether hashes are sound, on the pairs of values of lineal's own suite."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

SUITE = Path(__file__).parents[2] / "tests/conformance/test_value_keys.py"
NEEDS = ("attrs", "polars", "pytest", "scipy", "sklearn")
"""What the suite imports."""


def suite() -> ModuleType:
    """The suite's module, with its tables of pairs."""
    spec = importlib.util.spec_from_file_location("value_keys", SUITE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def answers(hashed: Callable[[Any], Any], kind: str) -> tuple[list[str], list[str], list[str]]:
    """The names of pairs that a function gives one hash, gives two, and refuses.

    Args:
        hashed: Gives a value's hash, or raises.
        kind: ``MUST_DIFFER`` or ``MUST_AGREE``.
    """
    found = suite()
    same, different, refused = [], [], []
    for name, one, other in getattr(found, kind):
        try:
            with warnings.catch_warnings(action="ignore"):
                agree = hashed(found.made(one)) == hashed(found.made(other))
        except Exception:  # noqa: BLE001 - to raise is to refuse, whatever is raised
            refused.append(name)
        else:
            (same if agree else different).append(name)
    return same, different, refused
