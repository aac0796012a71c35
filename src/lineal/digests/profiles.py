"""Saying what a value is to a reader: its kind, and facts of its shape as JSON.

Nothing here decides identity. Types are told by their names, so no library is imported.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

_KINDS = {
    "pandas.DataFrame": "frame",
    "pandas.core.frame.DataFrame": "frame",
    "pandas.Series": "frame",
    "pandas.core.series.Series": "frame",
    "pyarrow.lib.Table": "frame",
    "pyarrow.lib.RecordBatch": "frame",
    "polars.dataframe.frame.DataFrame": "frame",
    "polars.series.series.Series": "frame",
    "numpy.ndarray": "array",
    "torch.Tensor": "array",
    "pyarrow.lib.Array": "array",
    "pyarrow.lib.ChunkedArray": "array",
    "sklearn.base.BaseEstimator": "model",
    "torch.nn.modules.module.Module": "model",
    "lineal.pipeline.metrics.Metrics": "metrics",
    "matplotlib.figure.Figure": "figure",
    "builtins.str": "text",
}
"""Qualified name of a class -> the kind of its instances and its subclasses'."""

_HANDING_ON = ("sklearn", "imblearn")
_LIMIT = 1000
"""At most so many names or classes are written into a profile."""


def kind_of(value: Any) -> str:
    """What a value is to a reader, as ``ValueIdentity.kind`` lists them."""
    if isinstance(value, Path):
        return "tree" if value.is_dir() else "file"
    for base in type(value).__mro__:
        kind = _KINDS.get(f"{base.__module__}.{base.__qualname__}")
        if kind is not None:
            return kind
    estimator = callable(getattr(type(value), "fit", None)) and callable(
        getattr(type(value), "get_params", None)
    )
    return "model" if estimator else "value"


def profile_of(value: Any, found: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A value's kind and the facts of its shape.

    Args:
        value: What has been identified.
        found: What its encoder learnt on the way.
    """
    kind = kind_of(value)
    if found:
        return kind, found
    describe = _DESCRIBE.get(kind)
    return kind, describe(value) if describe is not None else {}


def _array(value: Any) -> dict[str, Any]:
    if hasattr(value, "shape"):
        return {"shape": [int(n) for n in value.shape], "dtype": str(value.dtype)}
    return {"shape": [len(value)], "dtype": str(value.type)}


def _model(value: Any) -> dict[str, Any]:
    cls = type(value)
    facts: dict[str, Any] = {"class": f"{cls.__module__}.{cls.__qualname__}"}
    if callable(getattr(value, "get_params", None)):
        try:
            params = value.get_params(deep=False)
        except Exception:  # noqa: BLE001 - a look at somebody's class must not fail a step
            params = {}
        facts["params"] = {str(name): _setting(setting) for name, setting in params.items()}
    features = _fitted(value, "n_features_in_")
    if features is not None:
        facts["n_features_in"] = int(features)
    for name, attribute in (("feature_names", "feature_names_in_"), ("classes", "classes_")):
        items = _fitted(value, attribute)
        if items is not None and len(items) <= _LIMIT:
            facts[name] = [_setting(_item(item)) for item in items]
    return facts


def _fitted(value: Any, name: str) -> Any:
    """What an estimator learnt, from the instance itself; None where it says nothing.

    On a class it may be a property that computes, which is not asked, but for those of
    scikit-learn: its pipelines and searches hand on what the estimators in them say.
    """
    own = getattr(value, "__dict__", {})
    if name in own:
        return own[name]
    told = getattr(inspect.getattr_static(type(value), name, None), "fget", None)
    if getattr(told, "__module__", "").partition(".")[0] not in _HANDING_ON:
        return None
    try:
        return getattr(value, name)
    except Exception:  # noqa: BLE001 - it is not fitted, or the first step says nothing
        return None


def _item(value: Any) -> Any:
    return value.item() if callable(getattr(value, "item", None)) else value


def _setting(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    return repr(value)


_DESCRIBE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "array": _array,
    "model": _model,
    "text": lambda value: {"length": len(value)},
    "metrics": lambda value: {"names": [str(name) for name in value]},
}
