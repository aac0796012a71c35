"""Lineage drawn as a tree: every node once, and referred to where it comes again.

An artifact stands in one line with the step that made it, so the tree is as deep as the
pipeline has steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text
from rich.tree import Tree

from lineal.lineage import LineageGraph
from lineal.lineage.ways import beginnings
from lineal.records import Edge, Node, NodeKind, Relation

DEEPEST = 60
"""Levels that are drawn; what lies deeper is counted."""
FEW_SLICES = 4
"""Metrics of slices that are told one by one."""
_BESIDE = (NodeKind.RUN, NodeKind.AGENT)
_COLOURS = {
    NodeKind.DEPLOYMENT: "magenta", NodeKind.MODEL: "green", NodeKind.DATASET: "yellow",
    NodeKind.ARTIFACT: "cyan", NodeKind.EXECUTION: "bold",
}  # fmt: skip


def draw(graph: LineageGraph, *, up: bool) -> Tree:
    """The tree of what the roots came from, or of what came from them."""
    return _Drawing(graph, up).tree()


class _Drawing:
    def __init__(self, graph: LineageGraph, up: bool) -> None:
        self.graph = graph
        self.up = up
        self.seen: set[str] = set()

    def tree(self) -> Tree:
        top = Tree(Text("came from" if self.up else "went into", style="dim"), guide_style="dim")
        roots = beginnings(self.graph)
        waiting: list[tuple[Tree, str, str, bool, int]] = [
            (top, root, "", True, 0) for root in reversed(roots)
        ]
        while waiting:
            place, id_, role, actual, depth = waiting.pop()
            node = self.graph.nodes[id_]
            told = role and not node.label.startswith(role)
            known = id_ in self.seen
            shown = Text(node.label, style="dim") if known else self._line(node)
            line = Text.assemble((f"{role} = ", "dim") if told else "", shown)
            if not actual:
                line.append("  (same content, not the one used)", style="dim")
            self.seen.add(id_)
            below = [] if known else self._below(node, line)
            if known and self._further(id_):
                line.append("  … see above", style="dim")
            if below and depth >= DEEPEST:
                line.append("  … and deeper; --depth and other formats show it", style="dim")
                below = []
            branch = place.add(line)
            waiting.extend((branch, *step, depth + 1) for step in reversed(below))
        return top

    def _below(self, node: Node, line: Text) -> list[tuple[str, str, bool]]:
        """What hangs below a node; a single maker goes into the node's own line."""
        further = self._further(node.id)
        if node.kind is NodeKind.ARTIFACT and self.up and len(further) == 1:
            maker = self.graph.nodes[further[0].target]
            if maker.kind is NodeKind.EXECUTION:
                line.append("  ← ", style="dim")
                if maker.id in self.seen:
                    line.append(f"{maker.label}  … see above", style="dim")
                    return []
                line.append_text(self._line(maker))
                self.seen.add(maker.id)
                return self._ends(self._further(maker.id))
        return self._ends(further)

    def _further(self, id_: str) -> list[Edge]:
        ways = self.graph.causes if self.up else self.graph.effects
        return [
            edge
            for edge in ways.get(id_, ())
            if self.graph.nodes[self._end(edge)].kind not in _BESIDE
            and (edge.relation is not Relation.REVISION_OF)
        ]

    def _ends(self, edges: Iterable[Edge]) -> list[tuple[str, str, bool]]:
        return [
            (self._end(edge), edge.role if edge.relation is Relation.USED else "", edge.actual)
            for edge in edges
        ]

    def _end(self, edge: Edge) -> str:
        return edge.target if self.up else edge.source

    def _line(self, node: Node) -> Text:
        label = Text(node.label, style=_COLOURS.get(node.kind, ""))
        for name in self._versions(node):
            label = Text.assemble(label, " = ", (name, _COLOURS[NodeKind.DATASET]))
        return Text.assemble(label, (_told(node), "" if node.kind is NodeKind.EXECUTION else "dim"))

    def _versions(self, node: Node) -> list[str]:
        """The dataset versions that an artifact is; downwards they hang below it anyway."""
        if not self.up or node.kind is not NodeKind.ARTIFACT:
            return []
        named = [self.graph.nodes[edge.source] for edge in self.graph.effects.get(node.id, ())]
        return [n.label for n in named if n.kind is NodeKind.DATASET and n.id not in self.seen]


def _told(node: Node) -> str:
    """What is worth saying of a node beside its name."""
    facts = node.facts
    told: list[str] = []
    if node.kind is NodeKind.ARTIFACT:
        told.append(str(facts["digest"])[:15])
    elif node.kind is NodeKind.DEPLOYMENT:
        state = "in force" if facts["current"] else "succeeded"
        told += [state, f"{facts['action']} {facts['at'][:16]} by {facts['by']}"]
        told += [facts["reason"]] if facts["reason"] else []
    elif node.kind is NodeKind.MODEL:
        told += [facts["status"], *facts.get("aliases", ())]
        told += [_metric(metric) for metric in facts.get("metrics", ())]
    elif node.kind is NodeKind.EXECUTION:
        told += _of_execution(facts)
    return "  " + ", ".join(told) if told else ""


def _of_execution(facts: Any) -> list[str]:
    told = [f"run #{facts['run']}"] if "run" in facts else []
    told += [f"{name}={value}" for name, value in facts.get("params", {}).items()]
    told += _measured(facts.get("metrics", {}))
    for word in ("code", "environment"):
        if word in facts:
            told.append(f"{word} {str(facts[word])[:12]}")
    told += [f"{name}={amount:g}" for name, amount in facts.get("resources", {}).items()]
    if "nondeterministic" in facts:
        told.append("not deterministic")
    return told


def _measured(metrics: Mapping[str, float | None]) -> list[str]:
    """Metrics over the whole before those of slices, which are only counted when many."""
    whole = [name for name in metrics if "[" not in name]
    slices = [name for name in metrics if "[" in name]
    many = len(slices) > FEW_SLICES
    told = []
    for name in whole if many else [*whole, *slices]:
        value = metrics[name]
        told.append(f"{name} {'not a number' if value is None else format(value, '.6g')}")
    return [*told, f"+{len(slices)} by slice"] if many else told


def _metric(metric: Any) -> str:
    value = metric.get("value")
    labels = ",".join(f"{k}={v}" for k, v in (metric.get("labels") or {}).items())
    name = f"{metric.get('key')}[{labels}]" if labels else str(metric.get("key"))
    return f"{name} {value:.6g}" if isinstance(value, (int, float)) else name
