"""A key that gave different content is found, unless the record explains the difference."""

from __future__ import annotations

from typing import Any

import pytest

from lineal.catalog import Catalog
from lineal.digests.digest import unique_digest
from lineal.records import Artifact, ExecutionStatus, Input, Nondeterminism

from .conftest import CODE, Writer, artifact, digest


def twice(write: Writer, first: dict[str, Any], second: dict[str, Any]) -> None:
    """One key executed in two runs."""
    for fields in (first, second):
        run = write.begin()
        write.step(run, 1, **{"key": digest("k"), **fields})
        write.finish(run)


def found(catalog: Catalog) -> list[Nondeterminism]:
    by_key = catalog.nondeterministic_keys([digest("k"), digest("other")])
    assert catalog.nondeterministic_codes([CODE.digest]) == by_key
    return by_key


def test_a_key_that_gave_two_contents_names_its_task_outputs_and_runs(
    catalog: Catalog, write: Writer
) -> None:
    same = artifact("same")
    twice(write, {"outputs": (same, artifact("a"))}, {"outputs": (same, artifact("b"))})
    (one,) = found(catalog)
    assert (one.task, one.key, one.code) == ("m:t", digest("k"), CODE.digest)
    assert one.outputs == ("o1",)
    assert one.runs == (1, 2)


def test_a_key_that_gave_one_content_is_not_found(catalog: Catalog, write: Writer) -> None:
    twice(write, {"outputs": (artifact("a"),)}, {"outputs": (artifact("a"),)})
    assert found(catalog) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"seed": 1, "seed_used": True}, {"seed": 2, "seed_used": True}),
        (
            {"inputs": (Input(name="env:A", digest=digest("1")),)},
            {"inputs": (Input(name="env:A", digest=digest("2")),)},
        ),
        ({}, {"status": ExecutionStatus.FAILED}),
    ],
    ids=["another seed", "another observed input", "a failure"],
)
def test_what_the_record_explains_is_not_found(
    catalog: Catalog, write: Writer, first: dict[str, Any], second: dict[str, Any]
) -> None:
    twice(write, {"outputs": (artifact("a"),), **first}, {"outputs": (artifact("b"),), **second})
    assert found(catalog) == []


def test_a_seed_that_was_not_used_explains_nothing(catalog: Catalog, write: Writer) -> None:
    twice(
        write,
        {"outputs": (artifact("a"),), "seed": 1},
        {"outputs": (artifact("b"),), "seed": 2},
    )
    assert len(found(catalog)) == 1


def test_what_has_no_identity_proves_nothing(catalog: Catalog, write: Writer) -> None:
    unidentified = [
        Artifact(digest=unique_digest(), kind="value", type="builtins.object") for _ in range(2)
    ]
    twice(write, {"outputs": (unidentified[0],)}, {"outputs": (unidentified[1],)})
    assert found(catalog) == []
