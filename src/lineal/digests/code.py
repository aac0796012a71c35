"""Identifying code: a task's function, and everything of the project's that it reaches.

Reached are the functions, classes, constants, closure cells and default values of the
project, transitively; what is installed is reached as a distribution with its version.
Each is a component with a digest and a name, so that a change can be named.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import logging
import sys
import types
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lineal.errors import UnhashableError

from . import canonical
from .bytecode import read_bytecode
from .digest import Digest, combine
from .environment import distribution_of, is_project_file
from .identity import CodeIdentity

PYTHON = f"python {sys.version_info.major}.{sys.version_info.minor}"
_BENIGN = (logging.Logger, logging.LoggerAdapter, types.BuiltinFunctionType)
_CLASS_NOISE = frozenset({
    "__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__firstlineno__",
    "__static_attributes__", "__abstractmethods__", "_abc_impl", "__annotate__",
    "__annotate_func__", "__annotations_cache__", "__match_args__", "__dataclass_params__",
    "__dataclass_fields__", "__subclasshook__", "__orig_bases__", "__parameters__",
})  # fmt: skip
_MISSING: Any = object()


class CodeResolver:
    """Identifies code as it is now. Make one per run: redefinitions since are then seen."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, CodeIdentity]] = {}
        self._classes: dict[type, Digest] = {}

    def identify(self, fn: Callable[..., Any]) -> CodeIdentity:
        """The identity of a function and all it reaches.

        Raises:
            UnhashableError: a constant it reaches can't be identified; names it.
        """
        known = self._known.get(id(fn))
        if known is None:
            walk = _Walk(self)
            token = _resolving.set(self)
            try:
                walk.reach(getattr(fn, "__qualname__", "function"), fn, ())
            finally:
                _resolving.reset(token)
            known = (fn, walk.identity())
            self._known[id(fn)] = known
        return known[1]

    def encode(self, thing: Any) -> Digest | None:
        """The digest of a project function or class met inside a value; None for others."""
        if isinstance(thing, types.FunctionType):
            if not is_project_file(thing.__code__.co_filename):
                return None
            return self.identify(thing).digest
        if not isinstance(thing, type) or not _is_project_class(thing):
            return None
        if thing not in self._classes:
            # A class that holds an instance of itself meets itself again: by its name, then.
            self._classes[thing] = combine("class", [thing.__qualname__])
            self._classes[thing] = self.identify(thing).digest
        return self._classes[thing]


_resolving: ContextVar[CodeResolver | None] = ContextVar("resolving", default=None)


def encode_now(thing: Any) -> Digest | None:
    """The digest of a project function or class met inside a value, as its code is now."""
    return (_resolving.get() or CodeResolver()).encode(thing)


canonical.set_code_encoder(encode_now)


class _Walk:
    """One walk over what one function reaches."""

    def __init__(self, resolver: CodeResolver) -> None:
        self._resolver = resolver
        self._seen: dict[int, Any] = {}
        self._components: dict[str, Digest] = {}
        self._distributions: dict[str, str] = {}
        self._files: dict[str, None] = {}
        self._warnings: dict[str, None] = {}

    def identity(self) -> CodeIdentity:
        """What was found."""
        parts = [PYTHON]
        for name in sorted(self._components):
            parts += [name, self._components[name]]
        for name in sorted(self._distributions):
            parts += [name, self._distributions[name]]
        return CodeIdentity(
            digest=combine("code", parts),
            components=dict(sorted(self._components.items())),
            distributions=dict(sorted(self._distributions.items())),
            files=tuple(self._files),
            warnings=tuple(self._warnings),
        )

    def reach(self, name: str, thing: Any, chain: tuple[str, ...]) -> None:
        """Take in something that code refers to by a name and a chain of attributes."""
        if isinstance(thing, types.ModuleType):
            self._module(name, thing, chain)
            return
        if id(thing) in self._seen:
            return
        if isinstance(thing, type):
            self._seen[id(thing)] = thing
            self._class(thing)
        elif not self._callable(name, thing):
            self._constant(name, thing)

    def _callable(self, name: str, thing: Any) -> bool:
        """Take in what can be called; False when it is plain data."""
        inner = _unwrapped(thing)
        if inner is not None:
            self._seen[id(thing)] = thing
            for part, value in inner:
                self.reach(f"{name}{part}", value, ())
            return True
        if isinstance(thing, types.FunctionType):
            self._seen[id(thing)] = thing
            self._function(thing)
            return True
        if isinstance(thing, types.BuiltinFunctionType | types.MethodDescriptorType) or (
            callable(thing)
            and type(thing).__module__.partition(".")[0] in ("numpy", "functools")
            and not hasattr(thing, "__dict__")
        ):
            self._installed(getattr(thing, "__module__", None) or type(thing).__module__)
            return True
        return False

    def _function(self, fn: types.FunctionType) -> None:
        file = fn.__code__.co_filename
        if not is_project_file(file):
            self._installed(fn.__module__)
            return
        place = f"{_module_name(fn.__module__)}:{fn.__qualname__}"
        self._file(file)
        read = read_bytecode(fn.__code__)
        self._add(place, combine("function", [read.text]))
        for cell, content in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            with suppress(ValueError):  # a cell that is not filled yet
                self.reach(f"{place}.<closure>.{cell}", content.cell_contents, ())
        defaults = dict(zip(reversed(fn.__code__.co_varnames[: fn.__code__.co_argcount]),
                            reversed(fn.__defaults__ or ()), strict=False))  # fmt: skip
        for argument, default in {**defaults, **(fn.__kwdefaults__ or {})}.items():
            self.reach(f"{place}.<default>.{argument}", default, ())
        if inspect.isfunction(wrapped := fn.__dict__.get("__wrapped__")):
            self.reach(place, wrapped, ())
        self._names(place, read.names, fn.__globals__)
        for module, level, taken in read.imports:
            self._import(place, module, level, taken, fn.__globals__)
        for way in read.dynamic:
            self._whole_module(fn.__globals__.get("__name__", ""), f"{place} uses {way}()")

    def _names(
        self, place: str, names: tuple[tuple[str, ...], ...], scope: Mapping[str, Any]
    ) -> None:
        for first, *chain in names:
            thing = scope.get(first, _MISSING)
            if thing is not _MISSING:
                self.reach(
                    f"{_module_name(scope.get('__name__', ''))}:{first}", thing, tuple(chain)
                )
            elif first not in _BUILTIN_NAMES and not first.startswith("__"):
                self._add(f"{place}.<missing>.{first}", combine("missing", [first]))

    def _module(self, name: str, module: types.ModuleType, chain: tuple[str, ...]) -> None:
        file = getattr(module, "__file__", None)
        if file is None or not is_project_file(file):
            self._installed(module.__name__)
            return
        self._file(file)
        if not chain:
            self._whole_module(module.__name__, f"{name} is used as a value")
            return
        thing = getattr(module, chain[0], _MISSING)
        if thing is _MISSING:
            self._whole_module(module.__name__, f"{name} has no {chain[0]} yet")
        else:
            self.reach(f"{_module_name(module.__name__)}:{chain[0]}", thing, chain[1:])

    def _import(
        self, place: str, module: str, level: int, taken: tuple[str, ...], scope: Mapping[str, Any]
    ) -> None:
        package = str(scope.get("__package__") or "")
        absolute = importlib.util.resolve_name("." * level + module, package) if level else module
        if distribution_of(absolute) or absolute.partition(".")[0] in sys.stdlib_module_names:
            self._installed(absolute)
            return
        found = sys.modules.get(absolute)
        if found is None:
            self._unimported(place, absolute)
            return
        if not taken:
            self._whole_module(absolute, None)
        for name in taken:
            thing = getattr(found, name, sys.modules.get(f"{absolute}.{name}", _MISSING))
            if name == "*" or thing is _MISSING:
                self._whole_module(absolute, f"{place} takes {name} of {absolute}")
            else:
                self.reach(f"{_module_name(absolute)}:{name}", thing, ())

    def _unimported(self, place: str, module: str) -> None:
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            spec = None
        if spec is None or spec.origin is None:
            self._add(f"{place}.<missing>.{module}", combine("missing", [module]))
        elif is_project_file(spec.origin):
            self._source(module, spec.origin)
        else:
            self._installed(module)

    def _whole_module(self, name: str, why: str | None) -> None:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if why is not None:
            self._warnings[f"{why}: the whole of {name or 'its module'} counts."] = None
        if file is not None and is_project_file(file):
            self._source(name, file)

    def _source(self, module: str, file: str) -> None:
        """Take in a module's whole file, docstrings, comments and positions left out."""
        self._file(file)
        code = compile(Path(file).read_bytes(), file, "exec", optimize=0)
        read = read_bytecode(code)
        self._add(f"{_module_name(module)}:*", combine("module", [read.text]))
        for imported, level, _ in read.imports:
            if not level:
                self._installed(imported)

    def _class(self, cls: type) -> None:
        if not _is_project_class(cls):
            self._installed(cls.__module__)
            return
        place = f"{_module_name(cls.__module__)}:{cls.__qualname__}"
        with suppress(TypeError, OSError):
            self._file(inspect.getfile(cls))
        parts = [f"{base.__module__}.{base.__qualname__}" for base in cls.__bases__]
        for name, value in sorted(vars(cls).items()):
            if name in _CLASS_NOISE:
                continue
            parts.append(name)
            if isinstance(value, types.FunctionType) and not is_project_file(
                value.__code__.co_filename
            ):
                parts.append(read_bytecode(value.__code__).text)  # generated, as by dataclass
            elif isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
                continue
            elif name == "__annotations__":
                parts.append(repr({k: str(v) for k, v in value.items()}))
            else:
                self.reach(f"{place}.{name}", value, ())
        self._add(place, combine("class", parts))
        for base in cls.__bases__:
            self.reach(base.__qualname__, base, ())
        metaclass = type(cls)
        if metaclass is not type:
            self.reach(metaclass.__qualname__, metaclass, ())

    def _constant(self, name: str, value: Any) -> None:
        if isinstance(value, _BENIGN) or type(value).__module__ in ("typing", "__future__"):
            return
        if isinstance(value, types.GenericAlias | types.UnionType | typing.TypeVar):
            return
        if type(value).__module__.partition(".")[0] == "lineal":
            return
        self._installed(type(value).__module__)
        if _is_project_class(type(value)):
            self.reach(type(value).__qualname__, type(value), ())
        try:
            self._add(name, canonical.value_digest(value))
        except UnhashableError as error:
            raise UnhashableError(
                f"{name}{error.where}",
                f"the code reaches it, and {error.reason}",
                "Make it inside the function, or pass what it is made from as an argument.",
            ) from None

    def _installed(self, module: str | None) -> None:
        found = distribution_of(module) if module else None
        if found is not None:
            self._distributions[found[0]] = found[1]

    def _file(self, file: str) -> None:
        if not file.startswith("<"):
            self._files[str(Path(file).absolute())] = None

    def _add(self, name: str, digest: Digest) -> None:
        while name in self._components and self._components[name] != digest:
            name += "'"  # two things of one name, such as two lambdas of one function
        self._components[name] = digest


_BUILTIN_NAMES = frozenset(dir(__import__("builtins")))


def _unwrapped(thing: Any) -> list[tuple[str, Any]] | None:
    """The parts of what wraps a function; None when it wraps none."""
    if isinstance(thing, functools.partial):
        parts: list[tuple[str, Any]] = [("", thing.func)]
        parts += [(f".<partial>[{i}]", value) for i, value in enumerate(thing.args)]
        return parts + [(f".<partial>.{k}", value) for k, value in thing.keywords.items()]
    if isinstance(thing, staticmethod | classmethod):
        return [("", thing.__func__)]
    if isinstance(thing, property):
        accessors = (("", thing.fget), (".setter", thing.fset), (".deleter", thing.fdel))
        return [(part, accessor) for part, accessor in accessors if accessor is not None]
    if isinstance(thing, functools.cached_property):
        return [("", thing.func)]
    if isinstance(thing, types.MethodType):
        return [("", thing.__func__), (".<self>", thing.__self__)]
    if not isinstance(thing, types.FunctionType | type):
        wrapped = getattr(thing, "__wrapped__", None)
        if inspect.isfunction(wrapped):
            return [("", wrapped)]
    return None


def _is_project_class(cls: type) -> bool:
    module = sys.modules.get(cls.__module__)
    if cls.__module__ == "builtins" or module is None:
        return module is None and cls.__module__ != "builtins"
    file = getattr(module, "__file__", None)
    return is_project_file(file) if file is not None else cls.__module__ == "__main__"


def _module_name(module: str) -> str:
    """A module's name, the same whether its file is imported or run."""
    if module in ("__main__", "__mp_main__"):
        file = getattr(sys.modules.get(module), "__file__", None)
        return Path(file).stem if file else "__main__"
    return module
