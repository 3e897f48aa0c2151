"""Derivatives of complex functions of complex arguments, which are numbers only where the function is analytic.

A function f = u + iv has at z the cotangents Jᵀ 1 = ∂u/∂x − i ∂u/∂y and Jᵀ i; it is analytic if and only if the second is i times
the first (the equations of Cauchy and Riemann), and then the first is f'(z). Both are computed, and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from wengert.core.autodiff.jacobians import Mode, blocks
from wengert.core.autodiff.reverse import vjp as pull
from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.core.ops.loop import filled
from wengert.errors import CheckError, ShapeError, TraceError
from wengert.functions.run.runs import FunctionRun, Transform, seen
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.trees import name_of, unflatten
from wengert.functions.transforms.chosen import Argnames, Argnums, choose

Array = Any
P = ParamSpec("P")
TOLERANCE = 1e-6
"""How far the two may be apart, relative to the larger, in double precision; the root of that in single precision."""


def turned_slopes(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """(Jᵀ 𝟏, …, Jᵀ i𝟏, …) of one complex output."""
    (y,) = outputs
    found: list[Node] = []
    for signal in (1, 1j):
        back = pull([y], inputs, [constant(signal, y.type)], masked=True)
        found += [filled(g, x.type) for g, x in zip(back, inputs, strict=True)]
    return found


def turned_blocks(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node], memory: int) -> list[Node]:
    """(y, …, ∂y/∂z, …, ∂(iy)/∂z, …): the outputs, and in reverse mode the derivatives of them and of i times them."""
    turned = [apply("multiply", constant(1j, y.type), y) for y in outputs]
    return [*outputs, *(block for row in blocks([*outputs, *turned], inputs, "reverse", memory) for block in row)]


def is_complex(types: Sequence[ArrayType]) -> bool:
    """Whether one of the types is complex."""
    return any(type.is_complex for type in types)


def argument_types(run: FunctionRun) -> list[ArrayType]:
    """The types of the arguments that are derived by."""
    return [leaf.type for leaf in run.arguments.real_leaves]


def check_plane(run: FunctionRun) -> None:
    """Refuse real arguments: a complex result has no derivative by them in reverse mode.

    Raises TraceError.
    """
    for name, type in zip(run.arguments.names, argument_types(run), strict=True):
        if not type.is_complex:
            raise TraceError(
                f"There is no analytic derivative by '{name}', which does not hold complex numbers.",
                f"  {name} is {type}",
                "Give complex numbers, or derive along the real line:  jvp(f, (x,), (np.ones_like(x),))",
            )


def check_line(f: Callable[..., Any], run: FunctionRun) -> None:
    """Refuse complex numbers where second derivatives are laid out as a matrix.

    Raises ShapeError.
    """
    if is_complex([*argument_types(run), *run.types]):
        raise ShapeError(
            f"A matrix of second derivatives is that of real numbers, and those of '{name_of(f)}' are complex.",
            f"  it goes from {_listed(argument_types(run))} to {_listed(run.types)}",
            "Derive by the real and the imaginary part:  hessian(lambda x, y: np.real(f(x + 1j * y)), (0, 1))",
        )


def analytic_pair(inputs: Sequence[ArrayType], outputs: Sequence[ArrayType]) -> bool:
    """Whether all arguments and all results are complex."""
    return bool(inputs) and bool(outputs) and all(type.is_complex for type in (*inputs, *outputs))


def mode_of(mode: str, inputs: Sequence[ArrayType], outputs: Sequence[ArrayType]) -> Mode | None:
    """The mode of a Jacobian: by choice where all is real, reverse for complex arguments, forward for complex results.

    Raises ShapeError where the mode that is asked for loses a part, or both are complex among others that are real.
    """
    wanted = None if mode == "auto" else mode
    if not is_complex([*inputs, *outputs]):
        return wanted  # pyright: ignore[reportReturnType]
    if is_complex(inputs) and is_complex(outputs):
        raise ShapeError(
            "A Jacobian of complex numbers beside real ones would lose imaginary parts.",
            f"  it goes from {_listed(inputs)} to {_listed(outputs)}",
            "Derive the complex and the real ones each for themselves.",
        )
    right: Mode = "reverse" if is_complex(inputs) else "forward"
    if wanted not in (None, right):
        raise ShapeError(
            f"A Jacobian with complex numbers on one side is not made in {mode} mode, which sees one part of them.",
            f"  it goes from {_listed(inputs)} to {_listed(outputs)}",
            f"Write:  mode='{right}'",
        )
    return right


def _listed(types: Sequence[ArrayType]) -> str:
    return ", ".join(map(str, types)) or "nothing"


def analytic(f: Callable[..., Any], found: Sequence[Array]) -> Sequence[Array]:
    """The first half of what is found, the derivatives; the second is i times that.

    Raises CheckError where it is not, at the numbers of this call; while a function is compiled these are not known.
    """
    n = len(found) // 2
    for pair in zip(found[:n], found[n:], strict=True):
        one, other = (x.number() if isinstance(x, StandIn) else x for x in pair)
        if one is None or other is None or not np.size(one):
            continue
        with np.errstate(all="ignore"):
            gap, size = np.max(np.abs(other - 1j * one)), np.max(np.abs(one) + np.abs(other))
        limit = TOLERANCE if np.asarray(one).dtype == np.complex128 else TOLERANCE**0.5
        if gap > limit * size:
            raise CheckError(
                f"'{name_of(f)}' is not analytic, so its derivative by a complex number is no number.",
                f"  along the real direction it is {_shown(one)}, along the imaginary one {_shown(-1j * other)}",
                "Derive real quantities by the real and the imaginary part:  grad(lambda x, y: np.real(f(x + 1j * y)))",
            )
    return found[:n]


def _shown(values: Array) -> str:
    return f"{np.asarray(values).flat[0]:.6g}"


def holomorphic_grad(f: Callable[P, Any], argnums: Argnums | None = None, argnames: Argnames = ()) -> Callable[P, Any]:
    """f'(z) of an analytic function with one complex result, by complex arguments; for arrays, ∂f/∂z at each entry.

    Raises TraceError where an argument is not complex, ShapeError where the result is not one complex number, CheckError where
    the function is not analytic at the point.
    """

    @wraps(f)
    def derivative(*args: P.args, **kwargs: P.kwargs) -> Any:
        chosen = choose(f, args, kwargs, argnums, argnames)
        run = seen(*chosen.call)
        check_plane(run)
        types = run.types
        if len(types) != 1 or types[0].rank or not types[0].is_complex:
            raise ShapeError(
                f"An analytic derivative needs one complex number, and '{name_of(f)}' returns something else.",
                f"  it returns {_listed(types)}",
                "Sum the result, or take the gradient of a real one:  grad(f)",
            )
        found = analytic(f, run.run(Transform(turned_slopes)))
        return chosen.result(unflatten(run.arguments.spec, found))

    return derivative
