"""What two sides of a split share: found by the hashes of rows, proved by their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lineal.lineage.diff import row_codes

from .hashing import row_hashes
from .report import Example, Level, Overlap

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from .hashing import Hashes

    Places = npt.NDArray[np.intp]

_EXAMPLES = 3
_CELLS = 8
_PLACES = 5
_TEXT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that may be the same on both sides."""

    level: Level
    columns: tuple[str, ...]
    labels: tuple[str, ...] = ()
    """Columns that should agree where the others do."""


@dataclass(slots=True)
class Sieve:
    """The hashes of one side, by question."""

    name: str
    rows: int
    hashes: Mapping[Question, Hashes]

    @classmethod
    def of(cls, name: str, frame: pd.DataFrame, questions: Sequence[Question]) -> Sieve:
        """Hash a table for all questions."""
        hashes = row_hashes(frame, *(question.columns for question in questions))
        return cls(name, len(frame), dict(zip(questions, hashes, strict=True)))

    def repeated(self, question: Question) -> int:
        """Rows that are like an earlier one of this side."""
        import numpy as np

        return self.rows - len(np.unique(self.hashes[question]))


def candidates(left: Sieve, right: Sieve, question: Question) -> tuple[Places, Places]:
    """The rows of both sides whose hashes meet."""
    import numpy as np

    one, other = left.hashes[question], right.hashes[question]
    common = np.intersect1d(one, other)
    if question.level is Level.KEY:
        common = common[common != _of_missing()]
    return np.flatnonzero(np.isin(one, common)), np.flatnonzero(np.isin(other, common))


def overlap(
    names: tuple[str, str],
    question: Question,
    frames: tuple[pd.DataFrame, pd.DataFrame],
    places: tuple[Places, Places],
) -> Overlap | None:
    """What candidates really share; None where nothing.

    Args:
        names: Of the two sides.
        question: What is compared.
        frames: The candidates alone, from each side.
        places: Where each of them stands in its table.
    """
    import numpy as np

    one, other = row_codes(*frames, question.columns)
    common = np.intersect1d(one, other)
    if not len(common):
        return None
    ours, theirs = np.isin(one, common), np.isin(other, common)
    return Overlap(
        left=names[0],
        right=names[1],
        level=question.level,
        key=question.columns[0] if question.level is Level.KEY else None,
        shared=len(common),
        left_rows=int(ours.sum()),
        right_rows=int(theirs.sum()),
        conflicting=_conflicting(question, frames, (one, other), common),
        examples=tuple(
            _example(code, question.columns, frames[0], (one, other), places)
            for code in _first(one[ours])
        ),
    )


def _conflicting(
    question: Question,
    frames: tuple[pd.DataFrame, pd.DataFrame],
    codes: tuple[Any, Any],
    common: Any,
) -> int | None:
    """Contents whose labels are not the same throughout."""
    import numpy as np
    import pandas as pd

    if not question.labels:
        return None
    labels = np.concatenate(row_codes(*frames, question.labels))
    rows = np.concatenate(codes)
    shared = np.isin(rows, common)
    by_content = pd.Series(labels[shared]).groupby(rows[shared])
    return int((by_content.min() != by_content.max()).sum())


def _first(codes: Any) -> list[int]:
    """A few different codes, in the order of the rows."""
    import pandas as pd

    return [int(code) for code in pd.unique(codes)[:_EXAMPLES]]


def _example(
    code: int,
    columns: Sequence[str],
    frame: pd.DataFrame,
    codes: tuple[Any, Any],
    places: tuple[Places, Places],
) -> Example:
    import numpy as np

    at = [np.flatnonzero(side == code)[:_PLACES] for side in codes]
    row = frame.iloc[int(at[0][0])]
    content: Mapping[str, str] = {name: _shown(row[name]) for name in columns[:_CELLS]}
    left, right = (
        tuple(int(place) for place in where[inner]) for where, inner in zip(places, at, strict=True)
    )
    return Example(content=content, left=left, right=right)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def _of_missing() -> Any:
    """The hash of a key that is missing, which names nobody."""
    import pandas as pd

    return row_hashes(pd.DataFrame({"key": [None]}), ["key"])[0][0]
