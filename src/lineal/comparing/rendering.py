"""A card as Markdown: its template, in which nothing recorded can act as markup."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .card import CardFacts

UNKNOWN = "not recorded"
_MARKUP = re.compile(r"([\\`*_{}\[\]#|~!$])")
_TURNS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of what follows, beyond the place they stand in."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def render(facts: CardFacts) -> str:
    """The card as Markdown."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Every expression passes `markdown`, which is what keeps markup out of it; HTML's own
    # escaping would be done on top of that.
    environment = Environment(
        loader=PackageLoader("lineal.comparing"),
        finalize=markdown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
    )
    return environment.get_template("card.md.j2").render(card=facts)


def markdown(value: Any) -> str:
    """A value as text in a line of Markdown, whatever signs it holds."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = _TURNS.sub("\ufffd", _BREAKS.sub(" ", str(value))).strip() or UNKNOWN
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Addresses are not made links by readers that look for them.
    return _MARKUP.sub(r"\\\1", text).replace("://", ":\\//").replace("www.", "www\\.")
