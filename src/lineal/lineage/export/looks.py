"""How nodes and edges look, whatever draws them: second lines, colours, words on arrows.

Drawings show arrows in the direction of flow, from cause to effect, as people read a
pipeline; formats for programs keep PROV's direction, from effect to cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lineal.records import Edge, Node, NodeKind, Relation

from .plain import xml_text

_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """Fill, line and text of a kind; text on fill has a contrast of 7:1 or more (WCAG AAA)."""

    fill: str
    line: str
    text: str


LIGHT: Mapping[NodeKind, Colours] = {
    NodeKind.ARTIFACT: Colours(fill="#eaf2fb", line="#2f6db3", text="#12304f"),
    NodeKind.DATASET: Colours(fill="#e3f5f1", line="#0f7d6b", text="#073d34"),
    NodeKind.MODEL: Colours(fill="#f1ecfb", line="#6b4fbb", text="#2f2060"),
    NodeKind.DEPLOYMENT: Colours(fill="#fdeae7", line="#c0412d", text="#5e170c"),
    NodeKind.EXECUTION: Colours(fill="#fdf2dc", line="#a86b00", text="#4a2f00"),
    NodeKind.RUN: Colours(fill="#f0f1f3", line="#5b6472", text="#262c35"),
    NodeKind.AGENT: Colours(fill="#fbeaf3", line="#ac3a7a", text="#541438"),
}
"""Hues that stay apart for colour-blind readers too; shapes tell the kinds a second time."""

DARK: Mapping[NodeKind, Colours] = {
    NodeKind.ARTIFACT: Colours(fill="#14283f", line="#6aa6e8", text="#d9e9fb"),
    NodeKind.DATASET: Colours(fill="#0d302a", line="#4cc2ad", text="#d3f3ec"),
    NodeKind.MODEL: Colours(fill="#261d42", line="#a58df0", text="#e8e1fc"),
    NodeKind.DEPLOYMENT: Colours(fill="#421710", line="#f0806c", text="#fde1dc"),
    NodeKind.EXECUTION: Colours(fill="#3a2a08", line="#e0a63a", text="#fbecc9"),
    NodeKind.RUN: Colours(fill="#262b33", line="#9aa5b5", text="#e6e9ee"),
    NodeKind.AGENT: Colours(fill="#3b1229", line="#e87fb8", text="#fbdceb"),
}


def title(node: Node) -> str:
    """A node's first line: its label on one line, cut where it is too long for a box."""
    return _short(node.label) or _short(node.id)


def subtitle(node: Node) -> str:
    """A node's second line: the few facts that tell it from its like; may be empty."""
    return _short(" · ".join(str(part) for part in _SUBTITLES[node.kind](node.facts) if part))


def caption(edge: Edge) -> str:
    """The word on an arrow: the argument or output; for a succession, that it is one."""
    if edge.role:
        return _short(edge.role)
    return "then" if edge.relation is Relation.REVISION_OF else ""


def sentence(edge: Edge, nodes: Mapping[str, Node]) -> str:
    """An edge in words, for titles and readers of screens."""
    role = f" ({_short(edge.role)})" if edge.role else ""
    other = "" if edge.actual else ", not the one used here"
    effect, cause = title(nodes[edge.source]), title(nodes[edge.target])
    return f"{effect} {edge.relation.value} {cause}{role}{other}"


def _short(text: str, longest: int = _LONGEST) -> str:
    line = " ".join(xml_text(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _digest(facts: Mapping[str, Any]) -> str:
    algorithm, colon, rest = str(facts.get("digest", "")).partition(":")
    return f"{algorithm}{colon}{rest[:8]}…" if len(rest) > 9 else f"{algorithm}{colon}{rest}"


def _day(value: Any) -> str:
    return str(value or "")[:10]


def _artifact(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    profile = facts.get("profile")
    shape = ""
    if isinstance(profile, Mapping):
        rows, columns = profile.get("rows"), profile.get("columns")
        if isinstance(rows, int) and isinstance(columns, list | tuple | Mapping):
            shape = f"{rows:,} × {len(columns)}"
        elif isinstance(profile.get("shape"), list):
            shape = " × ".join(str(n) for n in profile["shape"])
    return facts.get("kind"), shape, _digest(facts)


def _execution(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    run, status, seconds = facts.get("run"), facts.get("status"), facts.get("wall_seconds")
    took = f"{seconds:.3g} s" if isinstance(seconds, int | float) else ""
    asked = facts.get("resources")
    placed = " ".join(f"{k}={v:g}" for k, v in asked.items()) if isinstance(asked, Mapping) else ""
    return run and f"run {run}", status if status != "executed" else "", took, placed


def _model(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    aliases = facts.get("aliases")
    words = [f"@{alias}" for alias in aliases] if isinstance(aliases, list | tuple) else []
    return facts.get("status"), " ".join(words), _digest(facts)


def _deployment(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    return "now" if facts.get("current") else "", _day(facts.get("at")), facts.get("by")


_SUBTITLES: Mapping[NodeKind, Callable[[Mapping[str, Any]], tuple[Any, ...]]] = {
    NodeKind.ARTIFACT: _artifact,
    NodeKind.DATASET: lambda facts: (_day(facts.get("created_at")), _digest(facts)),
    NodeKind.MODEL: _model,
    NodeKind.DEPLOYMENT: _deployment,
    NodeKind.EXECUTION: _execution,
    NodeKind.RUN: lambda facts: (facts.get("pipeline"), _day(facts.get("started_at"))),
    NodeKind.AGENT: lambda _: (),
}
