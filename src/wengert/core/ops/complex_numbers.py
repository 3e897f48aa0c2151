"""Complex numbers: real and imaginary parts, the conjugate, and a number made of two parts.

A cotangent z̄ is paired with a tangent ż by Re Σ z̄ ż, without conjugation. So the gradient of a real function of z = x + iy is
∂L/∂x − i ∂L/∂y, and an analytic function has the rules that it has on the real line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Op, Params
from wengert.core.ir.types import COMPLEXES, FLOATS, ArrayType
from wengert.core.ops.kinds import SHAPES, ErrorCases, batch_elementwise, general, same_types
from wengert.errors import GraphError

PART: dict[str, str] = dict(zip(COMPLEXES, FLOATS, strict=True))
"""The dtype of the parts of a complex number."""
WHOLE: dict[str, str] = dict(zip(FLOATS, COMPLEXES, strict=True))
"""The dtype of the complex numbers whose parts have a dtype."""


def real_part(x: Node) -> Node:
    """Re x; a real number is its own."""
    return apply("real", x) if x.type.is_complex else x


def conjugate(x: Node) -> Node:
    """x*, the conjugate; a real number is its own."""
    return apply("conj", x) if x.type.is_complex else x


def magnitude(x: Node) -> Node:
    """|x|; its derivative at 0 is 0."""
    return apply("hypot", apply("real", x), apply("imag", x)) if x.type.is_complex else apply("abs", x)


def squared_magnitude(x: Node) -> Node:
    """|x|²."""
    return apply("real", x) ** 2 + apply("imag", x) ** 2 if x.type.is_complex else x**2


def is_zero(x: Node) -> Node:
    """Whether x = 0, entry by entry; of a complex number whether both parts are."""
    if not x.type.is_complex:
        return apply("equal", x, constant(0, x.type))
    return apply("logical_and", is_zero(apply("real", x)), is_zero(apply("imag", x)))


def by_parts(op: str, x: Node) -> Node:
    """An op of real numbers on each part of x."""
    return (
        apply("complex", apply(op, apply("real", x)), apply(op, apply("imag", x)))
        if x.type.is_complex
        else apply(op, x)
    )


def is_nan(x: Node) -> Node:
    """Whether x is not a number; of a complex number whether a part is not."""
    if not x.type.is_complex:
        return apply("not_equal", x, x)
    return apply("logical_or", is_nan(apply("real", x)), is_nan(apply("imag", x)))


def complex_samples(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers of the plane, normal in both parts."""
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def _infer_part(name: str) -> Callable[[tuple[ArrayType, ...], Params], ArrayType]:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        if not types[0].is_complex:
            raise GraphError(
                f"'{name}' takes complex numbers, not {types[0].dtype}.",
                f"  its input is {types[0]}",
                f"Cast the input first:  cast(x, dtype='{COMPLEXES[-1]}')",
            )
        return types[0] if name == "conj" else types[0].with_dtype(PART[types[0].dtype])

    return infer


def _infer_complex(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    common = same_types("complex", types)
    if common.dtype not in FLOATS:
        raise GraphError(
            f"'complex' takes real parts, not {common.dtype}.",
            f"  its inputs are {' and '.join(map(str, types))}",
            "Cast the parts first:  cast(x, dtype='float64')",
        )
    return common.with_dtype(WHOLE[common.dtype])


def _times_i(x: Node, sign: int) -> Node:
    """± i x of real x."""
    return apply("complex", constant(0, x.type), x if sign > 0 else -x)


_ERRORS: ErrorCases = (((ArrayType((3,)),), {}, "takes complex numbers, not float64"),)


def _part(name: str, summary: str, value: Callable[[Any, Any], Any], adjoint: Callable[[Node], Node]) -> Op:
    """A map that is linear over the real numbers, entry by entry."""

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        return None if tangents[0] is None else apply(name, tangents[0])

    return general(
        name,
        summary,
        infer=_infer_part(name),
        value=value,
        jvp=jvp,
        vjp=lambda node, cotangent: (adjoint(cotangent),),
        batch=batch_elementwise,
        notation=unwritten(name),
        samples=lambda rng: [([complex_samples(rng, shape)], {}) for shape in SHAPES for _ in range(5)],
        errors=_ERRORS,
    )


real = _part(
    "real",
    "Re z.",
    value=lambda xp, z: xp.real(z),
    adjoint=lambda cotangent: apply("cast", cotangent, dtype=WHOLE[cotangent.type.dtype]),
)
imag = _part(
    "imag",
    "Im z.",
    value=lambda xp, z: xp.imag(z),
    adjoint=lambda cotangent: _times_i(cotangent, -1),
)
conj = _part(
    "conj",
    "x − iy for z = x + iy.",
    value=lambda xp, z: xp.conj(z),
    adjoint=lambda cotangent: apply("conj", cotangent),
)


def _jvp_complex(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    x, y = tangents
    if x is None and y is None:
        return None
    zero = constant(0, node.inputs[0].type)
    return apply("complex", zero if x is None else x, zero if y is None else y)


def _vjp_complex(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    """Re z̄ (ẋ + i ẏ) = Re(z̄) ẋ − Im(z̄) ẏ."""
    return apply("real", cotangent), -apply("imag", cotangent)


of_parts = general(
    "complex",
    "x + iy.",
    infer=_infer_complex,
    value=lambda xp, x, y: xp.complex(x, y),
    jvp=_jvp_complex,
    vjp=_vjp_complex,
    batch=batch_elementwise,
    notation=unwritten("complex"),
    samples=lambda rng: [([rng.normal(size=s), rng.normal(size=s)], {}) for s in SHAPES for _ in range(5)],
    errors=(
        ((ArrayType((3,)), ArrayType((2,))), {}, "inputs of one type"),
        ((ArrayType((), "int64"),) * 2, {}, "not int64"),
    ),
    arity=2,
)
