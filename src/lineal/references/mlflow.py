"""MLflow's URIs, in the words of the other references."""

from __future__ import annotations

from lineal.catalog import Catalog
from lineal.errors import ReferenceNotFound

from . import outputs

_MODELS, _RUNS = "models:/", "runs:/"


def translated(catalog: Catalog, reference: str) -> str:
    """A reference without MLflow's way of writing; any other is given back as it is.

    Raises:
        ReferenceNotFound: a URI of MLflow's that names nothing.
    """
    if reference.startswith(_MODELS):
        return _model(reference)
    if reference.startswith(_RUNS):
        run, _, path = reference.removeprefix(_RUNS).strip("/").partition("/")
        return outputs.logged_as(catalog, run, path) if path else f"run:{run}"
    return reference


def _model(reference: str) -> str:
    rest = reference.removeprefix(_MODELS).strip("/")
    name, slash, version = rest.rpartition("/")
    if slash and version.isdecimal():
        return f"model:{name}@v{version}"
    if "@" in rest and not slash:
        return f"model:{rest}"
    raise ReferenceNotFound(
        f"{reference!r} names no model version; write models:/NAME/VERSION or models:/NAME@ALIAS."
    )
