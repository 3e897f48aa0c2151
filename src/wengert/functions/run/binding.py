"""Calls whose arrays are bound once: `f.bind(…)`. It knows no machine code, and what a call means only from `FunctionOfKind`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from wengert.errors import GraphError
from wengert.functions.run.out import OUT, fill, fitting
from wengert.functions.tracing.trees import flatten, name_of, paths, unflatten

if TYPE_CHECKING:
    from wengert.functions.run.kind import FunctionOfKind
    from wengert.functions.run.path import CompiledPath


def bound(
    f: Callable[..., Any], kind: FunctionOfKind, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> Callable[[], Any]:
    """The function without arguments: see `CompiledFunction.bind`."""
    if kind.is_guarded:
        return _called(f, args, kwargs, out)
    path = kind.current
    inputs = [x if isinstance(x, np.ndarray) else np.array(x) for x in kind.arrays(args, kwargs)]
    donated = path.executable.donated
    outputs = _outputs(path, inputs, out)
    result = unflatten(path.result, outputs)
    free = [y for k, y in enumerate(outputs) if k not in donated]
    if path.has_plain_dtypes(kind) and _fit(inputs, outputs, free, donated.values()):

        def failed() -> Any:
            fill(outputs, flatten(path.interpreted(inputs))[0])
            return result

        made = path.executable.bound(inputs, outputs, result, failed, lambda: _refuse_second(f))
        if made is not None:
            return made
    return _called(f, args, kwargs, result)


def _outputs(path: CompiledPath, inputs: Sequence[Any], out: Any) -> list[Any]:
    """The arrays of the results: donated ones, those of `out`, or new ones.

    Raises GraphError where those of `out` do not fit.
    """
    types = [y.type for y in path.results.outputs]
    new = [
        np.empty([int(size) for size in kind.shape if isinstance(size, int)], width or kind.dtype)
        for kind, width in zip(types, path.widths, strict=True)
    ]
    donated = {k: inputs[source] for k, source in path.executable.donated.items()}
    arrays = new if out is None else fitting(out, new, path.result)
    for k, array in donated.items():
        if out is not None and arrays[k] is not array:
            raise GraphError(
                f"'{paths(out, OUT)[k]}' takes a result that the donated argument takes.",
                "  it would have two places",
                "Give the donated array there, or leave out 'out'.",
            )
        arrays[k] = array
    return arrays


def _fit(inputs: Sequence[Any], outputs: Sequence[Any], free: Sequence[Any], donated: Any) -> bool:
    """Whether code can use the arrays as they are: without gaps, results apart from all that is read."""
    whole = all(x.flags.c_contiguous and x.flags.aligned for x in (*inputs, *outputs))
    written = [*free, *(inputs[k] for k in donated)]
    apart = all(x is y or not np.may_share_memory(x, y) for x in written for y in (*inputs, *free))
    return whole and apart and all(y.flags.writeable and not y.flags.writebackifcopy for y in written)


def _called(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Callable[[], Any]:
    """The same by a call of f, whose result is copied; the arrays of the first call are kept where none are given."""
    places = [out]

    def call() -> Any:
        found, spec = flatten(f(*args, **kwargs))
        if places[0] is None:
            places[0] = unflatten(spec, [np.array(x) for x in found])
        else:
            fill(fitting(places[0], [np.asarray(x) for x in found], spec), found)
        return places[0]

    return call


def _refuse_second(f: Callable[..., Any]) -> NoReturn:
    raise GraphError(
        f"'{name_of(f)}' is called while it runs with these arrays.",
        "  another thread or a signal handler called it",
        "Bind it once for each thread.",
    )
