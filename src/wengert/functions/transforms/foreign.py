"""Results in the kind of the arguments: tensors for tensors, columns for columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, ParamSpec, cast

import numpy as np

from wengert.functions.tracing.foreign import all_taken, is_foreign
from wengert.functions.tracing.trees import flatten, unflatten

P = ParamSpec("P")


def _torch(array: Any, like: Any) -> Any:
    return import_module("torch").as_tensor(np.require(array, requirements="W"))


def _pandas(array: Any, like: Any) -> Any:
    if np.shape(array) != np.shape(like):
        return array
    if np.ndim(like) == 1:
        return type(like)(array, index=like.index, name=like.name)
    return type(like)(array, index=like.index, columns=like.columns)


def _polars(array: Any, like: Any) -> Any:
    if np.shape(array) != np.shape(like):
        return array
    return type(like)(like.name, array) if np.ndim(like) == 1 else type(like)(array, schema=like.columns)


def _jax(array: Any, like: Any) -> Any:
    return import_module("jax.numpy").asarray(array)


MAKERS: dict[str, Callable[[Any, Any], Any]] = {
    "torch": _torch,
    "pandas": _pandas,
    "polars": _polars,
    "jax": _jax,
    "jaxlib": _jax,
}
"""By the library of an array: an array of NumPy as one of it."""


def _in_kind(x: Any, like: Any) -> Any:
    if not isinstance(x, np.ndarray | np.generic):
        return x
    make = MAKERS.get(type(like).__module__.partition(".")[0])
    if make is not None:
        return make(x, like)
    namespace: Any = getattr(like, "__array_namespace__", None)
    return cast(Any, x) if namespace is None else namespace().asarray(x)


def in_kind(f: Callable[P, Any]) -> Callable[P, Any]:
    """f, whose results are arrays of the library of its first argument that is one of another library than NumPy.

    JAX, torch, pandas (columns with their index), polars, and any library with the array API. What has another shape than a column is
    NumPy's. f is a function of arrays of NumPy, as wg.grad(…) is; where all arguments are NumPy's, it is f.
    """

    @wraps(f)
    def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        like = next((x for x in flatten((args, kwargs))[0] if is_foreign(x)), None)
        given, named = all_taken((args, kwargs))
        found: Any = f(*given, **named)  # pyright: ignore[reportCallIssue]
        if like is None:
            return found
        leaves, spec = flatten(found)
        return unflatten(spec, [_in_kind(x, like) for x in leaves])

    return call
