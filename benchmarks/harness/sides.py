"""What takes part in a comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Side:
    """One tool doing the work of a row.

    Args:
        name: The tool, the same in every row of a file: it is a column of the table.
        run: The work; this is timed. May be a :class:`harness.Command`, a whole process.
        prepare: Called before each timed round, and not timed. A side with ``prepare`` runs
            once a sample; one without runs as often as a sample needs to be long enough.
        does: What the tool really does: is it durable, what does it record?
        per: Units that one call of ``run`` does, when not as many as the row says: a slow tool
            may do fewer, as a time is for each unit.
        needs: Modules that must be there; without them the side is left out.
    """

    name: str
    run: Callable[[], Any]
    prepare: Callable[[], object] | None = None
    does: str = ""
    per: int | None = None
    needs: tuple[str, ...] = ()
