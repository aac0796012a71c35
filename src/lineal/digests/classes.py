"""Describing classes and type expressions for the walk over code.

A class is what it is at run time: bases, metaclass, and everything in its dictionary.
Where a library has put machinery on it that can't be identified (validators, schemas,
mappers), the body as it is written in the source stands for that.
"""

from __future__ import annotations

import abc
import sys
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .bytecode import read_bytecode
from .constants import Care
from .syntax import read_class
from .wrappers import is_project_class, is_project_function, is_type_expression, module_file

if TYPE_CHECKING:
    from .reaching import Walk

_NOISE = frozenset({
    "__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__firstlineno__",
    "__static_attributes__", "__abstractmethods__", "_abc_impl", "__annotate__",
    "__annotate_func__", "__annotations_cache__", "__dataclass_params__", "__parameters__",
    "__signature__", "__conditional_annotations__", "__slotnames__",
})  # fmt: skip
_MACHINERY = ("__pydantic_", "__attrs_", "__sqlalchemy_")
_PLAIN = frozenset({"lineal", "builtins"}) | sys.stdlib_module_names


def describe_class(walk: Walk, name: str, cls: type) -> list[str]:
    """What a class of the project is, part by part; what it refers to joins the walk."""
    module = sys.modules.get(cls.__module__)
    file = module_file(module) if module is not None else None
    if file is not None:
        walk.file(file)
    scope = vars(module) if module is not None else {}
    parts = [f"base {walk.refer(base.__qualname__, base)}" for base in cls.__bases__]
    parts.append(f"metaclass {walk.refer(type(cls).__qualname__, type(cls))}")
    body = read_class(cls, file) if _has_machinery(cls) else None
    if body is not None:
        parts += [body.text, *walk.names(name, body, scope, care=Care.LENIENT)]
    fields = vars(cls).get("__pydantic_fields__", {})
    for key, info in fields.items():
        # What a model takes from around its body shows in its fields, not in its source.
        held = (info.default, info.default_factory, *info.metadata)
        targets = [walk.refer(f"{name}.{key}", one, care=Care.LENIENT) for one in held]
        parts.append(f"field {key} {targets}")
    registered = sorted(_registered(cls), key=lambda one: (one.__module__, one.__qualname__))
    parts += [f"registered {walk.refer(one.__qualname__, one)}" for one in registered]
    for attribute, value in sorted(vars(cls).items()):
        if attribute in _NOISE or (
            (body is not None or fields) and attribute.startswith(_MACHINERY)
        ):
            continue
        care = Care.STRICT if body is None else Care.LENIENT
        parts += _attribute(walk, name, attribute, value, scope, care)
    return parts


def _attribute(
    walk: Walk, name: str, attribute: str, value: Any, scope: Mapping[str, Any], care: Care
) -> list[str]:
    """What one entry of a class's dictionary says."""
    if isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
        return []
    if attribute == "__subclasshook__" and not is_project_function(value.__func__):
        return []  # typing.Protocol puts one on each class
    if attribute == "__match_args__":
        return [f"match {value}"]
    if attribute == "__annotations__":
        return describe_annotations(walk, f"{name}.<annotations>", value, scope)
    if attribute == "__dataclass_fields__":
        return _fields(walk, name, value)
    if attribute == "__orig_bases__":
        return [type_expression(walk, name, base, scope) for base in value]
    return [f"{attribute}={walk.refer(f'{name}.{attribute}', value, care=care)}"]


def _has_machinery(cls: type) -> bool:
    """Whether a class is built on a library's, or was worked over by one."""
    makers = [*cls.__mro__, type(cls)]
    foreign = any(
        not is_project_class(maker) and maker.__module__.partition(".")[0] not in _PLAIN
        for maker in makers
    )
    return foreign or any(name.startswith(_MACHINERY) for name in vars(cls))


def _registered(cls: type) -> list[type]:
    """The classes that were registered with an abstract one, as no base would show them."""
    if not isinstance(cls, abc.ABCMeta):
        return []
    registry: set[Any] = abc._get_dump(cls)[0]  # type: ignore[attr-defined]  # noqa: SLF001 - nothing else tells
    return [one for one in (reference() for reference in registry) if one is not None]


def _fields(walk: Walk, name: str, fields: Mapping[str, Any]) -> list[str]:
    parts = []
    for field in fields.values():
        place = f"{name}.{field.name}"
        parts.append(f"{field.name} {field.init, field.repr, field.hash, field.compare}")
        parts.append(f"default={walk.refer(f'{place}.<default>', field.default)}")
        factory = walk.refer(f"{place}.<factory>", field.default_factory)
        parts.append(f"factory={factory}")
        for key, value in field.metadata.items():
            hint = f"{place}.<metadata>"
            parts.append(f"metadata {key!r}={walk.refer(hint, value, care=Care.LENIENT)}")
    return parts


def describe_annotations(
    walk: Walk, name: str, annotations: Mapping[str, Any], scope: Mapping[str, Any]
) -> list[str]:
    """What annotations say, one text each."""
    return [
        f"{key}: {type_expression(walk, f'{name}.{key}', value, scope)}"
        for key, value in annotations.items()
    ]


def type_expression(walk: Walk, hint: str, expression: Any, scope: Mapping[str, Any]) -> str:
    """What an annotation says, with the classes it is made of."""
    if isinstance(expression, typing.ForwardRef):
        expression = expression.__forward_arg__
    if isinstance(expression, str):
        return _written(walk, hint, expression, scope)
    if isinstance(expression, list | tuple):  # the arguments of a Callable
        return str([type_expression(walk, hint, one, scope) for one in expression])
    origin = typing.get_origin(expression)
    if origin is None:
        if expression is None or expression is ... or is_type_expression(expression):
            parts = [
                type_expression(walk, f"{hint}.{part}", getattr(expression, part), scope)
                for part in ("__bound__", "__constraints__", "__supertype__", "__value__")
                if getattr(expression, part, None)
            ]
            return " ".join((repr(expression), *parts))
        return walk.refer(hint, expression, care=Care.LENIENT)
    arguments = type_expression(walk, hint, typing.get_args(expression), scope)
    return f"{walk.refer(hint, origin, care=Care.LENIENT)}{arguments}"


def _written(walk: Walk, hint: str, expression: str, scope: Mapping[str, Any]) -> str:
    """An annotation that is still a text: it and what its names lead to."""
    try:
        names = read_bytecode(compile(expression, "<annotation>", "eval")).names
    except (SyntaxError, ValueError):
        return repr(expression)
    targets = [
        walk.refer(f"{hint}.{first}", scope[first], tuple(chain), care=Care.LENIENT)
        for first, *chain in names
        if first in scope
    ]
    return f"{expression!r} {targets}"
