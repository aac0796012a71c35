"""Describing functions and what wraps them, for the walk over code.

A function is what it does, what it carries with it, and what its names lead to. A function
that an installed decorator made does what its distribution's version says; what it holds of
the project counts as it would anywhere else, and is refused where it can't be identified.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import wrappers
from .classes import describe_annotations
from .constants import Care
from .syntax import read_function

if TYPE_CHECKING:
    from .reaching import Walk


def describe_function(walk: Walk, name: str, fn: types.FunctionType) -> list[str]:
    """What a function of the project is, part by part; what it refers to joins the walk."""
    walk.file(fn.__code__.co_filename)
    read = read_function(fn.__code__)
    walk.note(read)
    return [
        read.text,
        *_carried(walk, name, fn, Care.STRICT),
        *walk.names(name, read, fn.__globals__),
        *walk.imports(name, read, fn.__globals__),
    ]


def _carried(walk: Walk, name: str, fn: types.FunctionType, care: Care) -> list[str]:
    """What a function carries with it: cells, default values, attributes."""
    parts = []
    for cell, content in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            value = content.cell_contents
        except ValueError:  # it is not filled yet
            continue
        target = walk.refer(f"{name}.<closure>.{cell}", value, care=care)
        parts.append(f"closure {cell}={target}")
    arguments = fn.__code__.co_varnames[: fn.__code__.co_argcount]
    defaults = fn.__defaults__ or ()
    named = dict(zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True))
    for argument, default in {**named, **(fn.__kwdefaults__ or {})}.items():
        target = walk.refer(f"{name}.<default>.{argument}", default, care=care)
        parts.append(f"default {argument}={target}")
    # Attributes are put on a function by what decorates it, more often than by its author.
    for attribute, value in sorted(fn.__dict__.items()):
        target = walk.refer(f"{name}.{attribute}", value, care=Care.HELD)
        parts.append(f"attribute {attribute}={target}")
    return parts


def describe_made(walk: Walk, name: str, fn: types.FunctionType) -> list[str]:
    """What a function that an installed decorator made is, and what it holds."""
    registry = getattr(fn, "registry", None)
    if isinstance(registry, Mapping) and hasattr(fn, "dispatch"):
        # functools.singledispatch: its cells cache what its registry decides.
        ways = [
            (walk.refer("type", key), walk.refer(f"{name}[{key!r}]", way))
            for key, way in registry.items()
        ]
        parts = [f"{key}={way}" for key, way in sorted(ways)]
    else:
        parts = _carried(walk, name, fn, Care.HELD)
    wrapped = inspect.unwrap(fn)
    if isinstance(wrapped, types.FunctionType) and wrappers.is_project_function(wrapped):
        parts += walk.annotations(name, wrapped)
    return [f"{fn.__globals__.get('__name__')}.{fn.__code__.co_qualname}", *parts]


def describe_wrapper(
    walk: Walk, name: str, thing: Any, parts: wrappers.Parts, care: Care
) -> list[str]:
    """What an object that wraps a function is: its kind, its parts and its settings."""
    kind = type(thing)
    walk.installed(kind.__module__)
    place = name.rpartition(".<")[0]
    described = [f"{part}={walk.refer(place + part, value, care=care)}" for part, value in parts]
    inner = parts[0][1]
    if kind.__module__ not in ("builtins", "functools") and isinstance(inner, types.FunctionType):
        described += walk.annotations(name, inner)
    return [kind.__qualname__, *described]


def annotations_of(walk: Walk, name: str, fn: types.FunctionType) -> list[str]:
    """What the annotations of a function say, one text each."""
    return describe_annotations(walk, name, fn.__annotations__, fn.__globals__)
