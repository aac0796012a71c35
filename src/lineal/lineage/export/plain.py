"""What every format stands on: a stable order, facts and text that any parser takes.

Facts are JSON-like, but a format must survive what is only nearly so: infinities and NaN
(no JSON), lone surrogates (no UTF-8; names of files may hold them), times.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from lineal.lineage.graph import LineageGraph
from lineal.records import Edge, Node

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_XML = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""What XML 1.0 forbids or advises against, and the carriage return, which its parsers change."""


def ordered_nodes(graph: LineageGraph) -> list[Node]:
    """The nodes by id, so that a format does not depend on the order of a query's rows."""
    return sorted(graph.nodes.values(), key=lambda node: node.id)


def ordered_edges(graph: LineageGraph) -> list[Edge]:
    """The edges by everything that tells them apart."""
    return sorted(
        graph.edges, key=lambda e: (e.source, e.target, e.relation.value, e.role, not e.actual)
    )


def utf8(text: str) -> str:
    r"""Text with lone surrogates written as ``\udc80``, so that it can be encoded."""
    return _SURROGATE.sub(_escaped, text)


def xml_text(text: str) -> str:
    r"""Text with what XML can't hold written as ``\x07``; markup is left to the writer."""
    return _NOT_XML.sub(_escaped, text)


def plain(value: Any) -> Any:
    """A fact as JSON knows it: finite numbers, text that can be encoded, lists and dicts."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {utf8(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, date):
        return value.isoformat()
    return utf8(str(value))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value of `plain` as JSON that every strict parser reads."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def json_in_xml(value: Any) -> str:
    """The same for a place inside XML: what that can't hold is escaped as JSON escapes."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found.group()):04x}", json_text(value))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
