"""The records of a lineage graph: nodes of W3C PROV's kinds, and its relations between them.

A graph has thousands of both, so these records are tuples, which are made in a third of the
time that frozen dataclasses take.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

_NO_FACTS: Mapping[str, Any] = {}


class NodeKind(StrEnum):
    """What a node stands for."""

    ARTIFACT = "artifact"
    DATASET = "dataset"
    """A dataset version."""
    MODEL = "model"
    """A model version."""
    DEPLOYMENT = "deployment"
    EXECUTION = "execution"
    RUN = "run"
    AGENT = "agent"

    @property
    def prov(self) -> str:
        """entity, activity or agent, as W3C PROV-DM calls it."""
        return {"execution": "activity", "run": "activity", "agent": "agent"}.get(
            self.value, "entity"
        )


class Relation(StrEnum):
    """How one node depends on another; from effect to cause, in PROV's words."""

    USED = "used"
    """execution -> artifact"""
    GENERATED_BY = "wasGeneratedBy"
    """artifact -> execution"""
    DERIVED_FROM = "wasDerivedFrom"
    """dataset or model version -> artifact; part -> whole; deployment -> model version"""
    REVISION_OF = "wasRevisionOf"
    """deployment -> the deployment it succeeded; version -> the version before it"""
    INFORMED_BY = "wasInformedBy"
    """execution -> run"""
    ASSOCIATED_WITH = "wasAssociatedWith"
    """execution, run -> agent"""
    ATTRIBUTED_TO = "wasAttributedTo"
    """deployment, model version -> agent"""


class Node(NamedTuple):
    """One thing in the graph.

    Facts by kind, each left out where it is not known:

    - artifact: ``digest``, ``kind``, ``type``, ``size``, ``profile``, ``names`` (under which
      executions gave or took it), ``paths`` (where files were read from)
    - dataset: ``name``, ``version``, ``digest``, ``created_at``
    - model: ``name``, ``version``, ``digest``, ``status``, ``aliases``, ``tags``, ``metrics``,
      ``signature``, ``created_at``, ``created_by``
    - deployment: ``target``, ``model``, ``version``, ``at``, ``by``, ``reason``, ``action``,
      ``overridden``, ``current``
    - execution: ``step``, ``task``, ``run`` (number), ``run_id``, ``pipeline``, ``status``,
      ``params`` (plain settings by argument), ``metrics`` (by name with slice), ``code``,
      ``environment``, ``started_at``, ``finished_at``, ``wall_seconds``,
      ``nondeterministic`` (numbers of the runs in which its key gave different content)
    - run: ``number``, ``id``, ``name``, ``pipeline``, ``params``, ``started_at``, ``by``,
      ``reused`` (true for a run that executed nothing of an impact, but reused some of it)
    - agent: ``name``
    """

    id: str
    """Unique in the graph: ``artifact:xxh3:…``, ``artifact:xxh3:…@4.2`` for a common value
    (of which each maker's is a node), ``execution:4.2`` (run and position),
    ``dataset:transactions@v7``, ``model:fraud@v3``, ``deployment:12``, ``run:4``,
    ``agent:NAME``."""
    kind: NodeKind
    label: str
    """A few words for a box."""
    facts: Mapping[str, Any] = _NO_FACTS
    """JSON-like; see above."""


class Edge(NamedTuple):
    """One node depends on another."""

    source: str
    """Id of the effect."""
    target: str
    """Id of the cause."""
    relation: Relation
    role: str = ""
    """The argument or output that the value was: ``train``, ``result``."""
    actual: bool = True
    """False for another execution that made the same content, and was not the one used; and
    for a common value that the execution was not given, but reused with."""
