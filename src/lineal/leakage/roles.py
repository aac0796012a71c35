"""What names say: which side of a split a table is, and whether it holds features or labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIDES = {
    "train": ("train", "training", "learn", "learning"),
    "valid": ("valid", "validation", "val", "dev", "development", "calibration"),
    "test": ("test", "testing", "holdout", "heldout", "eval", "evaluation", "unseen"),
}
_SIDE_OF = {word: side for side, words in _SIDES.items() for word in words}
_LABELS = {"y", "label", "labels", "target", "targets", "outcome", "outcomes"}
_FEATURES = {"x", "feature", "features"}
LABEL_COLUMNS = {*_LABELS, "class"}
"""Names, in lower case, that a column of labels may have."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a name says."""

    side: str
    """train, valid or test."""
    labels: bool
    """Whether the table holds the labels of another one."""
    rest: str
    """What the name says besides: names with the same rest belong together."""


def role_of(name: str) -> Role | None:
    """The role of a table by its name; None where its name says no side."""
    words = [word.lower() for word in _WORD.findall(name)]
    sides = [_SIDE_OF[word] for word in words if word in _SIDE_OF]
    if len(set(sides)) != 1:
        return None
    rest = [w for w in words if w not in _SIDE_OF and w not in _LABELS and w not in _FEATURES]
    return Role(side=sides[0], labels=not _LABELS.isdisjoint(words), rest=" ".join(rest))


ORDER = tuple(_SIDES)
"""Sides in the order in which data passes them."""
