"""What the bundled pipelines record is what `graphs/` shows: a change is seen in review."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load_maker():
    spec = importlib.util.spec_from_file_location("graphs_make", ROOT / "graphs" / "make.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["graphs_make"] = module
    spec.loader.exec_module(module)
    return module


make = load_maker()


@pytest.mark.slow
@pytest.mark.parametrize("example", make.EXAMPLES, ids=lambda example: example.name)
def test_a_bundled_pipeline_records_its_reference_graph(example, store):
    if example.missing:
        pytest.skip(f"there is no {example.missing[0]}")
    graph = make.lineage_of(example, store)
    for name, file in make.files_of(example):
        shown = file.read_text("utf-8")
        assert graph.to(name) == shown, f"{file.name} differs; see `make graphs`"
