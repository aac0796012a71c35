"""Seeding: every execution starts the global random generators from its own seed.

The seed comes from the run's seed and the step's name, so it does not depend on the
schedule. What a step drew is noticed by comparing the generators' states before and
after. The generators belong to the process: while several steps run side by side none
is seeded anew, and one that draws then counts as having used its seed all the same.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xxhash import xxh3_64_intdigest

_lock = threading.Lock()
_active = 0


def step_seed(run_seed: int, step: str) -> int:
    """The seed of a step, below 2**32; a map's index is part of the step's name."""
    return xxh3_64_intdigest(f"{run_seed}\x1f{step}".encode()) & 0xFFFFFFFF


class Draws:
    """Whether the generators were drawn from."""

    used: bool = False


@contextmanager
def seeded(seed: int) -> Iterator[Draws]:
    """Seed `random`, NumPy's global state and torch (if imported); restore them after."""
    global _active
    draws = Draws()
    with _lock:
        _active += 1
        alone = _active == 1
        before = _states() if alone else None
        if alone:
            _seed(seed)
        start = _states()
    try:
        yield draws
    finally:
        with _lock:
            draws.used = _differ(start, _states())
            _active -= 1
            if before is not None and _active == 0:
                _restore(before)


def _states() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate()}
    if (numpy := sys.modules.get("numpy")) is not None and hasattr(numpy, "random"):
        states["numpy"] = numpy.random.get_state()
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "get_rng_state"):
        states["torch"] = torch.get_rng_state()
    return states


def _seed(seed: int) -> None:
    random.seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None and hasattr(numpy, "random"):
        numpy.random.seed(seed)
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "manual_seed"):
        torch.manual_seed(seed)


def _restore(states: dict[str, Any]) -> None:
    random.setstate(states["random"])
    if "numpy" in states:
        sys.modules["numpy"].random.set_state(states["numpy"])
    if "torch" in states:
        sys.modules["torch"].set_rng_state(states["torch"])


def _differ(start: dict[str, Any], end: dict[str, Any]) -> bool:
    if start["random"] != end["random"]:
        return True
    if "numpy" in start:
        old, new = start["numpy"], end["numpy"]
        if old[2:] != new[2:] or bool((old[1] != new[1]).any()):
            return True
    return "torch" in start and not bool((start["torch"] == end["torch"]).all())
