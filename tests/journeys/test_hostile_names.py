"""Names and texts of any kind: each is kept exactly or refused in a paragraph; nothing breaks."""

from __future__ import annotations

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lineal.lineage.export import FORMATS

PIPELINE = """
from lineal import Metrics, dataset, pipeline, register, task

@task
def load(name: str) -> dict[str, list[int]]:
    return {name: [1, 2, 3]}

@task
def fit(rows: dict[str, list[int]]) -> dict[str, int]:
    return {"limit": max(map(max, rows.values()))}

@task
def evaluate(model: dict[str, int]) -> Metrics:
    slices = {"who": {"</script>|<b>": {"recall": 1.0}}}
    return Metrics(recall=1 - 1 / model["limit"], slices=slices)

@pipeline
def mail(name: str = "x") -> Metrics:
    rows = load(name)
    dataset(name, rows)
    model = fit(rows)
    scores = evaluate(model)
    register(name, model, metrics=scores, description=name, tags={name: name})
    return scores
"""
ATTACK = "<img src=x onerror=\"document.title='pwned'\"><svg onload=\"document.title='pwned'\">"
NAMES = {
    "markup": ATTACK,
    "quotes": "[red]a\"'`b[bold] [ '; DROP TABLE models; -- 100%_{}{{x}}${y} a|b\\n&amp;#quot;",
    "scripts": "🚀👩‍👩‍👧 \u202etxet\u202c שלום a\u2028b\u2029c\u0085d\ufeffe",
    "long": "x" * 500,
    "an option": "--reason",
}
"""What is kept exactly, as a name as well."""
REFUSED = {
    "nothing": "",
    "a blank": " ",
    "a new line": "a\nb",
    "a tab": "a\tb",
    "an escape": "\x1b[31mred\x07",
    "an end tag": "</script>",
    "an at": "a@b",
    "no text": "a\udcffb",
    "NUL": "a\x00b",
    "too long": "x" * 501,
}
"""What can't be a name."""
TEXTS = {
    "end of script": f"</script><script>document.title='pwned'</script>{ATTACK} {NAMES['quotes']}",
    "lines": f"one\ntwo\r\n\tthree {NAMES['scripts']}",
    "escapes": "\x1b[31mred\x07\x9b31m",
    "long text": "y" * 100_000,
}
"""What is kept exactly as a reason, a description, a tag's value, a person."""


@pytest.fixture
def lineal(command, tmp_path, monkeypatch):
    """Runs a command; gives what it printed, or its complaint."""
    monkeypatch.chdir(tmp_path)
    Path("mail.py").write_text(PIPELINE)
    return command


class Tags(HTMLParser):
    """The elements and handlers of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def parses(form: str, text: str) -> None:
    if form in ("json", "cytoscape", "prov-json", "openlineage", "ro-crate"):
        json.loads(text)
    if form in ("graphml", "svg"):
        assert ET.fromstring(text).tag
    if form in ("svg", "html"):
        page = Tags(text)
        assert page.handlers == []
        assert "img" not in page.seen
    if form == "html":
        assert page.seen.count("script") == text.count("<script")
        assert "<script>document.title" not in text


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_is_kept_exactly_and_breaks_no_command(lineal, name):
    lineal("run", "mail.py", "-p", f"name={name}")
    shown = json.loads(lineal("model", "show", "--json", "--", name))
    assert (shown["name"], shown["versions"][0]["tags"]) == (name, {name: name})
    aliased = json.loads(lineal("model", "alias", "--json", "--", name, name, "v1"))
    assert aliased["aliases"] == [name]
    target = json.loads(lineal("deploy", "--json", f"--reason={name}", "--", f"{name}@v1", name))
    assert (target["target"], target["reason"]) == (name, name)
    for words in (
        ("model", "list"), ("model", "show", "--", name), ("model", "show", "--", f"{name}@v1"),
        ("model", "history", "--", name), ("deployments", "--", name), ("dataset", "list"),
        ("dataset", "show", "--", name), ("lineage", "--both", "--", "1"),
        ("impact", "--", "1:load"), ("path", "--", "1:fit", "1:load"), ("runs",), ("show",),
        ("diff", "--", "1:load", "1:fit"), ("compare", "1", "1"),
    ):  # fmt: skip
        assert lineal(*words)
    card = lineal("card", "--", f"model:{name}@{name}")
    assert "<img" not in card
    assert "<svg" not in card
    assert "\u202e" not in card
    for form in FORMATS:
        parses(form, lineal("lineage", "--both", "--format", form, "--", f"models:/{name}/1"))


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_what_can_be_no_name_is_refused_in_a_paragraph(lineal, name):
    lineal("run", "mail.py")
    before = lineal("model", "show", "x", "--json"), lineal("model", "history", "x", "--json")
    for words in (
        ("model", "register", "--", name, "1:load"),
        ("model", "alias", "--", "x", name, "v1"),
        ("deploy", "--reason=r", "--", "x@v1", name),
        ("run", "mail.py", "-p", f"name={name}"),
    ):
        complaint = lineal(*words, exits=2)
        assert "\n" not in complaint
        assert len(complaint) < 400
        complaint.encode("utf-8")
    after = lineal("model", "show", "x", "--json"), lineal("model", "history", "x", "--json")
    assert after == before


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_is_kept_exactly_and_terminals_and_pages_are_safe_from_it(lineal, text):
    lineal("run", "mail.py")
    told = json.loads(lineal("model", "describe", "--json", "--", "x@v1", text))
    assert told["description"] == text
    lineal("model", "tag", "--json", "--", "x@v1", f"why={text}")
    approved = json.loads(
        lineal("model", "approve", "x@v1", f"--reason={text}", f"--by={text}", "--json")
    )
    assert (approved["reason"], approved["by"]) == (text, text)
    lineal("deploy", "x@v1", "production", f"--reason={text}", f"--by={text}")
    version = json.loads(lineal("model", "show", "x@v1", "--json"))
    assert version["version"]["tags"]["why"] == text
    assert json.loads(lineal("model", "history", "x", "--json"))[-1]["reason"] == text
    for words in (("model", "show", "x@v1"), ("model", "history", "x"), ("deployments",)):
        printed = lineal(*words)
        assert "\x1b" not in printed
        assert "\x07" not in printed
    card = lineal("card", "model:x@v1")
    assert not any(sign in card for sign in ("<img", "<script", "\x1b"))
    for form in ("json", "graphml", "svg", "html", "openlineage"):
        parses(form, lineal("lineage", "models:/x/1", "--both", "--format", form))


@pytest.mark.parametrize("text", ["a\udcffb", "a\x00b"], ids=["no text", "NUL"])
def test_what_is_no_text_is_refused_and_nothing_is_written(lineal, text):
    lineal("run", "mail.py")
    before = lineal("model", "history", "x", "--json")
    for words in (
        ("model", "describe", "x@v1", text),
        ("model", "tag", "x@v1", f"why={text}"),
        ("model", "tag", "x@v1", f"{text}=why"),
        ("model", "tag", "x", "=why"),
        ("model", "tag", "x", "k" * 501 + "=why"),
        ("model", "approve", "x@v1", f"--reason={text}"),
        ("model", "approve", "x@v1", f"--by={text}"),
        ("model", "archive", "x@v1", f"--reason={text}"),
        ("model", "gate", "add", "x", text),
        ("deploy", "x@v1", "production", f"--reason={text}"),
    ):
        complaint = lineal(*words, exits=2)
        complaint.encode("utf-8")
        assert len(complaint) < 400
    assert lineal("model", "history", "x", "--json") == before


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium here")
def test_a_browser_runs_no_script_from_a_text(lineal, tmp_path):
    attack = TEXTS["end of script"]
    lineal("run", "mail.py", "-p", f"name={ATTACK}")
    lineal("model", "describe", "--", f"{ATTACK}@v1", attack)
    lineal("deploy", f"--reason={attack}", f"--by={attack}", "--", f"{ATTACK}@v1", "production")
    lineal("lineage", "--both", "-o", "page.html", "--", "1:fit")
    lineal("lineage", "--both", "-o", "drawing.svg", "--", "1:fit")
    lineal("compare", "1", "1", "--plot", "plots.html")
    for page in ("page.html", "drawing.svg", "plots.html"):
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
             f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / page).as_uri()],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "pwned" not in done.stdout.partition("<title")[2].partition("</title")[0], page
        assert "</svg>" in done.stdout or "<div" in done.stdout
