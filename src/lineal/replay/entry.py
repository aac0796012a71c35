"""Finding a recorded pipeline again in the process that replays it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lineal import digests
from lineal.errors import UserError
from lineal.pipeline import Pipeline
from lineal.records import RunRecord
from lineal.running.laying_out import inside


def close_the_path(root: Path) -> None:
    """Leave only Python, what is installed, lineal and the laid-out code importable.

    A project that is installed as editable would otherwise be found where it is today.
    """
    own = Path(digests.__file__).resolve().parents[2]
    allowed = [root.resolve(), *(Path(sysconfig.get_path(n)) for n in ("stdlib", "platstdlib"))]
    allowed += [Path(sysconfig.get_path(n)) for n in ("purelib", "platlib")]
    sys.path[:] = [
        entry
        for entry in sys.path
        if (path := Path(entry).resolve()) == own
        or path.suffix == ".zip"
        or "site-packages" in path.parts
        or any(path.is_relative_to(folder.resolve()) for folder in allowed)
    ]
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if not finder.__module__.startswith("__editable__")
    ]


def load_entry(record: RunRecord, root: Path) -> Pipeline[..., Any]:
    """The pipeline of a run, imported under the name it had.

    Raises:
        UserError: the code there does not declare it.
    """
    assert record.code is not None
    assert record.code.entry is not None
    assert record.pipeline is not None
    place, _, qualname = record.code.entry.rpartition(":")
    module = _module(record.pipeline.partition(":")[0], inside(root, place))
    value: Any = module
    for part in qualname.split("."):
        value = getattr(value, part, None)
    if isinstance(value, Pipeline):
        return value
    for value in vars(module).values():
        if isinstance(value, Pipeline) and value.fn.__qualname__ == qualname:
            return value
    raise UserError(
        f"{place} declares no pipeline {qualname!r} any more; replay with --code recorded."
    )


def _module(name: str, file: Path) -> Any:
    if "." in name:
        return importlib.import_module(name)
    if not file.is_file():
        raise UserError(
            f"There is no file {file}, where the run had its pipeline. Go to the project's folder"
            " that holds it, or replay with --code recorded."
        )
    # By its file, as a module of Python's own may have the same name.
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def bound(pipeline: Pipeline[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the pipeline takes them now; what is new gets its default.

    Raises:
        UserError: it no longer takes one, or needs one that was not recorded.
    """
    signature = pipeline.signature
    gone = [name for name in arguments if name not in signature.parameters]
    ordered = {name: arguments[name] for name in signature.parameters if name in arguments}
    made = inspect.BoundArguments(signature, ordered)
    made.apply_defaults()
    missing = [name for name in signature.parameters if name not in made.arguments]
    if gone or missing:
        raise UserError(
            f"The pipeline {pipeline.name}{signature} can't be called as it was recorded:"
            f" {', '.join(gone + missing)} {'is' if len(gone + missing) == 1 else 'are'} not among"
            " its parameters or not recorded. Give new ones with -p, or use --code recorded."
        )
    return dict(made.arguments)
