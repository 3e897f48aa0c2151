"""Norms by their form: a root of a sum of squares is a norm, which stays in range, and a power of a norm is one of the sum of squares.

The square of a norm has second derivatives at the zero vector, which those of the norm do not tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from wengert.core.ir.graph import Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.arithmetic import divide, hypot, integer_power, multiply, power
from wengert.core.ops.kinds import constant_value
from wengert.core.ops.norms import norm
from wengert.core.ops.products import einsum
from wengert.core.ops.reductions import sum as total
from wengert.core.ops.squares import is_positive
from wengert.core.passes.rewrite import Maker, Procedure, Rewrite


def _squared(node: Node) -> tuple[Node, tuple[int, ...]] | None:
    """(x, axes) of a node that is Σ x² over axes; None where it is none."""
    if node.op is einsum and len(node.inputs) == 2 and node.inputs[0] is node.inputs[1]:
        first, second = node.params["inputs"]
        output = node.params["output"]
        kept = tuple(q for q in first if q in output)
        if first != second or len(set(first)) < len(first) or kept != tuple(output) or len(kept) == len(first):
            return None
        return node.inputs[0], tuple(k for k, q in enumerate(first) if q not in output)
    if node.op is not total or not node.params["axes"]:
        return None
    squares = node.inputs[0]
    is_square = (squares.op is integer_power and squares.params["exponent"] == 2) or (
        squares.op is multiply and squares.inputs[0] is squares.inputs[1]
    )
    return (squares.inputs[0], node.params["axes"]) if is_square else None


def _apart(node: Node, is_factor: Callable[[Node], bool]) -> tuple[Node, str, Node | None]:
    """(x, op, c) of a node c x or x / c, c a factor of a kind; c is None where it is neither."""
    for k, c in enumerate(node.inputs):
        if (node.op is multiply or (node.op is divide and k == 1)) and is_factor(c):
            return node.inputs[1 - k], node.op.name, c
    return node, "", None


def _norm_of_root(node: Node, make: Maker) -> Node | None:
    return norm_of_squares(node.inputs[0], make)


def norm_of_squares(inner: Node, make: Maker) -> Node | None:
    """√c ‖x‖ of a node c Σx², c a positive number or size or its inverse, also where it is laid out; None where it is none."""
    moves: list[Node] = []
    while inner.op.moves in ("permutation", "repetition"):
        moves.append(inner)
        inner = inner.inputs[0]
    inner, joined, factor = _apart(inner, is_positive)
    found = _squared(inner)
    if found is None:
        return None
    x, axes = found
    result = make("norm", (x,), {"axes": axes})
    if factor is not None:
        result = make(joined, (result, _root_of(factor, make)), {})
    for move in reversed(moves):
        result = make(move.op.name, (result,), move.params)
    return result


def _root_of(factor: Node, make: Maker) -> Node:
    number = constant_value(factor)
    if number is None:
        return make("sqrt", (factor,), {})
    return make("constant", (), {"value": math.sqrt(number), "type": factor.type})


def _exponent(node: Node) -> float | None:
    """n of a node that is xⁿ for a number n ≥ 1."""
    if node.op is integer_power:
        n = float(node.params["exponent"])
    elif node.op is power:
        number = constant_value(node.inputs[1])
        n = math.nan if number is None else float(number)
    else:
        n = 2.0 if node.inputs[0] is node.inputs[1] else math.nan
    return n if 1 < n < math.inf else None


def _power_of_norm(node: Node, make: Maker) -> Node | None:
    """(c ‖x‖)ⁿ is cⁿ (Σx²)^(n/2), and that of a hypotenuse alike."""
    exponent = _exponent(node)
    if exponent is None:
        return None
    inner, joined, factor = _apart(node.inputs[0], lambda x: x.op not in (norm, hypot))
    if inner.op is norm:
        (x,) = inner.inputs
        squares = make("sum", (make("integer_power", (x,), {"exponent": 2}),), inner.params)
    elif inner.op is hypot:
        x, y = (make("integer_power", (each,), {"exponent": 2}) for each in inner.inputs)
        squares = make("add", (x, y), {})
    else:
        return None
    result = _raised(squares, exponent / 2, make)
    return result if factor is None else make(joined, (result, _raised(factor, exponent, make)), {})


def _raised(x: Node, exponent: float, make: Maker) -> Node:
    if exponent == 1:
        return x
    if exponent == int(exponent):
        return make("integer_power", (x,), {"exponent": int(exponent)})
    return make("power", (x, make("constant", (), {"value": exponent, "type": x.type})), {})


def _root_samples() -> list[Node]:
    m = input_node("m", ArrayType((3, 4)))
    squares = apply("sum", m * m, axes=(1,))
    matrix = apply("einsum", m, m, inputs=((0, 1), (0, 1)), output=(1,))
    mean = apply("sum", apply("integer_power", m, exponent=2), axes=(0,)) / constant(3, ArrayType((4,)))
    half = constant(0.5, squares.type) * squares
    return [apply("sqrt", each) for each in (squares, matrix, mean, half, apply("reshape", squares, shape=(3, 1)))]


def _power_samples() -> list[Node]:
    m = input_node("m", ArrayType((3, 4)))
    x, y = (input_node(name, ArrayType((Dim("n"),))) for name in "my")
    norm, radius = apply("norm", m, axes=(1,)), apply("hypot", x, y)
    half = constant(2.5, norm.type)
    return [norm * norm, norm**3, (norm / constant(3, norm.type)) ** 2, apply("power", norm, half), radius**2]


NORMS: tuple[Rewrite, ...] = (
    Procedure("norm", ["sqrt"], _norm_of_root, "√(c Σ x²) → √c norm(x)", exact=False, ulps=8, samples=_root_samples),
    Procedure("power-of-norm", ["integer_power", "power", "multiply"], _power_of_norm, "(c norm(x))ⁿ → cⁿ (Σ x²)^(n/2)", exact=False, ulps=16, valid="abs(m) < 1e100", samples=_power_samples),
)  # fmt: skip
