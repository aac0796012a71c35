"""A module beside the pipeline's, as projects have them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    x: int
    y: int


def doubled(x: int) -> int:
    return 2 * x
