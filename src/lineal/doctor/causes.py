"""From what moves a step, and what holds it still, to the likely cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .report import Evidence, Kind

HASH, THREADS, CLOCK, RANDOMNESS, ALL = (
    "the hash seed", "threads", "the clock", "randomness", "all of these",
)  # fmt: skip
"""Names of conditions."""
EQUAL = "everything equal"
KINDS = {CLOCK: Kind.CLOCK, RANDOMNESS: Kind.RANDOMNESS, THREADS: Kind.THREADS}
_WHY = {
    Kind.CLOCK: "it looks at the clock: with that stopped it comes out the same each time",
    Kind.RANDOMNESS: "it draws random numbers without a seed (os.urandom, uuid4, default_rng()):"
    " with these held fixed it comes out the same each time",
    Kind.THREADS: "it depends on the order in which threads finish: one after the other they give"
    " the same each time",
}
_ROUNDING = "; numbers differ by rounding alone, as when floats are summed in another order"


def of_moved(
    moved: Iterable[str], rounding: bool, evidence: Sequence[Evidence]
) -> tuple[Kind, str]:
    """The cause of a step that is the same each time until one thing is otherwise.

    Args:
        moved: Names of the conditions under which it came out otherwise.
        rounding: Whether its numbers differ by no more than rounding.
        evidence: What stands out in its code.
    """
    first = next(iter(moved))
    seen = [one.kind for one in evidence]
    # Sums in the order of threads have few results, and may be the same by chance.
    if rounding and Kind.THREADS in seen and Kind.HASH_SEED not in seen:
        return Kind.THREADS, f"it depends on the order of threads{_ROUNDING}"
    if first == HASH:
        return Kind.HASH_SEED, (
            "it goes through a set, or asks for a hash: it comes out otherwise with another"
            " PYTHONHASHSEED"
        )
    if first == THREADS:
        told = "it comes out otherwise with another number of threads"
        return Kind.THREADS, told + (_ROUNDING if rounding else "")
    return Kind.CLOCK, "it looks at the clock: it comes out otherwise on another day"


def of_restless(
    steady: Mapping[str, bool],
    rounding: bool,
    evidence: Sequence[Evidence],
    observed: Sequence[str],
) -> tuple[Kind | None, str]:
    """The cause of a step that differs although everything is equal.

    Args:
        steady: By condition that holds something fixed, whether it was the same under it.
        rounding: Whether its numbers differ by no more than rounding.
        evidence: What stands out in its code.
        observed: What it read unasked.
    """
    seen = [one.kind for one in evidence]
    held = [KINDS[name] for name in (CLOCK, RANDOMNESS, THREADS) if steady.get(name)]
    # A result with few values may be the same by chance; what the code shows decides then.
    held = [kind for kind in held if kind in seen] or held
    if rounding:  # a clock or a draw would show in more than the last digits
        return Kind.THREADS, f"it depends on the order of threads{_ROUNDING}"
    if held:
        return held[0], _WHY[held[0]]
    if steady.get(ALL):
        return (seen or [Kind.RANDOMNESS])[0], (
            "several of clock, unseeded randomness and the order of threads: with all held fixed"
            " it comes out the same each time"
        )
    if any(name.startswith(("network:", "process:")) for name in observed):
        return Kind.OUTSIDE, f"it reaches outside: {', '.join(observed[:5])}"
    if seen:
        return seen[0], f"not proved; its code shows: {evidence[0].told}"
    return None, "not found: neither the clock nor randomness nor threads, as far as can be held"


def in_order(evidence: Iterable[Evidence], kind: Kind | None) -> tuple[Evidence, ...]:
    """Evidence of the likely cause first."""
    return tuple(sorted(evidence, key=lambda one: one.kind is not kind))


def rounding_alone(differences: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether values differ by no more than rounding: numbers by a trillionth of themselves."""
    return bool(differences) and all(found["within"] for found in differences.values())
