"""Arrays that take the results of a call, the keyword `out`: whether they fit, and results copied into them. It knows no code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NoReturn

import numpy as np

from wengert.errors import GraphError
from wengert.functions.tracing.trees import flatten, name_of, paths

OUT = "out"
"""The keyword."""


def filled(out: Any, result: Any) -> Any:
    """`out`, whose arrays hold the numbers of the result.

    Raises GraphError where it has another structure, or an array of it does not fit; then none is changed.
    """
    found, spec = flatten(result)
    fill(fitting(out, [np.asarray(x) for x in found], spec), found)
    return out


def fill(arrays: Sequence[Any], results: Sequence[Any]) -> None:
    """The numbers of results into arrays of their types."""
    for array, value in zip(arrays, results, strict=True):
        array[...] = value


def fitting(out: Any, models: Sequence[Any], spec: Any) -> list[Any]:
    """The arrays of `out`, each of the shape and dtype of its model.

    Raises GraphError where the structure is another, or what stands there is no such array that may be written.
    """
    arrays, given = flatten(out)
    if given != spec:
        raise GraphError(
            "'out' has not the structure of the result.",
            f"  it is {_structure(given)}; the result is {_structure(spec)}",
            "Give one array for each array of the result, in the same containers.",
        )
    names = paths(out, OUT)
    for name, array, model in zip(names, arrays, models, strict=True):
        _check(name, array, model)
    for (one, x), (other, y) in combinations(zip(names, arrays, strict=True), 2):
        if np.may_share_memory(x, y) and np.shares_memory(x, y):
            raise GraphError(
                f"'{one}' and '{other}' share memory.",
                "  two results would be written to one place",
                "Give each result an array of its own.",
            )
    return arrays


def _check(name: str, array: Any, model: Any) -> None:
    wanted = f"{model.dtype}{list(model.shape)}"
    if not isinstance(array, np.ndarray):
        what = f"it is of type {type(array).__name__}; the result is {wanted}"
    elif array.shape != model.shape or array.dtype != model.dtype:
        what = f"it is {array.dtype}{list(array.shape)}; the result is {wanted}"
    elif not array.flags.writeable:
        what = "it may not be written"
    else:
        return
    raise GraphError(
        f"'{name}' cannot take the result.", f"  {what}", f"Write:  {name} = np.empty({model.shape}, '{model.dtype}')"
    )


def _structure(spec: Any) -> str:
    return str(spec).removeprefix("PyTreeSpec(").split(", NoneIs")[0].removesuffix(")")[:60]


def refuse_traced(f: Callable[..., Any]) -> NoReturn:
    """Raises GraphError: values that are followed have no place of their own."""
    raise GraphError(
        f"'{name_of(f)}' is called inside of another function that is followed, and is to write into arrays.",
        "  results there are values without a place in memory",
        "Take what it returns, and give 'out' to the outer function.",
    )
