"""Telling apart what code refers to: whose it is, what it wraps, what has no content."""

from __future__ import annotations

import functools
import logging
import random
import sys
import threading
import types
import typing
from pathlib import Path
from typing import Any

from .environment import is_project_file

Parts: typing.TypeAlias = "list[tuple[str, Any]]"

_STATELESS = (
    logging.Logger,
    logging.LoggerAdapter,
    type(threading.Lock()),
    type(threading.RLock()),
)
"""What code may hold on to without its result being decided by it."""
_CACHED = type(functools.lru_cache(len))
_SHARED_RANDOM = getattr(random, "_inst", None)
_TYPING = ("typing", "typing_extensions", "__future__")


def unwrapped(thing: Any) -> Parts | None:
    """The parts of what wraps a function, each with a suffix; None when it wraps none."""
    if isinstance(thing, functools.partial):
        parts: Parts = [("", thing.func)]
        parts += [(f".<partial>[{i}]", value) for i, value in enumerate(thing.args)]
        return parts + [(f".<partial>.{k}", value) for k, value in thing.keywords.items()]
    if isinstance(thing, staticmethod | classmethod):
        return [("", thing.__func__)]
    if isinstance(thing, property):
        accessors = (("", thing.fget), (".setter", thing.fset), (".deleter", thing.fdel))
        return [(part, accessor) for part, accessor in accessors if accessor is not None]
    if isinstance(thing, functools.cached_property):
        return [("", thing.func)]
    if isinstance(thing, functools.singledispatchmethod):
        return [("", thing.func), (".<ways>", thing.dispatcher)]
    if isinstance(thing, _CACHED):
        return [("", thing.__wrapped__), (".<cache>", thing.cache_parameters())]
    if isinstance(thing, types.MethodType):
        return [("", thing.__func__), (".<self>", thing.__self__)]
    if str(type(thing).__module__).partition(".")[0] == "lineal" and hasattr(thing, "__wrapped__"):
        return [("", thing.__wrapped__)]
    if not isinstance(thing, type) and hasattr(type(thing), "_self_wrapper"):
        # wrapt's proxies, which take themselves for what they wrap.
        held = ("_self_wrapper", "_self_instance", "_self_enabled", "_self_binding")
        return [("", thing.__wrapped__)] + [(f".{part}", getattr(thing, part)) for part in held]
    return None


def _shared_numpy() -> Any:
    """NumPy's global generator, if it is there; else what no thing is."""
    mtrand = sys.modules.get("numpy.random.mtrand")
    return getattr(mtrand, "_rand", _NOTHING)


def stateless(thing: Any) -> str | None:
    """A text for what is known by its name alone; None for what has content."""
    if thing is sys.modules:
        return "sys.modules"
    if thing is _SHARED_RANDOM or thing is _shared_numpy():
        return f"{type(thing).__module__}.<shared>"  # its state is set before each step
    if isinstance(thing, _STATELESS):
        return f"<{type(thing).__qualname__}>"
    if isinstance(thing, types.MethodDescriptorType | types.WrapperDescriptorType):
        return f"{thing.__objclass__.__qualname__}.{thing.__name__}"
    if isinstance(thing, types.BuiltinFunctionType):
        owner = thing.__self__
        if owner is None or isinstance(owner, types.ModuleType):
            return f"{thing.__module__}.{thing.__qualname__}"
        return None
    package = str(type(thing).__module__).partition(".")[0]
    if package == "numpy" and hasattr(type(thing), "_implementation"):
        # A function that other libraries' arrays can take over; errstate is callable too.
        return f"{package}.{getattr(thing, '__name__', type(thing).__qualname__)}"
    return None


def is_type_expression(thing: Any) -> bool:
    """Whether it is what annotations are made of, other than a plain class."""
    return (
        isinstance(thing, types.GenericAlias | types.UnionType | typing.TypeVar)
        or type(thing).__module__ in _TYPING
    )


def module_name(module: Any) -> str:
    """A module's name, the same whether its file is imported, run, or loaded by Prefect."""
    if not isinstance(module, str):
        return ""  # metaclasses that Cython makes have a descriptor there
    if module in ("__main__", "__mp_main__") or module.startswith("__prefect_loader_"):
        file = getattr(sys.modules.get(module), "__file__", None)
        return Path(file).stem if file else "__main__"
    return module


def module_file(module: types.ModuleType) -> str | None:
    """The file of a module, or the folder of a package without one."""
    file = getattr(module, "__file__", None)
    if file is None:
        file = next(iter(getattr(module, "__path__", ())), None)
    return file


def is_project_module(name: str | None) -> bool:
    """Whether a loaded module is the project's; one that can't be found counts as such."""
    module = sys.modules.get(name or "")
    if module is None or name in ("__main__", "__mp_main__"):
        return name != "builtins"
    file = module_file(module)
    if file is None:
        # Without a file: built into the interpreter, or made by a shell or a test.
        spec = getattr(module, "__spec__", None)
        return name not in sys.builtin_module_names and getattr(spec, "origin", None) is None
    return is_project_file(file)


def is_project_class(cls: type) -> bool:
    """Whether a class was defined in the project."""
    return cls.__module__ != "builtins" and is_project_module(cls.__module__)


def is_project_function(fn: types.FunctionType) -> bool:
    """Whether a function's code lies in the project; generated code is where it was made."""
    file = fn.__code__.co_filename
    if file.startswith("<") and not file.startswith("<frozen"):
        return is_project_module(fn.__globals__.get("__name__"))
    return is_project_file(file)


def installed_name(value: Any, name: str) -> str | None:
    """Where an installed module keeps this very object under this name, if one does."""
    for module_name_, module in list(sys.modules.items()):
        if vars(module).get(name, _NOTHING) is value and not is_project_module(module_name_):
            return f"{module_name_}.{name}"
    return None


def is_library_function(fn: types.FunctionType) -> bool:
    """Whether an installed module's name and version say all there is to a function."""
    return not is_project_function(fn) and is_found(fn) and not is_project_module(fn.__module__)


def along(module: types.ModuleType, chain: tuple[str, ...]) -> Parts:
    """What is met on the way along attributes of a module, each with the way to it."""
    found: Parts = []
    thing: Any = module
    for i, name in enumerate(chain):
        try:
            thing = getattr(thing, name)
        except Exception:  # noqa: BLE001 - it is for the code itself to fail
            break
        found.append((".".join(chain[: i + 1]), thing))
    return found


def patches(cls: type) -> Parts:
    """The project's functions that an installed class, or a base of it, was given."""
    own = [(name, thing) for base in cls.__mro__ for name, thing in sorted(vars(base).items())]
    return [(name, thing) for name, thing in own if is_patch(thing)]


def is_patch(thing: Any) -> bool:
    """Whether what an installed module or class holds is a function of the project."""
    return (
        type(thing) is types.FunctionType
        and thing.__module__ in sys.modules
        and is_project_module(thing.__module__)
        and is_project_function(thing)
    )


def is_found(fn: Any) -> bool:
    """Whether a function's module and qualified name lead back to it."""
    found: Any = sys.modules.get(fn.__module__ or "")
    for name in fn.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is fn


_NOTHING: Any = object()
