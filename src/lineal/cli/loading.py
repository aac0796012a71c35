"""Finding a pipeline in a file, and its parameters on the command line."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lineal.errors import LinealError, MissingFileError, ParameterError, UserError
from lineal.pipeline import Pipeline
from lineal.running.execute import own_traceback


def load_pipeline(target: str) -> Pipeline[..., Any]:
    """The pipeline of a file, ``FILE.py`` or ``FILE.py:NAME``.

    The file is imported under its own name with its folder first on the path, as Python
    does when it runs a script.

    Raises:
        MissingFileError: there is no such file.
        UserError: it can't be imported, holds no pipeline, or several and none is named.
    """
    file, _, name = target.partition(":")
    path = Path(file).absolute()
    if not path.is_file():
        raise MissingFileError(
            f"There is no pipeline file {file!r} (the working directory is {Path.cwd()}); give the"
            " path of a Python file with an @pipeline function."
        )
    module = _import(path)
    found = {
        attribute: value
        for attribute, value in vars(module).items()
        if isinstance(value, Pipeline) and value.fn.__module__ == module.__name__
    }
    if name:
        if name not in found:
            raise UserError(
                f"{file} has no pipeline {name!r}; it has {', '.join(found) or 'none'}."
            )
        return found[name]
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise UserError(f"{file} declares no pipeline; mark a function with @pipeline.")
    raise UserError(
        f"{file} declares several pipelines: {', '.join(found)}; name one: {file}:{min(found)}."
    )


def _import(path: Path) -> Any:
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path.name} is not a Python file; give one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        with redirect_stdout(sys.stderr):  # results alone go to the output stream
            spec.loader.exec_module(module)
    except LinealError:
        raise
    except Exception as error:
        raise UserError(
            f"{path.name} can't be imported: {type(error).__name__}: {error}\n\n"
            f"{own_traceback(error)}"
        ) from error
    return module


def parse_parameters(pipeline: Pipeline[..., Any], given: Sequence[str]) -> dict[str, Any]:
    """Parameters from ``name=value`` texts, converted to what the pipeline's annotations say.

    Raises:
        ParameterError: a text without ``=``, an unknown name, a value of the wrong type.
    """
    hints = pipeline.hints
    parsed: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"-p {text!r} has no value; write -p name=value.")
        parameter = pipeline.signature.parameters.get(name)
        if parameter is None:
            known = ", ".join(pipeline.signature.parameters) or "none"
            raise ParameterError(
                f"The pipeline {pipeline.name!r} has no parameter {name!r}; it takes {known}."
            )
        parsed[name] = _convert(pipeline.name, name, value, _type_of(parameter, hints))
    return parsed


def _type_of(parameter: inspect.Parameter, hints: dict[str, Any]) -> Any:
    if parameter.name in hints:
        return hints[parameter.name]
    if parameter.default in (parameter.empty, None):
        return str
    return type(parameter.default)


def _convert(pipeline: str, name: str, text: str, kind: Any) -> Any:
    adapter = TypeAdapter(kind)
    try:
        return adapter.validate_strings(text)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].lower()
    try:
        return adapter.validate_python(json.loads(text))
    except (ValidationError, json.JSONDecodeError):
        shown = getattr(kind, "__name__", str(kind))
        raise ParameterError(
            f"The parameter {name!r} of {pipeline!r} can't be {text!r}: {problem} (it is declared"
            f" as {shown})."
        ) from None
