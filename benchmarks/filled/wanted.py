"""What both sides are to record of each run."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

METRICS = ("auc", "f1", "loss")
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One run."""

    place: int
    params: dict[str, str]
    metrics: dict[str, float]

    @property
    def id(self) -> str:
        return uuid.UUID(int=self.place + 1).hex

    @property
    def name(self) -> str:
        return f"run-{self.place}"

    @property
    def began(self) -> datetime:
        return _BEGAN + timedelta(minutes=self.place)

    @property
    def ended(self) -> datetime:
        return self.began + timedelta(seconds=30)


def wanted(count: int) -> Iterator[Wanted]:
    """So many runs of a search over parameters, always the same."""
    random_ = random.Random(7)
    for place in range(count):
        yield Wanted(
            place=place,
            params={
                "depth": str(random_.randrange(2, 12)),
                "learning_rate": str(random_.choice([0.1, 0.03, 0.01])),
                "n_estimators": str(random_.randrange(50, 1000, 50)),
                "seed": str(place),
                "features": random_.choice(["all", "numeric", "selected"]),
            },
            metrics={name: random_.random() for name in METRICS},
        )
