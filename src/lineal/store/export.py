"""Writing values to files that other tools read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lineal.errors import UserError

_FRAMES: dict[str, Callable[[Any, Path], object]] = {
    ".parquet": lambda frame, path: frame.to_parquet(path),
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".json": lambda frame, path: frame.to_json(path, orient="records"),
    ".feather": lambda frame, path: frame.to_feather(path),
}


def export_value(value: Any, encoded: bytes, target: Path) -> Path:
    """Write a value in the format that the target's ending names, else as it is stored."""
    suffix = target.suffix.lower()
    kind = type(value).__module__.partition(".")[0]
    if kind in ("pandas", "pyarrow", "polars") and suffix in _FRAMES:
        _FRAMES[suffix](_as_pandas(value, kind), target)
    elif kind == "numpy" and suffix == ".npy":
        import numpy as np

        np.save(target, value)
    elif suffix == ".json":
        _write_json(value, target)
    elif isinstance(value, str):
        target.write_text(value, "utf-8")
    elif isinstance(value, bytes):
        target.write_bytes(value)
    elif suffix == ".png" and hasattr(value, "png"):
        target.write_bytes(value.png)
    else:
        target.write_bytes(encoded)
    return target


def _as_pandas(value: Any, kind: str) -> Any:
    if kind == "pandas":
        return value.to_frame() if not hasattr(value, "columns") else value
    return value.to_pandas()


def _write_json(value: Any, target: Path) -> None:
    overall = getattr(value, "overall", None)
    plain = {"values": overall, "slices": value.slices} if overall is not None else value
    try:
        target.write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except TypeError:
        raise UserError(
            f"A {type(value).__name__} can't be written as JSON; choose another ending for"
            f" {target.name}, or leave it out to get the stored bytes."
        ) from None
