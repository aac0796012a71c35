"""Every record that the catalog is given comes back as it was."""

from __future__ import annotations

import contextlib
import string
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lineal.catalog import Batch, Catalog
from lineal.digests.digest import Digest
from lineal.errors import FilterError
from lineal.records import (
    Artifact,
    Cause,
    Change,
    CodeIdentity,
    CodeSnapshot,
    Environment,
    Execution,
    ExecutionStatus,
    Input,
    MetricSummary,
    Output,
    Reason,
    Resources,
    RunRecord,
    RunStatus,
    Source,
    Stored,
    execution_id,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
digests = st.text("0123456789abcdef", min_size=32, max_size=32).map(lambda h: Digest("xxh3:" + h))
moments = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
seeds = st.integers(0, 2**130)
counts = st.integers(0, 2**62)
numbers = st.floats(allow_nan=False)
mappings = st.dictionaries(texts, texts, max_size=3)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
outputs = st.builds(Output, name=texts, digest=digests)
stored = st.builds(
    Stored,
    codec=texts,
    size=counts,
    address=st.none() | digests,
    inline=st.none() | st.binary(max_size=8),
    pickled=st.booleans(),
)
artifacts = st.builds(
    Artifact,
    digest=digests,
    kind=texts,
    type=texts,
    stored=st.none() | stored,
    profile=st.dictionaries(texts, json_values, max_size=3),
)
codes = st.builds(
    CodeIdentity,
    digest=digests,
    components=st.dictionaries(texts, digests, max_size=3),
    distributions=mappings,
    files=st.lists(texts, max_size=2).map(tuple),
    warnings=st.lists(texts, max_size=2).map(tuple),
)
environments = st.builds(
    Environment,
    digest=digests,
    python=texts,
    platform=texts,
    cpu=texts,
    cpu_count=st.integers(0, 10_000),
    distributions=mappings,
    variables=mappings,
)
inputs = st.builds(
    Input,
    name=texts,
    digest=digests,
    value=st.none() | texts,
    source=st.none() | st.builds(Source, step=texts, output=texts),
    ignored=st.booleans(),
)
reasons = st.builds(
    Reason,
    cause=st.sampled_from(Cause),
    text=texts,
    changes=st.lists(
        st.builds(
            Change,
            component=texts,
            name=texts,
            before=st.none() | texts,
            after=st.none() | texts,
        ),
        max_size=2,
    ).map(tuple),
)
runs = st.builds(
    RunRecord,
    id=st.just("0" * 32),
    number=st.just(1),
    name=texts,
    experiment=texts,
    pipeline=st.none() | texts,
    status=st.sampled_from(RunStatus),
    started_at=moments,
    finished_at=st.none() | moments,
    user=texts,
    host=texts,
    pid=st.integers(0, 2**31),
    command=texts,
    seed=seeds,
    params=mappings,
    tags=mappings,
    note=texts,
    error=st.none() | texts,
    environment=st.none() | digests,
    code=st.none()
    | st.builds(
        CodeSnapshot,
        files=st.dictionaries(texts, digests, max_size=2),
        git_commit=st.none() | texts,
        git_branch=st.none() | texts,
        git_dirty=st.none() | st.booleans(),
    ),
    result=st.lists(outputs, max_size=2).map(tuple),
)


def fields(code: CodeIdentity, made: Artifact) -> st.SearchStrategy[dict[str, Any]]:
    """What an execution holds beside its place."""
    return st.fixed_dictionaries(
        {
            "step": texts,
            "task": texts,
            "status": st.sampled_from([ExecutionStatus.EXECUTED, ExecutionStatus.SKIPPED]),
            "key": st.none() | digests,
            "reason": reasons,
            "inputs": st.lists(inputs, max_size=3, unique_by=lambda i: i.name).map(tuple),
            "outputs": st.lists(
                st.builds(Output, name=texts, digest=st.just(made.digest)), max_size=2
            ).map(tuple),
            "code": st.none() | st.just(code.digest),
            "version": st.none() | texts,
            "started_at": st.none() | moments,
            "finished_at": st.none() | moments,
            "resources": st.builds(
                Resources,
                wall_seconds=st.floats(0, 1e9),
                cpu_seconds=st.floats(0, 1e9),
                peak_memory_bytes=counts,
            ),
            "attempts": st.integers(0, 100),
            "seed": st.none() | seeds,
            "seed_used": st.booleans(),
            "log": texts,
            "error": st.none() | texts,
            "params": mappings,
            "tags": mappings,
        }
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[Catalog]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Catalog.open(f"sqlite:///{folder}/catalog.db") as catalog,
    ):
        yield catalog


def empty(catalog: Catalog) -> None:
    """Forget every run, so that an example stands alone; faster than a new catalog."""
    from lineal.catalog.tables import metadata

    with catalog._database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")


many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@many
@given(record=runs)
def test_a_run_comes_back_as_it_was_given(shared, record):
    empty(shared)
    assert shared.begin_run(record) == 1
    assert shared.run(1) == record
    assert shared.runs() == [record]


@many
@given(artifact=artifacts, code=codes, environment=environments)
def test_an_artifact_a_code_and_an_environment_come_back_as_they_were_given(
    shared, artifact, code, environment
):
    empty(shared)
    shared.commit(Batch(artifacts=(artifact,), codes=(code,)))
    shared.record_environment(environment)
    assert shared.artifacts([artifact.digest]) == {artifact.digest: artifact}
    assert shared.codes([code.digest]) == {code.digest: code}
    assert list(shared.code(code.digest).components) == list(code.components)
    assert shared.environment(environment.digest) == environment


@many
@given(data=st.data(), record=runs, code=codes, made=artifacts)
def test_executions_come_back_as_they_were_given_and_reused_ones_read_through(
    shared, data, record, code, made
):
    empty(shared)
    number = shared.begin_run(record)
    place = {"run_id": record.id}
    first = Execution(
        id=execution_id(number, 0), position=0, **place, **data.draw(fields(code, made))
    )
    again = data.draw(fields(code, made))
    # What a key decides is the same in both; where it came from and the ignored are not.
    shared_inputs = tuple(data.draw(inputs.map(lambda i, g=g: rebind(g, i))) for g in first.inputs)
    again |= {
        "status": ExecutionStatus.REUSED,
        "inputs": shared_inputs,
        "outputs": first.outputs,
        "params": first.params,
        "tags": first.tags,
    }
    second = Execution(
        id=execution_id(number, 1), position=1, reused_from=first.id, **place, **again
    )
    metric = data.draw(
        st.builds(
            MetricSummary,
            execution_id=st.just(first.id),
            key=texts,
            labels=mappings,
            last=numbers,
            min=numbers,
            max=numbers,
            count=counts,
            last_step=st.integers(-(2**62), 2**62),
        )
    )
    shared.commit(
        Batch(artifacts=(made,), codes=(code,), executions=(second, first), metrics=(metric,))
    )
    found = shared.run(number)
    assert found.executions == (first, second)
    assert found.metrics[0] == metric
    assert [m.execution_id for m in found.metrics] == [first.id, second.id]


def rebind(given: Input, other: Input) -> Input:
    """The same input in another run: its digest stays unless the key leaves it out."""
    return Input(
        name=given.name,
        digest=other.digest if given.ignored else given.digest,
        value=other.value if given.ignored or other.source is None else None,
        source=other.source,
        ignored=given.ignored,
    )


WORDS = (
    "metrics. params. tags. a `b_c` = != > 'x' 1 -.5 and or ( ) LIKE IN NOT IS NULL "
    "[ ] , status number '% desc"
)
words = st.sampled_from(WORDS.split())


@many
@given(where=st.lists(words, max_size=8).map(" ".join) | st.text(string.printable, max_size=20))
def test_any_text_is_a_filter_or_refused_as_one(shared, where):
    assume(where.strip())
    with contextlib.suppress(FilterError):
        shared.runs(where)
