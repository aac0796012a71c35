"""Writing values to files that other tools read."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lineal.errors import UserError
from lineal.pipeline.metrics import Metrics

from .codecs import Picture

_FRAMES: dict[str, Callable[[Any, Path], object]] = {
    ".parquet": lambda frame, path: frame.to_parquet(path),
    ".csv": lambda frame, path: frame.to_csv(path, index=_has_own_index(frame)),
    ".json": lambda frame, path: frame.to_json(path, orient="records", date_format="iso"),
    ".feather": lambda frame, path: frame.to_feather(path),
}
_TABLES = {"pandas", "polars", "pyarrow"}


def export_value(load: Callable[[], Any], encoded: bytes, target: Path) -> Path:
    """Write a value in the format that the target's ending names, else as it is stored.

    Args:
        load: Gives the value; not asked where the stored bytes are what is wanted.
        encoded: The bytes that are stored.
        target: The file to write.

    Raises:
        UserError: the value can't be written in that format, or not there.
    """
    suffix = target.suffix.lower()
    try:
        with _draft_of(target) as draft:
            if suffix in (".json", ".npy", ".txt", ".png", *_FRAMES):
                _write(load(), encoded, draft, suffix)
            else:
                draft.write_bytes(encoded)
    except OSError as error:
        raise _refused(target, error) from error
    return target


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """A file of the same name to write to; it takes the target's place when it is whole."""
    if (target.exists() and not target.is_file()) or not os.access(target.parent, os.W_OK):
        yield target  # a device, or what is only open to be written over
        return
    with tempfile.TemporaryDirectory(prefix=".lineal-", dir=target.parent) as folder:
        draft = Path(folder) / target.name
        yield draft
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target.resolve())


def export_path(source: Path, target: Path) -> Path:
    """Copy a file or tree out of the store; the copy may be written to.

    Raises:
        UserError: it can't be written there.
    """
    try:
        if target.is_dir():
            target = target / source.name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, copy_function=_copy_file)
        else:
            _copy_file(source, target)
    except (OSError, shutil.Error) as error:
        raise _refused(target, error) from error
    return target


def _copy_file(source: str | Path, target: str | Path) -> None:
    shutil.copyfile(source, target)
    if Path(source).stat().st_mode & 0o100:
        Path(target).chmod(0o755)


def _write(value: Any, encoded: bytes, target: Path, suffix: str) -> None:
    family = type(value).__module__.partition(".")[0]
    if family in _TABLES and suffix in _FRAMES:
        _write_frame(_as_frame(value, family), target, suffix)
    elif family == "numpy" and suffix == ".npy":
        import numpy as np

        np.save(target, value)
    elif suffix == ".json":
        _write_json(value, target)
    elif suffix == ".txt":
        target.write_text(value if isinstance(value, str) else f"{value}\n", "utf-8")
    elif suffix == ".png" and isinstance(value, Picture):
        target.write_bytes(value.png)
    elif isinstance(value, (str, bytes)):
        target.write_bytes(encoded)
    else:
        raise UserError(
            f"A {type(value).__qualname__} can't be written as {suffix}; choose another ending"
            f" for {target.name}, or none to get the bytes as they are stored."
        )


def _as_frame(value: Any, family: str) -> Any:
    if family == "pandas":
        return value if hasattr(value, "columns") else value.to_frame()
    if family == "polars" and not hasattr(value, "columns"):
        value = value.to_frame()
    return value.to_pandas()


def _write_frame(frame: Any, target: Path, suffix: str) -> None:
    try:
        _FRAMES[suffix](frame, target)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise UserError(
            f"This frame can't be written as {suffix} ({error}); choose another ending for"
            f" {target.name}, or none to get the bytes as they are stored."
        ) from error


def _has_own_index(frame: Any) -> bool:
    """Whether the rows' labels say more than their numbers."""
    return type(frame.index).__name__ != "RangeIndex" or frame.index.name is not None


def _write_json(value: Any, target: Path) -> None:
    if isinstance(value, Metrics):
        value = {"values": value.overall, "slices": value.slices}
    elif hasattr(value, "tolist"):
        value = value.tolist()
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError):
        raise UserError(
            f"A {type(value).__qualname__} like this can't be written as JSON; choose another"
            f" ending for {target.name}, or none to get the bytes as they are stored."
        ) from None
    target.write_text(text + "\n", "utf-8")


def _refused(target: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or str(error)
    return UserError(f"{target} can't be written: {reason}. Name another place with -o.")
