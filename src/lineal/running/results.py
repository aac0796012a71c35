"""The result of a run: what the body of a pipeline returned, as artifacts and as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lineal.errors import UserError
from lineal.pipeline.graph import Reference
from lineal.pipeline.handles import Handle, reference_of
from lineal.records import Output, RunRecord

from .base import Services
from .run import RESULT, assemble

Found = tuple[Any, list[Output]]


def collect(
    returned: Any,
    output_of: Callable[[Reference, str], Output],
    keep: Callable[[str, Any], Output],
) -> Found:
    """The value of what a body returned, and where each part of it is recorded.

    A handle, or a tuple, list or dictionary of nothing but handles, is recorded by the
    outputs of the steps themselves; anything else is kept as a value of the body's own.
    """
    if returned is None:
        return None, []
    if isinstance(returned, Handle):
        return returned.value, [output_of(reference_of(returned), RESULT)]
    parts = _parts(returned)
    if parts and all(isinstance(item, Handle) for _, item in parts):
        return plain(returned), [output_of(reference_of(item), name) for name, item in parts]
    whole = plain(returned)
    return whole, [keep(RESULT, whole)]


def plain(value: Any) -> Any:
    """A value with the handles in its containers replaced by what they stand for."""
    if isinstance(value, Handle):
        return value.value
    if isinstance(value, tuple) and type(value) is not tuple and hasattr(value, "_fields"):
        return type(value)(*(plain(item) for item in value))
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(plain(item) for item in value)
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def references_in(returned: Any) -> Iterator[Reference]:
    """Every output that what a body returned refers to, wherever `plain` finds it."""
    if isinstance(returned, Handle):
        yield reference_of(returned)
    elif isinstance(returned, (list, tuple)):
        for item in returned:
            yield from references_in(item)
    elif type(returned) is dict:
        for item in returned.values():
            yield from references_in(item)


def load_result(services: Services, record: RunRecord) -> Any:
    """What a past run returned, from the store.

    Raises:
        UserError: it returned nothing, or did not finish.
    """
    if not record.result:
        raise UserError(
            f"Run {record.id[:8]} ({record.status.value}) has no result to load; `lineal show"
            f" {record.id[:8]}` says what it has."
        )
    artifacts = services.catalog.artifacts([output.digest for output in record.result])
    values = [services.values.load(artifacts[output.digest]) for output in record.result]
    return assemble([output.name for output in record.result], values)


def _parts(returned: Any) -> list[tuple[str, Any]]:
    if isinstance(returned, (tuple, list)):
        return [(f"{RESULT}[{i}]", item) for i, item in enumerate(returned)]
    if type(returned) is dict:
        return [(f"{RESULT}[{key!r}]", item) for key, item in returned.items()]
    return []
