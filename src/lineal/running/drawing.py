"""Telling in advance which tasks draw from the global random generators.

It is a guess that only saves work: one that draws unforeseen is found out by the states
of the generators, and executed again (see `seeding`).
"""

from __future__ import annotations

import random
import sys
import types
from collections.abc import Callable
from typing import Any

from lineal.digests.bytecode import read_bytecode
from lineal.digests.wrappers import is_project_function

_MODULES = ("random", "numpy.random", "torch")
_OWN_STATE = frozenset({
    "default_rng", "Generator", "RandomState", "SeedSequence", "Random", "SystemRandom",
})  # fmt: skip
"""What they offer that has a state of its own."""
_MOST = 200
"""Functions looked at before it is left to what will be seen."""
QUICK = 0.05
"""Seconds in which what was done in vain may be done again."""
_seen: dict[types.CodeType, bool] = {}
_quick: set[types.CodeType] = set()
"""What took less when it was alone last."""
_guesses: dict[types.CodeType, bool] = {}


def likely_draws(fn: Callable[..., Any]) -> bool:
    """Whether a function was seen to draw, or names a global generator, also in its helpers."""
    if not isinstance(fn, types.FunctionType):
        return False
    code = fn.__code__
    if code in _seen:
        return _seen[code]
    if code not in _guesses:
        _guesses[code] = _names_generators(fn)
    return _guesses[code]


def goes_unsown(fn: Callable[..., Any]) -> bool:
    """Whether a function drew nothing so far when it was alone, and is quickly called again."""
    code = getattr(fn, "__code__", None)
    return code in _quick and not _seen.get(code, True)


def note_draws(fn: Callable[..., Any], drew: bool, seconds: float) -> None:
    """Remember what a function did while it was alone; having drawn once is enough."""
    code = getattr(fn, "__code__", None)
    if code is not None:
        _seen[code] = drew or _seen.get(code, False)
        (_quick.add if seconds < QUICK else _quick.discard)(code)


def _names_generators(fn: types.FunctionType) -> bool:
    waiting: list[Any] = [fn]
    met: set[int] = set()
    while waiting and len(met) < _MOST:
        function = waiting.pop()
        if not isinstance(function, types.FunctionType) or id(function) in met:
            continue
        met.add(id(function))
        read = read_bytecode(function.__code__)
        if any(_takes_generators(name, taken) for name, _, taken in read.imports):
            return True
        for first, *chain in read.names:
            thing = _follow(function.__globals__.get(first), chain)
            if _is_generator(thing):
                return True
            thing = getattr(thing, "fn", thing)
            if isinstance(thing, types.FunctionType) and is_project_function(thing):
                waiting.append(thing)
    return False


def _takes_generators(module: str, taken: tuple[str, ...]) -> bool:
    return module in _MODULES and not (taken and _OWN_STATE.issuperset(taken))


def _follow(thing: Any, chain: list[str]) -> Any:
    """What a chain of attributes leads to, as far as it goes through modules."""
    for name in chain:
        if not isinstance(thing, types.ModuleType) or thing.__name__ == "torch":
            break
        thing = vars(thing).get(name)
    return thing


def _is_generator(thing: Any) -> bool:
    if isinstance(thing, types.ModuleType):
        return thing.__name__ in _MODULES
    owner = getattr(thing, "__self__", None)
    numpy = sys.modules.get("numpy.random.mtrand")
    shared = (getattr(random, "_inst", None), getattr(numpy, "_rand", None))
    return owner is not None and any(owner is generator for generator in shared)
