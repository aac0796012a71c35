"""The walk over what code reaches: a graph of named components, from one root.

Each function, class, wrapper and whole module of the project is a component. Its digest
is over what it does and over *which* component each of its names leads to, so that
binding a name to another helper shows, even when both helpers are reached anyway. A
component refers to others by name, never by digest: cycles are no trouble, and a change
shows in the component that was changed. Names are made unique in the order of the walk,
which follows the code and not its place in the file.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from lineal.errors import UnhashableError

from . import environment, wrappers
from .bytecode import DYNAMIC_TARGETS, Bytecode, read_bytecode
from .classes import describe_class, type_expression
from .constants import Care, constant_digest
from .digest import Digest, combine
from .finding import modules_named, origin_of, package_of, parents
from .functions import annotations_of, describe_function, describe_made, describe_wrapper
from .identity import CodeIdentity
from .ledger import Ledger
from .memo import StatMemo
from .syntax import INSPECTORS, read_file, source_of

_REMEDY = (
    "Make it inside the function, pass what it is made from as an argument, or leave the task"
    " out of the cache with @task(cache=False)."
)
_REMEDY_HELD = (
    "Decorate the function with what holds no such state, call what it wraps inside the task,"
    " or leave the task out of the cache with @task(cache=False)."
)
_MISSING: Any = object()
_FIXED = (type(None), bool, int, float, complex, str, bytes, Path)
_BUILTINS = frozenset(dir(__import__("builtins")))
_OF_MODULES = frozenset({
    "__builtins__", "__spec__", "__loader__", "__package__", "__cached__", "__path__",
})  # fmt: skip


class Walk(Ledger):
    """One walk, from one function or class."""

    def __init__(self, memo: StatMemo | None = None) -> None:
        super().__init__()
        self._memo = memo
        self._reached: list[tuple[str, types.FunctionType | type]] = []
        self._looks: set[str] = set()
        self._looked: dict[str, int] = {}
        self.held: list[tuple[str, Any]] = []
        """Values that the code holds and that can be changed in place, by name."""

    def identify(self, root: Any) -> CodeIdentity:
        """The identity of a function or class and all it reaches.

        Raises:
            UnhashableError: a constant it reaches can't be identified; names it.
        """
        target = self.refer(getattr(root, "__qualname__", type(root).__qualname__), root)
        self.drain()
        while self._look_again():
            self.drain()
        return self.identity(target)

    def _look_again(self) -> bool:
        """Take in what counts only because something reached looks at it."""
        if self.reaches(INSPECTORS):
            self._looks.add("annotations")
        before = dict(self._looked)
        for look in sorted(self._looks):
            unseen = self._reached[self._looked.get(look, 0) :]
            self._looked[look] = len(self._reached)
            for name, thing in unseen:
                self._look(look, name, thing)
        return before != self._looked

    def _look(self, look: str, name: str, thing: types.FunctionType | type) -> None:
        if look == "annotations":
            if isinstance(thing, types.FunctionType):
                self.annotations(name, thing)
        elif look == "subclasses":
            if isinstance(thing, type):
                subclasses: list[type] = type.__subclasses__(thing)
                for subclass in sorted(subclasses, key=_place):
                    self.refer(subclass.__qualname__, subclass)
        else:
            told = thing.__doc__ if look == "docstrings" else source_of(thing)
            self.add(f"{name}.<{look}>", look, [str(told)])

    def refer(
        self, hint: str, thing: Any, chain: tuple[str, ...] = (), *, care: Care = Care.STRICT
    ) -> str:
        """The name of what is referred to, which is taken into the walk.

        Args:
            hint: What to call it if it has no name of its own.
            thing: What is referred to.
            chain: The attributes that are taken of it at once.
            care: What to do about what can't be identified.
        """
        if isinstance(thing, types.ModuleType):
            return self._module(hint, thing, chain, care)
        known = self.name_of(thing)
        if known is not None:
            return known
        if isinstance(thing, type):
            return self._class_name(thing)
        if type(thing) is types.FunctionType:  # a proxy takes itself for what it wraps
            return self._function_name(thing)
        if wrappers.is_type_expression(thing):
            return type_expression(self, hint, thing, {})
        fixed = wrappers.stateless(thing)
        if fixed is not None:
            self.installed(getattr(thing, "__module__", None) or type(thing).__module__)
            return fixed
        parts = wrappers.unwrapped(thing)
        if parts is not None:
            return self._wrapper(hint, thing, parts, care)
        owner = getattr(thing, "__self__", None)
        if isinstance(thing, types.BuiltinFunctionType | types.MethodWrapperType):
            return f"{self.refer(hint, owner, care=care)}.{thing.__name__}"
        return self._constant(hint, thing, care)

    def bound(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Globals that functions reached bind anew: module, name, and where they lie."""
        found = {}
        for _, thing in self._reached:
            if isinstance(thing, types.FunctionType):
                module = wrappers.module_name(thing.__module__)
                for name in read_bytecode(thing.__code__).binds:
                    found[module, name] = thing.__globals__
        return [(module, name, scope) for (module, name), scope in found.items()]

    # Functions

    def _function_name(self, fn: types.FunctionType) -> str:
        if not wrappers.is_project_function(fn):
            self.installed(fn.__globals__.get("__name__"))
            if wrappers.is_library_function(fn):
                return f"{fn.__module__}.{fn.__qualname__}"
            return self.claim(fn, _place(fn) + ".<wrapper>", self._made_by_library)
        name = self.claim(fn, _place(fn), self._function)
        self._reached.append((name, fn))
        return name

    def _function(self, name: str, fn: types.FunctionType) -> None:
        self.add(name, "function", describe_function(self, name, fn))

    def _made_by_library(self, name: str, fn: types.FunctionType) -> None:
        self.add(name, "wrapper", describe_made(self, name, fn))

    def annotations(self, name: str, fn: types.FunctionType) -> list[str]:
        """Make a component of annotations that something may act on."""
        place = f"{name}.<annotations>"
        annotations = annotations_of(self, place, fn)
        if annotations:
            self.add(place, "annotations", annotations)
        return annotations

    def note(self, read: Bytecode) -> None:
        """Keep in mind what some code looks at beyond what it calls."""
        self._looks |= read.looks

    def _wrapper(self, hint: str, thing: Any, parts: wrappers.Parts, care: Care) -> str:
        if str(type(thing).__module__).partition(".")[0] == "lineal":
            return self.refer(hint, parts[0][1], care=care)

        def visit(name: str, _thing: Any) -> None:
            self.add(name, "wrapper", describe_wrapper(self, name, thing, parts, care))

        return self.claim(thing, f"{hint}.<{type(thing).__name__}>", visit)

    # Names and modules

    def names(
        self, place: str, read: Bytecode, scope: Mapping[str, Any], *, care: Care = Care.STRICT
    ) -> list[str]:
        """What the global names of some code lead to, one text each."""
        parts = []
        here = wrappers.module_name(scope.get("__name__"))
        for first, *chain in read.names:
            thing = scope.get(first, _MISSING)
            if first == "__name__":
                target = here
            elif first == "__file__":
                target = os.path.basename(str(thing))  # noqa: PTH119 - it may be anything
            elif first in _OF_MODULES:
                continue
            elif thing is not _MISSING:
                target = self.refer(f"{here}:{first}", thing, tuple(chain), care=care)
            elif first in _BUILTINS or care is Care.LENIENT:
                continue
            else:
                target = "<missing>"
            parts.append(f"{'.'.join((first, *chain))}={target}")
        package = str(scope.get("__package__") or "")
        ways = [*read.dynamic, *(part for part in parts if part.endswith(DYNAMIC_TARGETS))]
        for way in ways:
            why = f"{place} uses {way}"
            parts.append(f"{way}={self._whole(str(scope.get('__name__', '')), None, why)}")
            parts += [
                f"{way} {name}={self._imported(name, (), why, care)}"
                for name in modules_named(read.texts, package)
            ]
        return parts

    def _module(
        self, hint: str, module: types.ModuleType, chain: tuple[str, ...], care: Care
    ) -> str:
        name = module.__name__
        if not wrappers.is_project_module(name):
            self.installed(".".join((name, *chain)))
            targets = [
                self.refer(f"{name}.{path}", thing)
                for path, thing in wrappers.along(module, chain)
                if isinstance(thing, type) or wrappers.is_patch(thing)
            ]
            return " ".join((name, *targets))
        file = wrappers.module_file(module)
        if file is not None:
            self.file(file)
        if not chain:
            why = f"{hint} is used as a value"
            inner = [one for one in sorted(sys.modules) if one.startswith(f"{name}.")]
            for one in filter(wrappers.is_project_module, inner):
                self._whole(one, sys.modules[one], why)
            return self._whole(name, module, why)
        thing = getattr(module, chain[0], _MISSING)
        if thing is _MISSING:
            return self._whole(name, module, f"{hint} has no {chain[0]} yet")
        place = f"{wrappers.module_name(name)}:{chain[0]}"
        return self.refer(place, thing, chain[1:], care=care)

    def imports(
        self, place: str, read: Bytecode, scope: Mapping[str, Any], *, care: Care = Care.STRICT
    ) -> list[str]:
        """What the import statements in some code take in, one text each."""
        parts = []
        package = str(scope.get("__package__") or "")
        for module, level, taken in read.imports:
            name = module
            if level:
                try:
                    name = importlib.util.resolve_name("." * level + module, package)
                except ImportError:
                    continue
            parts.append(f"{name} {taken}={self._imported(name, taken, place, care)}")
            parts += [  # importing a module runs the packages it lies in
                f"{parent}={self._imported(parent, (), place, care)}" for parent in parents(name)
            ]
            if name == "importlib" and "import_module" not in read.dynamic:
                why = f"{place} uses importlib"
                parts += [
                    f"{text_}={self._imported(text_, (), why, care)}"
                    for text_ in modules_named(read.texts, package)
                ]
        return parts

    def _imported(self, name: str, taken: tuple[str, ...], place: str, care: Care) -> str:
        """What an import statement takes in: a whole module, or names of it."""
        module = sys.modules.get(name)
        if module is None:
            inner = [f"{name}.{item}" for item in taken if origin_of(f"{name}.{item}")]
            return " ".join(self._unimported(one, place) for one in (name, *inner))
        if not wrappers.is_project_module(name):
            self.installed(name)
            return name
        if not taken:
            return self._whole(name, module, None)
        targets = []
        for item in taken:
            thing = getattr(module, item, sys.modules.get(f"{name}.{item}", _MISSING))
            if item == "*":
                targets.append(self._whole(name, module, f"{place} takes all of {name}"))
            elif isinstance(thing, types.ModuleType):
                targets.append(self._imported(thing.__name__, (), place, care))
            elif thing is _MISSING:
                targets.append(self._unimported(f"{name}.{item}", place))
            else:
                hint = f"{wrappers.module_name(name)}:{item}"
                targets.append(self.refer(hint, thing, care=care))
        return " ".join(targets)

    def _unimported(self, name: str, place: str) -> str:
        file = origin_of(name)
        if file is None:
            if name.partition(".")[0] not in sys.stdlib_module_names:
                self.warn(f"{place} imports {name}, which is not found.")
            return "<missing>"
        if not environment.is_project_file(file):
            self.installed(name)
            return name
        return self._whole_file(name, file, {"__package__": package_of(name, file)})

    def _whole(self, name: str, module: types.ModuleType | None, why: str | None) -> str:
        """Take in all of a module, where it can't be told what of it is used."""
        module = module or sys.modules.get(name)
        file = getattr(module, "__file__", None)
        shown = wrappers.module_name(name)
        if why is not None:
            self.warn(f"{why}: the whole of {shown or 'its module'} counts.")
        if module is None or file is None:
            return f"{shown}:*"
        return self._whole_file(shown, file, vars(module))

    def _whole_file(self, name: str, file: str, scope: Mapping[str, Any]) -> str:
        place = f"{name}:*"
        self.file(file)

        def visit() -> None:
            read = read_file(file)
            if read is None:
                content = Path(file).read_bytes() if Path(file).is_file() else b""
                self.add(place, "file", [xxh3_128_hexdigest(content)])
                return
            self.note(read)
            parts = [read.text, *self.names(place, read, scope, care=Care.LENIENT)]
            parts += self.imports(place, read, scope, care=Care.LENIENT)
            self.add(place, "module", parts)

        self.claim_once(place, visit)
        return place

    # Classes and values

    def _class_name(self, cls: type) -> str:
        if not wrappers.is_project_class(cls):
            self.installed(cls.__module__)
            name = f"{cls.__module__}.{cls.__qualname__}"
            self.claim_once(f"{name}.<patches>", lambda: self._patches(name, cls))
            return name
        return self.claim(cls, _place(cls), self._class)

    def _class(self, name: str, cls: type) -> None:
        self._reached.append((name, cls))
        self.add(name, "class", describe_class(self, name, cls))

    def _patches(self, name: str, cls: type) -> None:
        """Take in the project's functions that an installed class was given."""
        found = [f"{key}={self.refer(f'{name}.{key}', fn)}" for key, fn in wrappers.patches(cls)]
        if found:
            self.add(f"{name}.<patches>", "patches", found)

    def _constant(self, hint: str, value: Any, care: Care) -> str:
        kind = type(value)
        if kind is object:
            return self.claim(value, hint, _nothing)  # a marker: it is who it is
        self.installed(kind.__module__)
        try:
            digest = constant_digest(value, self._memo, self._encode, care)
        except UnhashableError as error:
            known = wrappers.installed_name(value, hint.rpartition(":")[2].rpartition(".")[2])
            if known is not None:
                return known
            if care is Care.LENIENT:
                self.warn(f"{hint}{error.where} is not followed: {error.reason}.")
                return f"<{kind.__module__}.{kind.__qualname__}>"
            reason = f"the code reaches it, and {error.reason}"
            remedy = _REMEDY_HELD if care is Care.HELD else error.remedy or _REMEDY
            raise UnhashableError(f"{hint}{error.where}", reason, remedy) from None
        if not isinstance(value, _FIXED):
            self.held.append((hint, value))
        return self.constant(hint, digest)

    def _encode(self, thing: Any) -> Digest | None:
        """Take in a function or class met inside a value; None for those of others."""
        if type(thing) is types.FunctionType:
            if wrappers.is_library_function(thing):
                self.installed(thing.__module__)
                return None
        elif isinstance(thing, types.ModuleType):
            return combine("reached", [self.refer(f"the module {thing.__name__}", thing)])
        elif not isinstance(thing, type) or not wrappers.is_project_class(thing):
            self.installed(getattr(thing, "__module__", None))
            return None
        return combine("reached", [self.refer(thing.__qualname__, thing)])


def _place(thing: Any) -> str:
    return f"{wrappers.module_name(thing.__module__)}:{thing.__qualname__}"


def _nothing(_name: str, _thing: Any) -> None:
    """Visit what has nothing inside."""
