"""Identifying code: a task's function, and everything of the project's that it reaches.

Reached are the functions, classes, constants, closure cells and default values of the
project, transitively; what is installed is reached as a distribution with its version.
Each is a component with a digest and a name, so that a change can be named. The rules are
told in ``docs/design/code.md``.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from lineal.errors import UnhashableError

from . import canonical
from .digest import Digest, combine
from .identity import CodeIdentity
from .memo import StatMemo
from .reaching import Walk
from .wrappers import is_library_function, is_project_class


class CodeResolver:
    """Identifies code as it is now. Make one per run: redefinitions since are then seen.

    Args:
        memo: What is known already of files that code holds as constant paths.
    """

    def __init__(self, memo: StatMemo | None = None) -> None:
        self._memo = memo
        self._known: dict[int, tuple[object, CodeIdentity]] = {}
        self._bound: dict[int, list[tuple[str, str, dict[str, Any]]]] = {}
        self._held: dict[int, list[tuple[str, Any]]] = {}

    def identify(self, fn: Callable[..., Any]) -> CodeIdentity:
        """The identity of a function (or class, or what wraps one) and all it reaches.

        Raises:
            UnhashableError: a constant it reaches can't be identified; names it.
        """
        known = self._known.get(id(fn))
        if known is None:
            walk = Walk(self._memo)
            known = self._known[id(fn)] = (fn, walk.identify(fn))
            self._held[id(fn)] = walk.held
            self._bound[id(fn)] = walk.bound()
        return known[1]

    def held(self, fn: Callable[..., Any]) -> list[tuple[str, Any]]:
        """Values that the code of a function holds and that can be changed in place, by name."""
        self.identify(fn)
        return self._held[id(fn)]

    def bound(self, fn: Callable[..., Any]) -> list[tuple[str, str, dict[str, Any]]]:
        """Globals that the code of a function binds anew: module, name, and where they lie."""
        self.identify(fn)
        return self._bound[id(fn)]

    def encode(self, thing: Any) -> Digest | None:
        """The digest of a project function or class met inside a value; None for others."""
        if isinstance(thing, types.FunctionType):
            if is_library_function(thing):
                return None
        elif not isinstance(thing, type) or not is_project_class(thing):
            return None
        return combine("met", [self.identify(thing).digest])


def _context_manager(manager: Any) -> Any:
    """What a manager is made from, as long as it has not been entered."""
    if inspect.getgeneratorstate(manager.gen) != inspect.GEN_CREATED:
        reason = "it is a context that has been entered"
        raise UnhashableError("", reason, "Make it where it is entered.")
    return manager.func, manager.args, manager.kwds


def function_digest(thing: Any) -> Digest | None:
    """As `CodeResolver.encode`, for values that are identified outside any run."""
    return CodeResolver().encode(thing)


canonical.set_code_encoder(function_digest)
# These are pickled as names, or hold more than what they do: they are what they wrap.
canonical.register(
    "functools._lru_cache_wrapper", lambda cached: (cached.__wrapped__, cached.cache_parameters())
)
canonical.register("contextlib._GeneratorContextManager", _context_manager)
canonical.register("_struct.Struct", lambda struct: struct.format)
# It holds the globals of the function's module, where its annotations are looked up.
canonical.register(
    "pydantic._internal._validate_call.ValidateCallWrapper",
    lambda call: (call.function, call.validate_return, call.config_wrapper.config_dict),
)
canonical.register("lineal.pipeline.task.Task", lambda task: task.fn)
