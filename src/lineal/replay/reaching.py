"""What a run reaches: the records it names, and the addresses under which their bytes lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lineal.digests.digest import Digest
from lineal.errors import StoreError
from lineal.records import Artifact, RunRecord, Stored
from lineal.records.step import RUN_SHIFT
from lineal.store import ValueStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An address, and what names it: for messages."""

    address: Digest
    by: str


def artifacts_in(record: RunRecord) -> dict[Digest, str]:
    """Every artifact that a run names, and the first place where it does."""
    found: dict[Digest, str] = {}
    for execution in record.executions:
        for output in execution.outputs:
            found.setdefault(output.digest, f"{execution.step}.{output.name}")
    for output in record.result:
        found.setdefault(output.digest, output.name)
    return found


def inputs_in(record: RunRecord) -> dict[Digest, str]:
    """Every value that steps were given: plain settings among them have no artifact."""
    return {
        given.digest: f"{execution.step}({given.name})"
        for execution in record.executions
        for given in execution.inputs
    }


def origins_of(record: RunRecord) -> dict[int, set[int]]:
    """Runs by number whose executions a run reused, with those executions' positions."""
    found: dict[int, set[int]] = {}
    for execution in record.executions:
        if execution.reused_from is not None:
            number, position = divmod(execution.reused_from, 1 << RUN_SHIFT)
            if number != record.number:
                found.setdefault(number, set()).add(position)
    return found


def addresses_of_code(record: RunRecord) -> Iterator[Named]:
    """Where the code of a run lies, and the patch, and the arguments that are not inline."""
    code = record.code
    if code is None:
        return
    for place, address in code.files.items():
        yield Named(address=address, by=f"the file {place}")
    if code.git_patch is not None:
        yield Named(address=code.git_patch, by="the patch of the working tree")


def addresses_of(values: ValueStore, artifacts: Iterable[tuple[Artifact, str]]) -> Iterator[Named]:
    """Where the bytes of artifacts lie, those of the files in a tree included.

    A manifest that can't be read is passed over: its own address is told first.
    """
    for artifact, name in artifacts:
        stored = artifact.stored
        if stored is None:
            continue
        if stored.address is not None:
            yield Named(address=stored.address, by=name)
        for place, address in _listed(values, stored):
            yield Named(address=address, by=f"{name}: {place}")


def _listed(values: ValueStore, stored: Stored) -> list[tuple[str, Digest]]:
    try:
        return values.files(stored)
    except (StoreError, ValueError):
        return []
