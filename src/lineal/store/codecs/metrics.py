"""The metrics of a step, with their slices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal.pipeline.metrics import Metrics
from lineal.store.base import BlobStore

from .base import Check
from .plain import PlainCodec

_plain = PlainCodec()


class MetricsCodec:
    """`lineal.Metrics`, no subclasses."""

    name = "metrics/1"
    suffix = ".json"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Metrics alone."""
        return type(value) is Metrics

    def encode(self, value: Metrics, blobs: BlobStore) -> bytes:
        """As JSON text, in the way of plain values."""
        return _plain.encode({"values": value.overall, "slices": value.slices}, blobs)

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Metrics:
        """From JSON text."""
        facts = _plain.decode(data, blobs, where)
        return Metrics(facts["values"], facts["slices"])
