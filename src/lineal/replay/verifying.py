"""Verifying a store: every fact present, every byte as addressed, every value as digested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lineal.catalog import Catalog
from lineal.digests.canonical import value_digest
from lineal.digests.digest import Digest
from lineal.errors import BlobCorrupt, BlobMissing, LinealError, ReferenceNotFound
from lineal.records import Artifact, RunRecord
from lineal.records.step import RUN_SHIFT
from lineal.running import Services
from lineal.store.codecs import Check, codec_named

from .reaching import Named, addresses_of, addresses_of_code, artifacts_in, inputs_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as it was recorded."""

    kind: str
    """missing blob, damaged blob, missing artifact, missing code, missing environment, missing
    execution, wrong value."""
    name: str
    """What is affected, by run and step or file."""
    digest: str
    """The address or digest concerned."""
    told: str
    """What was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was checked, and what was found."""

    runs: int
    artifacts: int
    blobs: int
    values: int
    """Values that were decoded and digested anew; 0 unless that was asked for."""
    not_kept: int
    """Artifacts whose bytes were never kept or let go: no problem, and not proved either."""
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(services: Services, runs: Sequence[RunRecord], *, data: bool = False) -> Verified:
    """Check everything that some runs reach.

    Args:
        services: The store and its catalog.
        runs: With their executions.
        data: Whether every value is decoded, too, and its digest computed anew.
    """
    problems: list[Problem] = []
    artifacts: dict[Digest, tuple[Artifact, str]] = {}
    places: dict[Digest, Named] = {}
    for record in runs:
        problems += _facts(services.catalog, record)
        for artifact, name in _artifacts(services.catalog, record, problems):
            artifacts.setdefault(artifact.digest, (artifact, name))
        for named in addresses_of_code(record):
            where = f"run #{record.number}: {named.by}"
            places.setdefault(named.address, Named(address=named.address, by=where))
    for named in addresses_of(services.values, artifacts.values()):
        places.setdefault(named.address, named)
    problems += _bytes(services, places.values())
    values = 0
    if data:
        broken = {problem.digest for problem in problems}
        for artifact, name in artifacts.values():
            if artifact.stored is not None and artifact.stored.address not in broken:
                values += 1
                problems += _value(services, artifact, name)
    return Verified(
        runs=len(runs),
        artifacts=len(artifacts),
        blobs=len(places),
        values=values,
        not_kept=sum(artifact.stored is None for artifact, _ in artifacts.values()),
        problems=tuple(problems),
    )


def _facts(catalog: Catalog, record: RunRecord) -> Iterator[Problem]:
    """Records that a run names and that are not there."""
    run = f"run #{record.number}"
    if record.environment is not None:
        try:
            catalog.environment(record.environment)
        except ReferenceNotFound as error:
            yield Problem(
                kind="missing environment", name=run, digest=record.environment, told=str(error)
            )
    named = {e.code: e.step for e in record.executions if e.code is not None}
    for digest in named.keys() - catalog.codes(sorted(named)).keys():
        yield Problem(
            kind="missing code", name=f"{run}: {named[digest]}", digest=digest,
            told="the catalog does not know it",
        )  # fmt: skip
    for execution in record.executions:
        origin = execution.reused_from
        if origin is not None and not _exists(catalog, origin):
            yield Problem(
                kind="missing execution", name=f"{run}: {execution.step}", digest=str(origin),
                told=f"it was reused from run #{origin >> RUN_SHIFT}, which has none there",
            )  # fmt: skip


def _exists(catalog: Catalog, execution: int) -> bool:
    try:
        origin = catalog.run(execution >> RUN_SHIFT)
    except ReferenceNotFound:
        return False
    return any(e.id == execution for e in origin.executions)


def _artifacts(
    catalog: Catalog, record: RunRecord, problems: list[Problem]
) -> Iterator[tuple[Artifact, str]]:
    """What a run made and was given; an output without a record is a problem."""
    made = artifacts_in(record)
    known = catalog.artifacts([*made, *inputs_in(record)])
    for digest, name in {**inputs_in(record), **made}.items():
        where = f"run #{record.number}: {name}"
        if digest in known:
            yield known[digest], where
        elif digest in made:
            problems.append(
                Problem(
                    kind="missing artifact",
                    name=where,
                    digest=digest,
                    told="the catalog does not know it",
                )
            )
    if record.code is not None:
        for name, argument in record.code.arguments.items():
            yield argument, f"run #{record.number}: argument {name}"


def _bytes(services: Services, places: Iterable[Named]) -> Iterator[Problem]:
    for named in places:
        try:
            services.values.blobs.get(named.address)
        except BlobMissing as error:
            yield _blob("missing blob", named, error)
        except BlobCorrupt as error:
            yield _blob("damaged blob", named, error)


def _blob(kind: str, named: Named, error: LinealError) -> Problem:
    return Problem(kind=kind, name=named.by, digest=named.address, told=str(error))


def _value(services: Services, artifact: Artifact, name: str) -> Iterator[Problem]:
    assert artifact.stored is not None
    try:
        value = services.values.load(artifact)
        stands_for_itself = codec_named(artifact.stored.codec).check is not Check.NONE
        if artifact.digest.startswith("unique:") or not stands_for_itself:
            return
        found = value_digest(value)
    except LinealError as error:
        yield Problem(kind="wrong value", name=name, digest=artifact.digest, told=str(error))
        return
    if found != artifact.digest:
        yield Problem(
            kind="wrong value", name=name, digest=artifact.digest, told=f"its digest is {found}"
        )
