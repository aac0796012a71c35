"""The recursive queries against networkx, over random graphs with diamonds and circles."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.catalog import Batch, Catalog, Start
from lineal.digests.digest import combine
from lineal.lineage.building import build, execution_node
from lineal.records import (
    Artifact,
    Cause,
    Execution,
    ExecutionStatus,
    Input,
    Output,
    Reason,
    RunRecord,
    Source,
    execution_id,
)
from lineal.records.run import RunStatus

SIZE = 12
DIGESTS = [combine("node", [str(n)]) for n in range(SIZE)]
places = st.integers(0, SIZE - 1)
steps = st.lists(
    st.tuples(st.sets(places, max_size=3), st.sets(places, min_size=1, max_size=2)),
    min_size=1,
    max_size=12,
)
parts = st.lists(st.tuples(places, places), max_size=4)


@contextmanager
def new_catalog() -> Iterator[Catalog]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Catalog.open(f"sqlite:///{Path(folder) / 'catalog.db'}") as catalog,
    ):
        yield catalog


def reaches_what_networkx_reaches(catalog: Catalog, made, derived, root) -> None:
    graph = recorded(catalog, made, derived)
    start = Start(artifacts=(DIGESTS[root],))
    here = f"artifact:{DIGESTS[root]}"
    for up, closure in ((True, nx.descendants), (False, nx.ancestors)):
        flow = catalog.lineage(start, up=up, down=not up, depth=None, limit=1000)
        found = {n for n in build(flow).nodes if n.startswith(("artifact:", "execution:"))}
        assert found == closure(graph, here) | {here}
        edges = {(e.source, e.target) for e in build(flow).edges if {e.source, e.target} <= found}
        assert edges == set(graph.subgraph(found).edges)


def recorded(catalog: Catalog, made, derived) -> nx.DiGraph:
    """Write steps (what they took, what they gave) and derivations; the same as a graph."""
    run = RunRecord(
        id="ab" * 16,
        number=0,
        name="r",
        experiment="e",
        pipeline="m:p",
        status=RunStatus.FINISHED,
        started_at=datetime(2026, 1, 31, tzinfo=UTC),
    )
    number = catalog.begin_run(run)
    graph = nx.DiGraph()
    graph.add_nodes_from(f"artifact:{d}" for d in DIGESTS)
    executions = []
    for position, (taken, given_) in enumerate(made, 1):
        id_ = execution_id(number, position)
        inputs = [Input(name=f"i{n}", digest=DIGESTS[n]) for n in sorted(taken)]
        if position == 1:
            # A part of a whole stands for every derivation; the first step is given them.
            for part, whole in derived:
                source = Source(step="elsewhere", output="result", digest=DIGESTS[whole])
                inputs.append(Input(name=f"p{part}", digest=DIGESTS[part], source=source))
                graph.add_edge(f"artifact:{DIGESTS[part]}", f"artifact:{DIGESTS[whole]}")
        # A number that is equal to some artifact is no way to go.
        inputs.append(Input(name="setting", digest=DIGESTS[0], value="3"))
        outputs = [Output(name=f"o{n}", digest=DIGESTS[n]) for n in sorted(given_)]
        for one in inputs[:-1]:
            graph.add_edge(execution_node(id_), f"artifact:{one.digest}")
        for one in outputs:
            graph.add_edge(f"artifact:{one.digest}", execution_node(id_))
        executions.append(
            Execution(
                id=id_,
                run_id=run.id,
                position=position,
                step=f"s{position}",
                task="m:t",
                status=ExecutionStatus.EXECUTED,
                key=None,
                reason=Reason(cause=Cause.FIRST, text=""),
                inputs=tuple(inputs),
                outputs=tuple(outputs),
            )
        )
    artifacts = tuple(Artifact(digest=d, kind="value", type="t") for d in DIGESTS)
    catalog.commit(Batch(artifacts=artifacts, executions=tuple(executions)))
    return graph


@settings(max_examples=60)
@given(steps, parts, places)
def test_the_recursive_query_reaches_what_networkx_reaches(made, derived, root):
    with new_catalog() as catalog:
        reaches_what_networkx_reaches(catalog, made, derived, root)


# Every example has a database of its own, which takes PostgreSQL a second to make.
@settings(max_examples=5)
@given(steps, parts, places)
def test_postgresql_reaches_the_same(new_postgresql, made, derived, root):
    with Catalog.open(new_postgresql()) as catalog:
        reaches_what_networkx_reaches(catalog, made, derived, root)


@settings(max_examples=40)
@given(steps, parts, places, st.integers(0, 4))
def test_a_bounded_walk_reaches_what_is_no_further(made, derived, root, depth):
    with new_catalog() as catalog:
        graph = recorded(catalog, made, derived)
        # Depth counts hops from artifact to artifact.
        hops = nx.DiGraph()
        hops.add_nodes_from(n for n in graph if n.startswith("artifact:"))
        for effect, cause in graph.edges:
            if effect.startswith("artifact:") and cause.startswith("artifact:"):
                hops.add_edge(effect, cause)
            elif effect.startswith("artifact:"):
                hops.add_edges_from((effect, further) for further in graph.successors(cause))
        here = f"artifact:{DIGESTS[root]}"
        start = Start(artifacts=(DIGESTS[root],))
        for up in (True, False):
            lengths = nx.single_source_shortest_path_length(
                hops if up else hops.reverse(), here, cutoff=depth
            )
            flow = catalog.lineage(start, up=up, down=not up, depth=depth, limit=1000)
            assert {f"artifact:{d}" for d in flow.digests} == set(lengths)
            assert not flow.truncated
