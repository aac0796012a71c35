"""A store apart: the records of one run in a store of their own, with borrowed bytes.

What is run there leaves the store that it was recorded in as it is: no run, no value and no
execution that a key could find is added to it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lineal.catalog import Batch, Catalog
from lineal.errors import ReferenceNotFound
from lineal.metrics import MetricStore
from lineal.records import RunRecord
from lineal.running import Services
from lineal.store import StoreFolder
from lineal.store.borrowing import BorrowingBlobs

from .freezing import artifacts_of, with_origins
from .thawing import take_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A store that is gone when it is not needed any more."""

    services: Services
    record: RunRecord
    """The run, as it is recorded there."""
    settings: Mapping[str, str]
    """Variables that name it to another process."""


@contextmanager
def apart(services: Services, record: RunRecord) -> Iterator[Apart]:
    """Copy the records of a run to a store of its own."""
    with tempfile.TemporaryDirectory(prefix="lineal-apart-") as name:
        root = Path(name).resolve() / "store"
        StoreFolder.open(root)
        url = f"sqlite:///{root / 'catalog.db'}"
        catalog = Catalog.open(url)
        try:
            own = borrowing(
                Services(
                    root=root,
                    catalog=catalog,
                    values=StoreFolder.open(root).values(profiles=services.values.profiles),
                    metrics=MetricStore(root / "metrics"),
                ),
                services.root,
            )
            _copy(services, record, own)
            yield Apart(
                services=own,
                record=catalog.run(record.id),
                settings={"LINEAL_STORE": str(root), "LINEAL_CATALOG": url},
            )
        finally:
            catalog.close()


def borrowing(services: Services, lender: Path) -> Services:
    """The same services, with bytes that they lack read from another store's folder."""
    blobs = BorrowingBlobs(services.values.blobs, StoreFolder.open(lender, create=False).blobs)
    return replace(services, values=services.values.over(blobs))


def _copy(services: Services, record: RunRecord, own: Services) -> None:
    runs = with_origins(services, record)
    for digest in {run.environment for run in runs if run.environment is not None}:
        try:
            own.catalog.record_environment(services.catalog.environment(digest))
        except ReferenceNotFound:
            continue
    codes = {e.code for run in runs for e in run.executions if e.code is not None}
    own.catalog.commit(
        Batch(
            artifacts=tuple(artifacts_of(services, runs).values()),
            codes=tuple(services.catalog.codes(sorted(codes)).values()),
        )
    )
    numbers: dict[int, int] = {}
    for run in runs:
        numbers[run.number], _ = take_in(own, run, numbers, {})
