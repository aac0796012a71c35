"""The facts of a model's card: what is recorded of a model version, and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lineal.catalog import Catalog
from lineal.digests.digest import Digest
from lineal.errors import ReferenceNotFound, UserError
from lineal.lineage import LineageGraph
from lineal.lineage.building import build
from lineal.records import (
    Approval,
    Artifact,
    CodeIdentity,
    Deployment,
    Environment,
    Judgement,
    Model,
    ModelVersion,
    Node,
    NodeKind,
    Relation,
    RunRecord,
)
from lineal.references import starting_point
from lineal.running import Services

from .gathering import environment_of
from .slices import Number, SliceTable, slice_tables

LIMIT = 10_000
"""Artifacts of the lineage that a card looks at."""
_DATA = ("file", "tree", "frame", "array")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A value that the model came from."""

    name: str
    """What a step took it as, or the path it was read from."""
    digest: str
    kind: str
    rows: int | None = None
    columns: Sequence[Mapping[str, Any]] = ()
    size: int | None = None
    datasets: Sequence[str] = ()
    """Versions of datasets that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step on the way to the model, in an order in which causes come first."""

    name: str
    task: str
    run: int
    params: Mapping[str, str]
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """All that a card says."""

    model: Model
    version: ModelVersion
    artifact: Artifact | None
    run: RunRecord
    deployments: Sequence[Deployment]
    """Of this version, newest first."""
    judgements: Sequence[Judgement]
    approvals: Sequence[Approval]
    sources: Sequence[Data]
    """What came from outside."""
    training: Sequence[Data]
    """What the step that made the model was given."""
    steps: Sequence[Step]
    metrics: Sequence[Number]
    """Over the whole."""
    slices: Sequence[SliceTable]
    functions: Sequence[str]
    """``module:qualname`` of the project's code that was reached."""
    packages: Mapping[str, str]
    """Distributions that the code uses."""
    environment: Environment | None
    limits: Sequence[str]
    """What is not known, as sentences."""


def card_of(services: Services, reference: str) -> CardFacts:
    """Gather the facts of a model version.

    Raises:
        ReferenceNotFound: nothing answers to the reference.
        UserError: it names no model version.
    """
    catalog = services.catalog
    start = starting_point(catalog, reference)
    graph = build(catalog.lineage(start, up=True, down=False, depth=None, limit=LIMIT))
    model, version = _version(catalog, graph, reference)
    run = catalog.run(version.run_number)
    artifact = catalog.artifacts([version.artifact]).get(version.artifact)
    chain = list(_in_order(graph))
    codes = catalog.codes([Digest(n.facts["code"]) for n in chain if n.facts.get("code")])
    numbers = [Number(key=m.key, labels=m.labels, value=m.value) for m in version.metrics]
    environment = environment_of(catalog, run)
    names = catalog.names
    return CardFacts(
        model=model,
        version=version,
        artifact=artifact,
        run=run,
        deployments=[
            d
            for d in names.deployments()
            if (d.model, d.version) == (version.model, version.version)
        ],
        judgements=names.judgements(version.model, version.version),
        approvals=names.approvals(version.model, version.version),
        sources=[_data(graph, node) for node in _outside(graph)],
        training=[_data(graph, node) for node in _given(graph, version)],
        steps=[_step(node) for node in chain],
        metrics=[n for n in numbers if not n.labels],
        slices=slice_tables(numbers),
        functions=sorted({name for code in codes.values() for name in code.components}),
        packages=dict(sorted(_packages(codes).items())),
        environment=environment,
        limits=list(_limits(graph, version, run, artifact, environment, codes)),
    )


def _version(catalog: Catalog, graph: LineageGraph, reference: str) -> tuple[Model, ModelVersion]:
    roots = [graph.nodes[id_] for id_ in graph.roots]
    if any(node.kind is NodeKind.DEPLOYMENT for node in roots):
        places = {(n.facts["model"], n.facts["version"]) for n in roots}
    else:
        models = [node for node in roots if node.kind is NodeKind.MODEL]
        places = {(n.facts["name"], n.facts["version"]) for n in models}
    if len(places) != 1:
        raise UserError(
            f"{reference!r} is no model version, and a card is about one; `lineal model list` has"
            " those there are."
        )
    name, number = places.pop()
    model = catalog.names.model(name)
    if model is None:  # taken away meanwhile
        raise ReferenceNotFound(f"There is no model {name!r}.")
    return model, next(v for v in model.versions if v.version == number)


def _in_order(graph: LineageGraph) -> Iterator[Node]:
    """The executions that really made the model, causes first."""
    import networkx as nx

    real = nx.MultiDiGraph()
    real.add_nodes_from(graph.nodes)
    real.add_edges_from((e.source, e.target) for e in graph.edges if e.actual)
    reached = set(graph.roots)
    for root in graph.roots:
        reached |= nx.descendants(real, root)
    for id_ in nx.topological_sort(real.subgraph(reached).reverse()):
        if graph.nodes[id_].kind is NodeKind.EXECUTION:
            yield graph.nodes[id_]


def _outside(graph: LineageGraph) -> list[Node]:
    """The data that no execution made."""
    return [
        node
        for node in graph.of_kind(NodeKind.ARTIFACT)
        if node.facts.get("kind") in _DATA
        and not any(
            e.relation in (Relation.GENERATED_BY, Relation.DERIVED_FROM)
            for e in graph.causes.get(node.id, ())
        )
    ]


def _given(graph: LineageGraph, version: ModelVersion) -> list[Node]:
    """The data that the step that made the model was given."""
    made = f"artifact:{version.artifact}"
    makers = [
        e.target
        for e in graph.causes.get(made, ())
        if e.relation is Relation.GENERATED_BY and e.actual
    ]
    used = {
        e.target
        for maker in makers
        for e in graph.causes.get(maker, ())
        if e.relation is Relation.USED
    }
    return [graph.nodes[id_] for id_ in sorted(used) if graph.nodes[id_].facts.get("kind") in _DATA]


def _data(graph: LineageGraph, node: Node) -> Data:
    facts = node.facts
    profile: Mapping[str, Any] = facts.get("profile", {})
    versions = [
        graph.nodes[e.source].label
        for e in graph.effects.get(node.id, ())
        if graph.nodes[e.source].kind is NodeKind.DATASET
    ]
    names = facts.get("paths") or facts.get("names") or [node.label]
    return Data(
        name=", ".join(map(str, names)),
        digest=str(facts["digest"]),
        kind=str(facts.get("kind", "value")),
        rows=profile.get("rows"),
        columns=profile.get("columns", ()),
        size=profile.get("size", facts.get("size")),
        datasets=sorted(versions),
    )


def _step(node: Node) -> Step:
    facts = node.facts
    return Step(
        name=facts["step"],
        task=facts["task"],
        run=facts["run"],
        params=facts.get("params", {}),
        seconds=facts.get("wall_seconds"),
    )


def _packages(codes: Mapping[Digest, CodeIdentity]) -> dict[str, str]:
    return {name: version for c in codes.values() for name, version in c.distributions.items()}


def _limits(
    graph: LineageGraph,
    version: ModelVersion,
    run: RunRecord,
    artifact: Artifact | None,
    environment: Environment | None,
    codes: Mapping[Digest, CodeIdentity],
) -> Iterator[str]:
    code = run.code
    if graph.truncated:
        yield f"The lineage is larger than {LIMIT} values; the farthest are left out."
    if artifact is None or artifact.stored is None:
        yield "The bytes of the model were not kept."
    elif artifact.stored.pickled:
        yield "The model is kept as a pickle; loading it runs code."
    if code is None or code.git_commit is None:
        yield "The code was not under version control; the files it reached are kept by content."
    elif code.git_dirty:
        yield "The code differed from its commit; the files it reached are kept by content."
    if environment is None:
        yield "The environment is not recorded."
    if not version.metrics:
        yield "The version was registered without metrics."
    elif not any(metric.labels for metric in version.metrics):
        yield "No metric was measured over slices, so nothing is known of disparities."
    yield from sorted({w for c in codes.values() for w in c.warnings})
    yield "Intended use, and what the data leaves out, are known to people and not recorded here."
