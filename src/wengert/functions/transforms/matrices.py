"""Second and further derivatives, and whole matrices of them: Jacobian, Hessian, and their products with vectors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec

import numpy as np

from wengert.core.autodiff.forward import jvp as push
from wengert.core.autodiff.jacobians import Mode, blocks, cheaper
from wengert.core.ir.graph import Node
from wengert.core.ir.types import ArrayType, bytes_of
from wengert.core.ops.loop import filled
from wengert.errors import ShapeError, TraceError
from wengert.functions.run.runs import FunctionRun, Transform, result_of, seen
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.trees import Spec, name_of, unflatten
from wengert.functions.transforms.analytic import (
    analytic,
    analytic_pair,
    argument_types,
    check_line,
    mode_of,
    turned_blocks,
)
from wengert.functions.transforms.chosen import Argnames, Argnums, choose, places_of
from wengert.functions.transforms.derivatives import listed, one_number, slopes
from wengert.functions.transforms.linear import jvp, vjp
from wengert.functions.transforms.primals import like
from wengert.memory import require

P = ParamSpec("P")
MEMORY = 2**30
"""The bytes that the signals of a Jacobian may need at a time, where nothing else is said: 1 GiB."""


def jacobian_blocks(
    inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node], mode: Mode | None, memory: int
) -> list[Node]:
    """(y, …, ∂y/∂x, …): the outputs, then for each of them its derivative by each input."""
    rows = blocks(outputs, inputs, mode or cheaper(outputs, inputs), memory)
    return [*outputs, *(block for row in rows for block in row)]


def hessian_blocks(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node], memory: int) -> list[Node]:
    """∂²y/∂x_i∂x_j for each output, each input i and in it each input j, forward over the cheaper mode."""
    first = [block for row in blocks(outputs, inputs, cheaper(outputs, inputs), memory) for block in row]
    return [block for row in blocks(first, inputs, "forward", memory) for block in row]


def curved(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """H v of one real output, forward over reverse, the directions v as further inputs."""
    gradient = slopes(inputs, outputs, ())[len(outputs) :]
    moved = push(gradient, inputs, extra, masked=True)
    return [filled(t, x.type) for t, x in zip(moved, inputs, strict=True)]


def jacobian(
    f: Callable[P, Any],
    argnums: Argnums | None = None,
    argnames: Argnames = (),
    *,
    mode: Literal["auto", "forward", "reverse"] = "auto",
    has_aux: bool = False,
    memory: int = MEMORY,
) -> Callable[P, Any]:
    """J_ij = ∂y_i/∂x_j: arrays of the shape of the result followed by that of the argument, in the containers of both.

    The container of the result has in place of each array the container of the argument. `mode` is forward where the
    arguments have no more entries than the result, else reverse. At most `memory` bytes are used for the signals of a batch of
    rows or columns; what needs more is done in several. With `has_aux` the function returns (y, more), and what is returned
    is (J, more).

    Of a real function of complex arguments an entry is ∂u/∂x − i ∂u/∂y; a complex function of complex arguments is analytic.

    Raises TraceError where f does with a traced value what a graph cannot hold, ShapeError where its result holds no real or
    complex numbers, CheckError where a function of complex arguments with complex results is not analytic.
    """
    if mode not in ("auto", "forward", "reverse"):
        raise TraceError(
            f"There is no mode '{mode}' of a Jacobian.",
            f"  mode={mode!r}",
            "Write:  mode='auto', mode='forward' or mode='reverse'",
        )

    @wraps(f)
    def matrix(*args: P.args, **kwargs: P.kwargs) -> Any:
        chosen = choose(f, args, kwargs, argnums, argnames)
        run = seen(*chosen.call)
        spec, n = _derived_part(f, run, has_aux)
        _check_room("A Jacobian", run, n, 1)
        columns, total = run.arguments.spec, len(run.types)
        if analytic_pair(argument_types(run), run.types[:n]):
            found = run.run(Transform(turned_blocks, (memory,)))
            derived = analytic(f, found[total:])
        else:
            chosen_mode = mode_of(mode, argument_types(run), run.types[:n])
            found = run.run(Transform(jacobian_blocks, (chosen_mode, memory)))
            derived = found[total:]
        rows = _grouped(derived, columns.num_leaves)[:n]
        result = unflatten(spec, [chosen.result(unflatten(columns, row)) for row in rows])
        return (result, result_of(run, found[:total])[1]) if has_aux else result

    return matrix


def _derived_part(f: Callable[..., Any], run: FunctionRun, has_aux: bool) -> tuple[Spec, int]:
    """The container of what is derived, and the number of its leaves.

    Raises ShapeError where they are not real.
    """
    spec = run.spec
    if has_aux:
        if spec.type is not tuple or spec.num_children != 2:
            raise ShapeError(
                f"With 'has_aux' a function returns a pair, and '{name_of(f)}' returns something else.",
                f"{user_line()}\n  it returns {listed(run.types)}",
                "Let it return what is to be derived, and what else is wanted:  return y, more",
            )
        spec = spec.child(0)
    types = run.types[: spec.num_leaves]
    if not all(type.is_float for type in types):
        raise ShapeError(
            f"A Jacobian needs real results, and '{name_of(f)}' returns others.",
            f"{user_line()}\n  it returns {listed(types)}",
            "Return real numbers, and others beside them with 'has_aux'.",
        )
    return spec, spec.num_leaves


def _check_room(name: str, run: FunctionRun, count: int, order: int) -> None:
    """Refuse a matrix of derivatives that does not fit in the memory that is there.

    Raises MemoryLimitError.
    """
    results, arguments = run.types[:count], argument_types(run)
    blocks = [
        ArrayType(y.shape + sum((x.shape for x in each), ()), np.result_type(y.dtype, *(x.dtype for x in each)).name)
        for y in results
        for each in itertools.product(arguments, repeat=order)
    ]
    by = ", ".join(map(str, arguments))
    require(
        bytes_of(blocks),
        name,
        f"  of {listed(results)} by {by}{' twice' if order == 2 else ''}",
        "Ask for its products with vectors:  wg.jvp, wg.vjp or wg.hvp",
    )


def _grouped(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [values[k : k + size] for k in range(0, len(values), size)] if size else []


def hessian(
    f: Callable[P, Any], argnums: Argnums | None = None, argnames: Argnames = (), *, memory: int = MEMORY
) -> Callable[P, Any]:
    """H_ij = ∂²y/∂x_i∂x_j: arrays of the shape of the result followed twice by that of the argument.

    The container of the result has in place of each array the container of the argument, and that has in place of each
    array the same container again: H["a"]["b"] is ∂²y/∂a∂b. `memory` is that of `jacobian`.

    Raises TraceError and ShapeError as `jacobian` does.
    """

    @wraps(f)
    def matrix(*args: P.args, **kwargs: P.kwargs) -> Any:
        chosen = choose(f, args, kwargs, argnums, argnames)
        run = seen(*chosen.call)
        spec, n = _derived_part(f, run, False)
        _check_room("A Hessian", run, n, 2)
        check_line(f, run)
        columns = run.arguments.spec
        n = columns.num_leaves
        found = run.run(Transform(hessian_blocks, (memory,)))
        rows = [chosen.result(unflatten(columns, row)) for row in _grouped(found, n)]
        return unflatten(spec, [chosen.result(unflatten(columns, row)) for row in _grouped(rows, n)])

    return matrix


def _taken_out(f: Callable[..., Any], args: tuple[Any, ...], argnums: Argnums) -> tuple[tuple[Any, ...], Any]:
    """The arguments without the vector, which stands behind the last of those that are derived by, and the vector.

    Raises TraceError where there is none.
    """
    n = len(args) - 1
    given = [argnums] if isinstance(argnums, int) else list(argnums)
    place = max((k % n if n else 0) for k in given) + 1 if given else 0
    if place > n:
        raise TraceError(
            f"A product with a vector needs one behind the arguments of '{name_of(f)}'.",
            f"  it is called with {len(args)} positional arguments; argnums={argnums}",
            "Give the vector directly behind the argument to derive by:  hvp(f)(x, v)",
        )
    return (*args[:place], *args[place + 1 :]), args[place]


def hvp(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """H v of a function with one real result, without the matrix H: hvp(f)(x, v, …) has the container and shape of x.

    The vector stands behind the argument to derive by, where SciPy's `hessp` has it; for several it is a tuple behind the
    last of them.

    Raises TraceError where the vector does not have the form of the argument, ShapeError where the result is not one real
    number.
    """
    argnums = places_of(argnums) or 0

    @wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        rest, vector = _taken_out(f, args, argnums)
        chosen = choose(f, rest, kwargs, argnums)
        run = seen(*chosen.call)
        types = run.types
        if len(types) != 1 or types[0].rank or not types[0].is_float:
            raise ShapeError(
                f"A Hessian times a vector needs one real number, and '{name_of(f)}' returns something else.",
                f"{user_line()}\n  it returns {listed(types)}",
                one_number(types),
            )
        given = (vector,) if chosen.single else tuple(vector)
        arguments = run.arguments
        inputs = [leaf.type for leaf in arguments.real_leaves()]
        moved = like(given, arguments.spec, inputs, "directions", "arguments")
        return chosen.result(unflatten(arguments.spec, run.run(Transform(curved), moved)))

    return product


def half_square(y: Any) -> Any:
    """½ Σ y²."""
    return np.sum(y * y) / 2


def ggnvp(f: Callable[..., Any], g: Callable[[Any], Any] = half_square, argnums: int = 0) -> Callable[..., Any]:
    """Jᵀ (∇²g) J v, the generalised Gauss-Newton matrix of g(f(x)) times a vector: ggnvp(f, g)(x, v, …).

    J is the Jacobian of f at x, ∇²g the Hessian of the real function g at f(x); g(y) = ½ Σ y² by default. The vector stands
    behind the argument.

    Raises TraceError and ShapeError as `hvp` does.

    Source: N. N. Schraudolph, Fast curvature matrix-vector products for second-order gradient descent, 2002.
    """
    if isinstance(number := places_of(argnums), tuple):
        raise TraceError(
            "A Gauss-Newton product is by one argument.", f"  argnums={argnums!r:.60}", "Write:  argnums=0"
        )

    @wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        rest, vector = _taken_out(f, args, number or 0)
        place = (number or 0) % len(rest)

        def along(x: Any) -> Any:
            return f(*rest[:place], x, *rest[place + 1 :], **kwargs)

        y, pullback = vjp(along, rest[place])
        _, moved = jvp(along, (rest[place],), (vector,))
        return pullback(hvp(g)(y, moved))[0]

    return product
