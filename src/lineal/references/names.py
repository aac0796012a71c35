"""Names that were given: versions of models and datasets, aliases, deployments."""

from __future__ import annotations

import re
from difflib import get_close_matches

from lineal.catalog import Catalog, Start
from lineal.catalog.finding import Named
from lineal.errors import AmbiguousReference, ReferenceNotFound

_VERSION = re.compile(r"v(\d{1,9})", re.ASCII)
_SHOWN = 8
_KINDS = ("model", "dataset")


def is_name(reference: str) -> bool:
    """Whether it is written as ``NAME@…``."""
    name, at, rest = reference.rpartition("@")
    return bool(name and at and rest) and not reference.startswith("run:")


def start(catalog: Catalog, reference: str) -> Start:
    """The version or deployment that a name leads to.

    Raises:
        ReferenceNotFound: nothing has the name; near ones are listed.
        AmbiguousReference: a model and a dataset, or a target and an alias, have it.
    """
    named = find(catalog, reference)
    if named.deployment is not None:
        return Start(deployments=(named.deployment,))
    if named.model_version is not None:
        return Start(models=(named.model_version,))
    assert named.dataset is not None
    return Start(datasets=((named.dataset, named.version),))


def find(catalog: Catalog, reference: str) -> Named:
    """What ``NAME@vN`` or ``NAME@WORD`` names; see `start`."""
    kind, plain = _kind_of(reference)
    name, _, word = plain.rpartition("@")
    number = _VERSION.fullmatch(word)
    found = catalog.versions_named(name, int(number[1])) if number else []
    found = [n for n in found or catalog.placed(name, word) if kind in (None, n.kind)]
    if not found:
        raise ReferenceNotFound(f"Nothing is called {reference!r}.{near(catalog, reference)}")
    if len({(n.kind, n.version) for n in found}) > 1:
        shown = ", ".join(f"{_told(n)} {n.name}@v{n.version}" for n in found)
        raise AmbiguousReference(
            f"{reference!r} may be {shown}; write model:{plain} or dataset:{plain}"
            f"{'' if number else ', or name the version'}."
        )
    return found[0]


def near(catalog: Catalog, reference: str) -> str:
    """A sentence with the names that look like a reference; empty where there are none."""
    known = catalog.known_names()
    _, reference = _kind_of(reference)
    name = reference.partition("@")[0]
    found = get_close_matches(reference, known, n=_SHOWN, cutoff=0.6)
    found += [k for k in known if name and k.startswith(name) and k not in found]
    if not found and "@" in reference:
        found = known
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f" There are {', '.join(found[:_SHOWN])}{more}." if found else ""


def _kind_of(reference: str) -> tuple[str | None, str]:
    """What kind of thing a reference says that it names, and the rest of it."""
    for kind in _KINDS:
        if reference.startswith(f"{kind}:"):
            return kind, reference.removeprefix(f"{kind}:")
    return None, reference


def _told(named: Named) -> str:
    if named.deployment is not None:
        return "the deployed"
    return "the alias of" if named.alias is not None else f"the {named.kind}"
