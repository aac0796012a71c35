"""Lineage graphs for tests: one as lineal records them, and any that Hypothesis can think of."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from lineal.lineage import LineageGraph
from lineal.records import Edge, Node, NodeKind, Relation

K, R = NodeKind, Relation


def fraud() -> LineageGraph:
    """A deployment, the version before, and all that made them."""
    nodes: list[Node] = []
    edges: list[Edge] = []

    def node(k: NodeKind, id_: str, label: str, **facts: Any) -> str:
        nodes.append(Node(id=f"{k.value}:{id_}", kind=k, label=label, facts=facts))
        return nodes[-1].id

    def edge(source: str, relation: Relation, target: str, role: str = "", **more: Any) -> None:
        edges.append(Edge(source=source, target=target, relation=relation, role=role, **more))

    def artifact(name: str, kind: str, **profile: Any) -> str:
        digest = f"xxh3:{sha256(name.encode()).hexdigest()[:32]}"
        return node(
            K.ARTIFACT, digest, name, digest=digest, kind=kind, profile=profile, names=[name]
        )

    def execution(run: int, position: int, step: str, **facts: Any) -> str:
        return node(
            K.EXECUTION, f"{run}.{position}", step, step=step, task=f"fraud.{step}", run=run,
            run_id=f"0198a1b2-0000-7000-8000-00000000000{run}", pipeline="fraud",
            status="executed", wall_seconds=1.25, started_at=f"2026-03-0{run}T09:00:00+00:00",
            finished_at=f"2026-03-0{run}T09:00:01+00:00", **facts,
        )  # fmt: skip

    ada = node(K.AGENT, "Ada", "Ada", name="Ada")
    csv = artifact("transactions.csv", "file")
    frame = artifact(
        "transactions", "frame", rows=1000, digest="xxh3:1",
        columns=[
            {"name": "amount", "type": "double", "nulls": 3, "min": 0.5, "max": 900.0},
            {"name": "note", "type": "string", "nulls": 0},
        ],
    )  # fmt: skip
    train, test = artifact("train", "frame", rows=800), artifact("test", "frame", rows=200)
    dataset = node(K.DATASET, "transactions@v7", "transactions@v7", name="transactions", version=7)
    edge(dataset, R.DERIVED_FROM, frame)
    load, split = execution(1, 0, "load"), execution(1, 1, "split", params={"test_size": 0.2})
    edge(load, R.USED, csv, "csv")
    edge(frame, R.GENERATED_BY, load, "result")
    edge(split, R.USED, frame, "df")
    edge(train, R.GENERATED_BY, split, "train")
    edge(test, R.GENERATED_BY, split, "test")
    before = ""
    for run in (1, 2):
        name = node(
            K.RUN, str(run), f"run #{run}", number=run, name="brave-finch", pipeline="fraud",
            id=f"0198a1b2-0000-7000-8000-00000000000{run}", by="Ada", params={"depth": run},
            started_at=f"2026-03-0{run}T09:00:00+00:00",
        )  # fmt: skip
        edge(name, R.ASSOCIATED_WITH, ada)
        fit = execution(run, 2, "fit", params={"depth": run}, code={"digest": "xxh3:c0de"})
        evaluate = execution(run, 3, "evaluate", metrics={"auc": 0.9 + run / 100})
        model, scores = artifact(f"model{run}", "model"), artifact(f"scores{run}", "metrics")
        edge(fit, R.USED, train, "train")
        edge(model, R.GENERATED_BY, fit, "result")
        edge(evaluate, R.USED, model, "model")
        edge(evaluate, R.USED, test, "test")
        edge(scores, R.GENERATED_BY, evaluate, "result")
        for step in (fit, evaluate, *((load, split) if run == 1 else ())):
            edge(step, R.INFORMED_BY, name)
        version = node(
            K.MODEL, f"fraud@v{run}", f"fraud@v{run}", name="fraud", version=run, status="ready",
            aliases=["champion"] if run == 2 else [], metrics={"auc": 0.9 + run / 100},
        )  # fmt: skip
        edge(version, R.DERIVED_FROM, model)
        edge(version, R.ATTRIBUTED_TO, ada)
        deployed = node(
            K.DEPLOYMENT, str(run), "production", target="production", model="fraud", version=run,
            at=f"2026-03-0{run}T12:00:00+00:00", by="Ada", reason="it's “better” & <faster>",
            current=run == 2,
        )  # fmt: skip
        edge(deployed, R.DERIVED_FROM, version)
        edge(deployed, R.ATTRIBUTED_TO, ada)
        if before:
            edge(deployed, R.REVISION_OF, before)
        before = deployed
    again = execution(2, 1, "split")
    edge(again, R.INFORMED_BY, "run:2")
    edge(train, R.GENERATED_BY, again, "train", actual=False)
    return LineageGraph(nodes, edges, [before])


_NASTY = st.sampled_from(
    ["</script>", "<!--", "]]>", '"', "'", "\\", "\\N", "&amp;", "#quot;", "`", "\n", "\r", "\0",
     "\x1b", "\ud800", "\ufffe", "end", "1. a", "- b", "<b>", "{{x}}", "$$", "%%", "\u202e", "ﬂ"]
)  # fmt: skip
text = st.lists(st.one_of(_NASTY, st.text(st.characters(), max_size=6)), max_size=6).map("".join)
"""Any text at all, with what breaks formats more often than chance would bring."""
facts = st.dictionaries(
    text,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=4,
)


@st.composite
def graphs(draw: st.DrawFn, *, most: int = 8) -> LineageGraph:
    """Any graph: cycles, loops, parallel edges, nodes apart, hostile text everywhere."""
    kinds = draw(st.lists(st.sampled_from(NodeKind), max_size=most))
    nodes = [
        Node(
            id=f"{kind.value}:{draw(text)}{number}", kind=kind, label=draw(text), facts=draw(facts)
        )
        for number, kind in enumerate(kinds)
    ]
    if not nodes:
        return LineageGraph([], [], [])
    ids = st.sampled_from([node.id for node in nodes])
    edges = draw(
        st.lists(
            st.builds(
                Edge, source=ids, target=ids, relation=st.sampled_from(Relation), role=text,
                actual=st.booleans(),
            ),
            max_size=2 * most,
        )
    )  # fmt: skip
    return LineageGraph(
        nodes, edges, draw(st.lists(ids, max_size=2)), truncated=draw(st.booleans())
    )
