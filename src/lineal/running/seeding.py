"""Seeding: every execution starts the global random generators from its own seed.

The seed comes from the run's seed and the step's name (in which a map's index stands),
so it does not depend on the schedule. The generators belong to the process, so a step
that draws from them has to be alone in it:

- What is known or looks likely to draw waits until it is alone, and keeps the others out.
- The rest runs side by side. Generators that were drawn from meanwhile can't tell by whom;
  each step that overlapped with the draw is executed again, alone (see `execute`).
- What drew nothing when it was alone, and is quick, is not seeded, as that takes longer than
  a small step. If it draws after all, it is executed again, alone and seeded.

A step that imports NumPy first of all and draws from it is executed again as well: until then
there was nothing to seed. So a draw always comes from the step's own seed, whatever ran beside
it. What a step drew is noticed by comparing the generators' states before and after.

Reading a whole state costs more than a small step, so a run sets the states aside once
for all its steps (`lent`), and states are compared as they lie in memory where that is known
and enough.
"""

from __future__ import annotations

import ctypes
import random
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import cache
from typing import Any, Self

from xxhash import xxh3_64_intdigest

_MT19937_BYTES = 2500
"""Size of a Mersenne Twister's state: 624 words of 32 bits and a position."""
_HEAD = object.__basicsize__
"""Bytes of an object before what is its own."""
_POLL = 0.2
"""Seconds after which a waiting step looks up, so that it can be interrupted."""


def step_seed(run_seed: int, step: str) -> int:
    """The seed of a step, below 2**32; a map's index is part of the step's name."""
    return xxh3_64_intdigest(f"{run_seed}\x1f{step}".encode()) & 0xFFFFFFFF


def argument_seed(run_seed: int, step: str, argument: str) -> int:
    """The seed that a step takes as an argument: not the one its generators start from."""
    return step_seed(run_seed, f"{step}\x1f{argument}")


class Turn:
    """One execution's stay among those that share the generators, while the block lasts.

    Args:
        seed: What they start from.
        alone: Whether to wait for all others to end, and to keep others out.
        sown: Whether they are started from the seed in any case.
    """

    def __init__(self, seed: int, *, alone: bool, sown: bool = True) -> None:
        self.seed = seed
        self.alone = alone
        self.sown = sown
        self.shared = False
        """Whether anything else ran meanwhile."""
        self.used = False
        """Whether the generators were drawn from, by whomever."""
        self.unseeded = False
        """Whether it drew from a generator that came to be meanwhile, and so had no seed."""
        self._start: dict[str, Any] = {}
        self._token: Token[Turn | None]

    def __enter__(self) -> Self:
        _gate.enter(self)
        self._token = _current.set(self)
        return self

    def __exit__(self, *_error: object) -> None:
        _current.reset(self._token)
        _gate.leave(self)

    @property
    def disturbed(self) -> bool:
        """Whether what was drawn may not have come from this turn's own seed."""
        return self.used and (self.shared or self.unseeded or not self.sown)

    def begin(self) -> None:
        """Start the generators from the seed, unless others are there; before each attempt."""
        with _gate.changed:
            self.end()
            self._start = {} if self.sown and not self.shared else _marks()
            # Where only a whole state would tell of a draw, seeding is the quicker way.
            if not self.shared and (self.sown or "numpy" in self._start):
                _seed(self.seed)
                self.sown = True
                self._start = _marks()

    def end(self) -> None:
        """Note whether the generators were drawn from since they were started."""
        if self._start:
            self.unseeded = self.unseeded or _drawn_unseeded(self._start)
            self.used = self.used or self.unseeded or _differ(self._start, _marks(like=self._start))


class _Gate:
    """Who is executing in this process now."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.inside: list[Turn] = []
        self.waiting = 0
        """Turns that want to be alone; those that don't let them go first."""
        self.before: dict[str, Any] | None = None
        """The generators' states before the first of those inside came."""
        self.lent = 0
        """Runs that restore the generators when they are through with all their steps."""

    def enter(self, turn: Turn) -> None:
        with self.changed:
            if turn.alone:
                self.waiting += 1
                try:
                    self._wait(lambda: not self.inside)
                finally:
                    self.waiting -= 1
                    self.changed.notify_all()
            else:
                self._wait(lambda: not self.waiting and not any(t.alone for t in self.inside))
            if not self.inside:
                self.set_aside()
            else:
                turn.shared = True
                for other in self.inside:
                    other.shared = True
            self.inside.append(turn)

    def leave(self, turn: Turn) -> None:
        with self.changed:
            turn.end()
            self.inside.remove(turn)
            self.go_back()
            self.changed.notify_all()

    def set_aside(self) -> None:
        if self.before is None:
            self.before = _states()

    def go_back(self) -> None:
        if not self.inside and not self.lent and self.before is not None:
            _restore(self.before)
            self.before = None

    def _wait(self, free: Any) -> None:
        while not free():
            self.changed.wait(_POLL)


_gate = _Gate()
_current: ContextVar[Turn | None] = ContextVar("current_turn", default=None)


def seeded(seed: int, *, alone: bool = False, sown: bool = True) -> Turn:
    """A turn, whose `begin` seeds `random`, NumPy's global state and torch (if imported).

    They are restored after. See `Turn`.
    """
    return Turn(seed, alone=alone, sown=sown)


@contextmanager
def lent() -> Iterator[None]:
    """Leave the generators to steps meanwhile, and restore them once at the end. Nests."""
    with _gate.changed:
        _gate.lent += 1
        _gate.set_aside()
    try:
        yield
    finally:
        with _gate.changed:
            _gate.lent -= 1
            _gate.go_back()


@contextmanager
def stepped_out() -> Iterator[bool]:
    """Let others go on while a step waits for a run of its own, which takes turns as well.

    Gives whether there is such a step.
    """
    turn = _current.get()
    if turn is None:
        yield False
        return
    token = _current.set(None)
    drawn = _states()
    _gate.leave(turn)
    try:
        yield True
    finally:
        _gate.enter(turn)
        with _gate.changed:
            _restore(drawn)
            turn._start = _whole_marks()  # noqa: SLF001 - the inner run's draws are not the step's
        _current.reset(token)


_fresh: list[bytes | None] = [None]
"""NumPy's state as it was seeded last."""


def _marks(like: dict[str, Any] | None = None) -> dict[str, Any]:
    """What tells whether anything was drawn.

    NumPy keeps the second of two normal numbers for later, beside its state. It has none
    just after seeding, so the first draw always shows in the state in place; later on only
    the whole state tells.
    """
    if _numpy_random() is None:
        return {"random": _mark_of_random(), **_state_of_torch()}
    raw = _in_place() if like is None or "raw" in like else None
    if raw is None or (like is None and raw != _fresh[0]):
        return _whole_marks()
    return {"random": _mark_of_random(), "raw": raw, **_state_of_torch()}


def _whole_marks() -> dict[str, Any]:
    return {**_states(), "random": _mark_of_random()}


def _mark_of_random() -> Any:
    """The state of `random`, in whichever form is quickest."""
    generator: Any = getattr(random.getstate, "__self__", None)
    if generator is None or type(generator) is not random.Random or not _lies_in_place():
        return random.getstate()
    # The second of two normal numbers is kept for later, beside the state.
    kept = getattr(generator, "gauss_next", None)
    return ctypes.string_at(id(generator) + _HEAD, _MT19937_BYTES), kept


@cache
def _lies_in_place() -> bool:
    """Whether CPython's `random.Random` lies in memory as a position and 624 words of 32 bits."""
    if sys.implementation.name != "cpython" or random.Random.__basicsize__ < _HEAD + _MT19937_BYTES:
        return False
    generator = random.Random(1)  # noqa: S311 - it keeps no secrets
    place, *words = struct.unpack("=625I", ctypes.string_at(id(generator) + _HEAD, _MT19937_BYTES))
    return bool(generator.getstate()[1] == (*words, place))


def _drawn_unseeded(start: dict[str, Any]) -> bool:
    """Whether NumPy was imported since, and drawn from: the system gave it its seed then."""
    if "numpy" in start or "raw" in start or (module := _numpy_random()) is None:
        return False
    drawn, fresh = module.get_state(), module.RandomState().get_state()
    return bool(drawn[2:] != fresh[2:])


def _in_place() -> bytes | None:
    """NumPy's state as it lies in memory; None where it is not the usual generator's."""
    module = _numpy_random()
    get = getattr(module, "get_bit_generator", None)
    generator: Any = get() if get is not None else None
    if module is None or type(generator) is not module.MT19937:
        return None
    return ctypes.string_at(generator.ctypes.state_address, _MT19937_BYTES)


def _numpy_random() -> Any:
    """The module, unless NumPy is not imported, or another thread is still at it."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if numpy is not _imported[0]:
        if getattr(getattr(numpy, "__spec__", None), "_initializing", False):
            return None
        _imported[0] = numpy
    return getattr(numpy, "random", None)


_imported: list[Any] = [None]
"""NumPy, once it was found whole."""


def _states() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate()}
    if (module := _numpy_random()) is not None:
        states["numpy"] = module.get_state()
    return {**states, **_state_of_torch()}


def _state_of_torch() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_rng_state"):
        return {}
    return {"torch": torch.get_rng_state()}


def _seed(seed: int) -> None:
    random.seed(seed)
    if (module := _numpy_random()) is not None:
        module.seed(seed)
        _fresh[0] = _in_place()
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
    if "raw" in start and start["raw"] != end.get("raw"):
        return True
    if "numpy" in start:
        if "numpy" not in end:
            return True
        old, new = start["numpy"], end["numpy"]
        if old[2:] != new[2:] or bool((old[1] != new[1]).any()):
            return True
    return "torch" in start and not bool((start["torch"] == end["torch"]).all())
