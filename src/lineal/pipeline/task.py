"""Tasks: plain functions that become steps when a pipeline calls them."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, get_args, get_origin

from lineal.errors import DeclarationError, ParameterError

from .options import TaskOptions, as_options
from .tracing import current_trace, plain_call
from .unread import unread_parameters

P = ParamSpec("P")
R = TypeVar("R")

SINGLE = ("result",)


class unmapped:  # noqa: N801 - it reads as a word in `task.map(xs, unmapped(y))`
    """An argument of `Task.map` that every call is given whole."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Task(Generic[P, R]):
    """A function declared with ``@task``.

    Outside a pipeline, calling it calls the function. Inside, it adds a step to the
    pipeline's graph and returns a handle to what the step will return.
    """

    def __init__(self, fn: Callable[P, R], options: TaskOptions) -> None:
        _refuse_what_cannot_work(fn, "task")
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.options = options
        self.name = options.name or fn.__name__
        self.qualified_name = qualified_name(fn)
        """``module:qualname``, the same whether its file is run or imported."""
        self.signature = inspect.signature(fn)
        self.parameters = tuple(self.signature.parameters.values())
        self._names = tuple(self.signature.parameters)
        self._simple = all(p.kind is p.POSITIONAL_OR_KEYWORD for p in self.parameters)
        self.path_parameters = frozenset(p.name for p in self.parameters if _is_path(p.annotation))
        self.seed_parameter = next((p.name for p in self.parameters if _is_seed(p)), None)
        """The parameter ``seed: int`` without a default: a run gives it a seed of its own."""
        for verb, names in (("ignores", options.ignore), ("mutates", options.mutates)):
            unknown = set(names) - {p.name for p in self.parameters}
            if not unknown:
                continue
            raise DeclarationError(
                f"The task {self.name!r} {verb} {', '.join(sorted(unknown))}, which it does not"
                f" take; its arguments are {', '.join(p.name for p in self.parameters) or 'none'}."
            )
        promised = self.signature.return_annotation
        self.outputs = options.outputs or _outputs_of(promised) or SINGLE
        self.returns_mapping = _is_dict(promised)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # noqa: D102 - see the class
        trace = current_trace.get()
        if trace is None:
            token = plain_call.set(True)
            try:
                return self.fn(*args, **kwargs)
            finally:
                plain_call.reset(token)
        return trace.call(self, args, kwargs)  # type: ignore[no-any-return]

    def map(self, *args: Any, **kwargs: Any) -> list[Any]:
        """One call per element of the sequences given, side by side.

        Arguments wrapped in `unmapped` are given whole to every call. Inside a pipeline
        the calls are steps named ``task[0]``, ``task[1]``…, and what is returned is a list
        of handles; outside it is the list of results.

        Raises:
            ParameterError: the sequences have different lengths, or there is none.
        """
        trace = current_trace.get()
        if trace is not None:
            return trace.map(self, args, kwargs)
        return [self(*a, **k) for a, k in spread(self.name, args, kwargs, items)]

    def with_options(self, **options: Any) -> Task[P, R]:
        """The same function with other options.

        Raises:
            DeclarationError: there is no such option, or it can't be so.
        """
        return Task(self.fn, replace(self.options, **as_options(options)))

    @property
    def warning(self) -> str | None:
        """One line about parameters that the function never reads; None when it reads all."""
        unread = [name for name in unread_parameters(self.fn) if name not in self.options.ignore]
        if not unread:
            return None
        return (
            f"{self.name} never reads its parameter{'s' * (len(unread) > 1)} {', '.join(unread)}:"
            " use it, remove it, or begin its name with an underscore"
        )

    def bind(
        self,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        seed_for: Callable[[str], int] | None = None,
    ) -> dict[str, Any]:
        """The arguments of a call by name, defaults filled in, in the order declared.

        Args:
            args: By position.
            kwargs: By name.
            seed_for: Gives the value of a parameter ``seed: int`` that was given none.

        Raises:
            ParameterError: the call does not fit the function's signature.
        """
        if self._simple and not kwargs and len(args) == len(self._names):
            return dict(zip(self._names, args, strict=True))
        if seed_for is not None and self.seed_parameter is not None:
            given = self.signature.bind_partial(*args, **kwargs).arguments
            if self.seed_parameter not in given:
                kwargs = kwargs | {self.seed_parameter: seed_for(self.seed_parameter)}
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ParameterError(
                f"{self.name}{self.signature} can't be called like this: {error}."
            ) from None
        bound.apply_defaults()
        return dict(bound.arguments)

    def unbind(self, arguments: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments for the function, from arguments by name."""
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for parameter in self.parameters:
            value = arguments[parameter.name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional.extend(value)
            elif parameter.kind is parameter.VAR_KEYWORD:
                keywords.update(value)
            elif parameter.kind is parameter.KEYWORD_ONLY:
                keywords[parameter.name] = value
            else:
                positional.append(value)
        return positional, keywords

    def __get__(self, instance: object, owner: type | None = None) -> Task[P, R]:
        if instance is not None:
            raise DeclarationError(
                f"The task {self.name!r} is used as a method of {type(instance).__name__}; a task"
                " is a plain function: declare it outside the class and pass what it needs."
            )
        return self

    def __repr__(self) -> str:
        return f"<task {self.qualified_name}>"


def spread(
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    as_list: Callable[[str, Any], list[Any]],
) -> list[tuple[list[Any], dict[str, Any]]]:
    """The arguments of each call of a map.

    Args:
        name: The task's.
        args: By position.
        kwargs: By name.
        as_list: Gives the items of one of them; told how to begin a complaint.

    Raises:
        ParameterError: nothing to map over, or sequences of different lengths.
    """
    given = dict(enumerate(args)) | kwargs
    columns: dict[int | str, list[Any]] = {}
    for place, value in given.items():
        if not isinstance(value, unmapped):
            which = f"argument {place + 1}" if isinstance(place, int) else place
            columns[place] = as_list(f"{name}.map can't go over {which}", value)
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        what = "nothing to map over" if not lengths else f"sequences of lengths {sorted(lengths)}"
        raise ParameterError(
            f"{name}.map was given {what}; give sequences of one length, and wrap what every call"
            " shares in unmapped(…)."
        )
    (count,) = lengths
    every = [columns[p] if p in columns else repeat(v.value, count) for p, v in given.items()]
    by_position = len(args)
    names = list(kwargs)
    return [
        (list(row[:by_position]), dict(zip(names, row[by_position:], strict=True)))
        for row in zip(*every, strict=True)
    ]


def items(what: str, value: Any) -> list[Any]:
    """What a map goes over, one by one.

    Raises:
        ParameterError: it has no items.
    """
    if not isinstance(value, Iterable):
        raise ParameterError(
            f"{what}, which is {type(value).__qualname__} and has no items; wrap what every call"
            " shares in unmapped(…)."
        )
    return list(value)


def qualified_name(fn: Callable[..., Any]) -> str:
    """``module:qualname`` of a function; a file that is run counts as a module of its name."""
    module = fn.__module__
    if module in ("__main__", "__mp_main__") or module.startswith("__prefect_loader_"):
        file = getattr(sys.modules.get(module), "__file__", None)
        module = Path(file).stem if file else "__main__"
    return f"{module}:{fn.__qualname__}"


def _refuse_what_cannot_work(fn: Any, what: str) -> None:
    name = getattr(fn, "__name__", repr(fn))
    if isinstance(fn, (staticmethod, classmethod)):
        remedy = (
            f"put @{what} below @staticmethod"
            if isinstance(fn, staticmethod)
            else ("declare it outside the class")
        )
        raise DeclarationError(f"@{what} was given a {type(fn).__name__} object; {remedy}.")
    if not inspect.isfunction(fn):
        raise DeclarationError(
            f"@{what} was given {fn!r}, which is not a function; wrap it in a def."
        )
    if name == "<lambda>":
        raise DeclarationError(
            f"@{what} was given a lambda, which has no name to record it under; write it with def."
        )
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise DeclarationError(
            f"{name!r} is a generator, whose values can't be identified before they are drawn;"
            " return a list instead."
        )
    parameters = list(inspect.signature(fn).parameters)
    owner = fn.__qualname__.rpartition(".")[0]
    if owner and not owner.endswith("<locals>") and parameters[:1] in (["self"], ["cls"]):
        raise DeclarationError(
            f"{fn.__qualname__!r} is a method; a {what} is a plain function: declare it outside the"
            " class and pass what it needs as arguments."
        )


def _outputs_of(annotation: Any) -> tuple[str, ...]:
    """The outputs that a return annotation ``tuple[A, B]`` promises: ``("0", "1")``."""
    items: Sequence[Any] = ()
    if isinstance(annotation, str):
        items = _items_of_tuple(annotation)
    elif get_origin(annotation) is tuple:
        items = get_args(annotation)
    return () if Ellipsis in items or len(items) < 2 else tuple(str(i) for i in range(len(items)))


def _items_of_tuple(text: str) -> list[Any]:
    """The items of ``tuple[A, B]`` as text; names in it need not be known."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return []
    if not isinstance(node, ast.Subscript) or ast.unparse(node.value) not in _TUPLES:
        return []
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return [Ellipsis if ast.unparse(item) == "..." else item for item in items]


_TUPLES = ("tuple", "Tuple", "typing.Tuple")


def _is_seed(parameter: inspect.Parameter) -> bool:
    return (
        parameter.name == "seed"
        and parameter.annotation in (int, "int")
        and parameter.default is parameter.empty
        and parameter.kind is not parameter.POSITIONAL_ONLY
    )


def _is_dict(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.partition("[")[0].strip() in ("dict", "Dict", "typing.Dict")
    return (get_origin(annotation) or annotation) is dict


def _is_path(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation in ("Path", "pathlib.Path", "Path | None", "pathlib.Path | None")
    candidates: Iterable[Any] = get_args(annotation) or (annotation,)
    return any(isinstance(c, type) and issubclass(c, Path) for c in candidates)
