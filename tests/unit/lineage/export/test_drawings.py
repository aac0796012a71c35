"""SVG and HTML: drawn whole, in one file, and no text of a graph ever becomes markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from lineal.lineage import LineageGraph
from lineal.lineage.export import write
from lineal.lineage.export.drawing import text_width
from lineal.lineage.export.looks import DARK, LIGHT, sentence, subtitle, title
from lineal.lineage.export.plain import plain, utf8, xml_text
from lineal.records import Edge, Node, NodeKind, Relation

from .graphs import fraud, graphs

SVG = "{http://www.w3.org/2000/svg}"
_ALLOWED = {"svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text"}


def parsed(graph: LineageGraph) -> ET.Element:
    return ET.fromstring(write(graph, "svg").encode())


def words(element: ET.Element, tag: str) -> list[str]:
    return ["".join(found.itertext()) for found in element.findall(f"{SVG}{tag}")]


def groups(root: ET.Element, attribute: str) -> dict[int, ET.Element]:
    return {int(g.get(attribute, "")): g for g in root.iter(f"{SVG}g") if g.get(attribute)}


@settings(max_examples=50)
@given(graphs())
def test_svg_is_xml_with_a_shape_and_the_texts_of_every_node(graph: LineageGraph) -> None:
    root = parsed(graph)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= _ALLOWED
    drawn = groups(root, "data-n")
    nodes = sorted(graph.nodes.values(), key=lambda node: node.id)
    assert len(drawn) == len(nodes)
    for number, node in enumerate(nodes):
        first, *second = words(drawn[number], "text")
        assert title(node).startswith(first.removesuffix("…"))
        assert bool(second) == bool(subtitle(node))
        assert words(drawn[number], "title")[0].endswith(xml_text(node.id))
        assert ("root" in drawn[number].get("class", "").split()) == (node.id in graph.roots)


@settings(max_examples=50)
@given(graphs())
def test_svg_names_the_relation_of_every_edge(graph: LineageGraph) -> None:
    drawn = groups(parsed(graph), "data-e")
    said = sorted(words(group, "title")[0] for group in drawn.values())
    assert said == sorted(sentence(edge, graph.nodes) for edge in graph.edges)
    for group in drawn.values():
        path = group.find(f"{SVG}path")
        assert path is not None
        assert re.fullmatch(r"M[-\d. ]+(?:[LC][-\d. ]+)+", path.get("d", ""))


def test_svg_tells_what_it_shows_to_who_cannot_see_it() -> None:
    root = parsed(fraud())
    assert words(root, "title") == ["Lineage of production"]
    assert "2 deployments" in words(root, "desc")[0]
    assert root.get("aria-labelledby") == "lineage-title lineage-desc"


def test_arrows_lead_from_the_cause_to_the_right() -> None:
    graph = LineageGraph(
        [
            Node(id="artifact:a", kind=NodeKind.ARTIFACT, label="a"),
            Node(id="execution:1.0", kind=NodeKind.EXECUTION, label="use"),
        ],
        [Edge(source="execution:1.0", target="artifact:a", relation=Relation.USED, role="data")],
        [],
    )
    root = parsed(graph)
    edge = groups(root, "data-e")[0]
    numbers = [float(n) for n in re.findall(r"[\d.]+", edge.find(f"{SVG}path").get("d"))]
    box = groups(root, "data-n")[0].find(f"{SVG}rect")
    assert numbers[0] == float(box.get("x")) + float(box.get("width"))
    assert numbers[-2] > numbers[0]
    assert words(edge, "text") == ["data"]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, two: str) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("kind", NodeKind)
def test_text_and_lines_stand_out_in_both_schemes(kind: NodeKind) -> None:
    for scheme, paper in ((LIGHT, "#ffffff"), (DARK, "#14171c")):
        colours = scheme[kind]
        assert contrast(colours.text, colours.fill) >= 7  # WCAG 2.2, 1.4.6
        assert contrast(colours.line, paper) >= 3  # WCAG 2.2, 1.4.11


class Page(HTMLParser):
    """Collects tags, attributes and the texts of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.comments = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments += 1


BARE = Page(write(LineageGraph([], [], []), "html"))


@settings(max_examples=50)
@given(graphs())
def test_no_text_of_a_graph_becomes_markup_of_the_page(graph: LineageGraph) -> None:
    text = write(graph, "html")
    page = Page(text)
    text.encode()
    assert len(page.scripts) == 2
    assert page.scripts[1] == BARE.scripts[1]
    assert page.comments == 0
    found = json.loads(page.scripts[0])
    nodes = sorted(graph.nodes.values(), key=lambda node: node.id)
    assert [(n["id"], n["facts"]) for n in found["nodes"]] == [
        (utf8(n.id), plain(n.facts)) for n in nodes
    ]
    assert set(page.tags) - set(BARE.tags) <= {"path", "rect", "g", "text", "title", "li"}
    drawn = [value for name, value in page.attributes if name == "aria-label" and value]
    assert len(drawn) == len(nodes) + sum(name == "aria-label" for name, _ in BARE.attributes)
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_the_page_asks_nothing_of_the_network() -> None:
    text = write(fraud(), "html")
    page = Page(text)
    assert not {"link", "img", "iframe", "object", "base"} & set(page.tags)
    assert not {"src", "href", "xlink:href"} & {name for name, _ in page.attributes}
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttp|import\(", text)


def test_every_box_of_the_page_can_be_reached_by_keyboard() -> None:
    graph = fraud()
    page = Page(write(graph, "html"))
    assert page.attributes.count(("tabindex", "0")) == len(graph)


def test_facts_keep_their_order() -> None:
    node = Node(id="run:1", kind=NodeKind.RUN, label="r", facts={"b": 1, "a": {"z": 1, "y": 2}})
    found = json.loads(Page(write(LineageGraph([node], [], []), "html")).scripts[0])
    assert list(found["nodes"][0]["facts"]) == ["b", "a"]
    assert list(found["nodes"][0]["facts"]["a"]) == ["z", "y"]


def test_wide_letters_take_wide_boxes() -> None:
    assert text_width("訓練データ", 13) > 1.5 * text_width("abcde", 13)


def test_a_thousand_nodes_are_drawn_in_seconds() -> None:
    nodes = [
        Node(id=f"artifact:{n:04}", kind=NodeKind.ARTIFACT, label=f"frame {n}", facts={"n": n})
        for n in range(1000)
    ]
    edges = [
        Edge(source=nodes[n].id, target=nodes[m].id, relation=Relation.DERIVED_FROM)
        for n in range(1, 1000)
        for m in {n // 2, max(n - 7, 0)}
    ]
    start = time.process_time()
    write(LineageGraph(nodes, edges, []), "html")
    assert time.process_time() - start < 15


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium to run the page")
def test_a_browser_runs_the_page_and_shows_the_facts_of_a_node(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(write(fraud(), "html"), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, f"{page.as_uri()}#execution%3A1.1"], capture_output=True, text=True, timeout=90
    )
    assert '<h2 id="name">split</h2>' in done.stdout
    assert "<dt>test_size</dt><dd>0.2</dd>" in done.stdout
    near = re.findall(r'class="node ([a-z]+)(?: root)?(?: chosen)? near', done.stdout)
    assert near.count("deployment") == 2
    assert near.count("dataset") == 0
