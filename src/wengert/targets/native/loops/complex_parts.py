"""Complex numbers as two real arrays: what code can compute of them is computed part by part, with Fourier transforms as routines.

A node that has no rule here stays as it is, for the host, which gets whole numbers and gives them back.

Source: division as numpy does it, Smith, Algorithm 116: Complex division, 1962.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, constant
from wengert.core.ir.walk import order_of, with_inputs
from wengert.core.ops.complex_numbers import PART
from wengert.targets.native.loops import fourier
from wengert.targets.native.loops.forms import numbers
from wengert.targets.native.loops.fourier import Pair

Given = Sequence[Any]
"""The inputs of a node: pairs of the complex ones, nodes of the others."""
LARGE = {"float32": 80.0, "float64": 700.0}
"""e^x is far from the largest number up to here …"""
STEP = 32.0
"""… and beyond it is made of e^(x − 32)."""
RANGE = {"float32": (1e-30, 1e37), "float64": (1e-290, 1e307)}
"""Between these sums of two magnitudes have all their digits, and are finite."""


def in_parts(graph: Graph) -> Graph:
    """The graph with its complex numbers in parts, as far as there are rules; itself where it has none."""
    if not any(node.type.is_complex for node in order_of(graph)):
        return graph
    return _Split(graph).result()


class _Split:
    """Each node once: whole, or as a pair, or both where both are asked for."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.wholes: dict[Node, Node] = {}
        self.pairs: dict[Node, Pair] = {}

    def result(self) -> Graph:
        for node in order_of(self.graph):
            self._visit(node)
        return Graph(self.graph.inputs, tuple(map(self.whole, self.graph.outputs)), self.graph.names)

    def _visit(self, node: Node) -> None:
        rule = RULES.get(node.op.name)
        concerned = node.type.is_complex or any(x.type.is_complex for x in node.inputs)
        made = self.known_spectrum(node) if node.op.name == "rfft" else None
        if made is None and rule is not None and concerned:
            made = rule(node, [self.given(x) for x in node.inputs])
        if isinstance(made, tuple):
            self.pairs[node] = made
        else:
            self.wholes[node] = with_inputs(node, [self.whole(x) for x in node.inputs]) if made is None else made

    def known_spectrum(self, node: Node) -> Pair | None:
        """The half of the spectrum of c x, where x was made of one by the inverse: c n times that, real at its ends."""
        x, factor = _without_factors(node.inputs[0])
        axis, size = node.params["axis"], node.inputs[0].shape[node.params["axis"]]
        if x.op.name != "irfft" or x.params["axis"] != axis or 0 in x.shape:
            return None
        real, imag = self.pair(x.inputs[0])
        real_ends = np.ones(real.shape)
        np.moveaxis(real_ends, axis, 0)[[0, -1] if int(size) % 2 == 0 else [0]] = 0
        scale = constant(factor * int(size), real.type)
        return real * scale, imag * (constant(real_ends, imag.type) * scale)

    def given(self, node: Node) -> Any:
        return self.pair(node) if node.type.is_complex else self.wholes[node]

    def whole(self, node: Node) -> Node:
        if node not in self.wholes:
            self.wholes[node] = apply("complex", *self.pairs[node])
        return self.wholes[node]

    def pair(self, node: Node) -> Pair:
        if node not in self.pairs:
            whole = self.wholes[node]
            self.pairs[node] = apply("real", whole), apply("imag", whole)
        return self.pairs[node]


def _without_factors(x: Node) -> tuple[Node, float]:
    """An array and the number that the given one is the multiple of it by."""
    factor = 1.0
    while x.op.name in ("multiply", "negative"):
        if x.op.name == "negative":
            factor, x = -factor, x.inputs[0]
            continue
        number = next((each for each in x.inputs if _is_number(each)), None)
        if number is None:
            break
        factor *= float(number.params["value"])
        x = x.inputs[1 - x.inputs.index(number)]
    return x, factor


def _is_number(x: Node) -> bool:
    return x.op.name == "constant" and np.ndim(x.params["value"]) == 0


# ---------------------------------------------------------------- part by part


def _each(node: Node, given: Given) -> Pair | None:
    """The op on the real parts and on the imaginary ones; inputs that are real, as indices, are those of both."""
    real, imag = (tuple(x[k] if isinstance(x, tuple) else x for x in given) for k in (0, 1))
    return apply(node.op, *real, **node.params), apply(node.op, *imag, **node.params)


def _constant(node: Node, given: Given) -> Pair:
    value: Any = np.asarray(node.params["value"])
    part = node.type.with_dtype(PART[node.type.dtype])
    return tuple(constant(x if x.ndim else x.item(), part) for x in (value.real.copy(), value.imag.copy()))  # pyright: ignore[reportReturnType]


def _cast(node: Node, given: Given) -> Pair:
    (x,), dtype = given, PART[node.type.dtype]
    if isinstance(x, tuple):
        return apply("cast", x[0], dtype=dtype), apply("cast", x[1], dtype=dtype)
    part = apply("cast", x, dtype=dtype)
    return part, constant(0, part.type)


# ---------------------------------------------------------------- arithmetic


def _product(one: Pair, other: Pair) -> Pair:
    (a, b), (c, d) = one, other
    return a * c - b * d, a * d + b * c


def _multiply(node: Node, given: Given) -> Pair:
    return _product(given[0], given[1])


def _quotient(one: Pair, other: Pair) -> Pair:
    """(a + bi)/(c + di), by the larger of |c| and |d|."""
    (a, b), (c, d) = one, other
    by_real = apply("greater_equal", apply("abs", c), apply("abs", d))

    def chosen(x: Node, y: Node) -> Node:
        return apply("where", by_real, x, y)

    large, small = chosen(c, d), chosen(d, c)
    zero, unit = constant(0, large.type), constant(1, large.type)
    nothing = apply("equal", large, zero)
    ratio = apply("where", nothing, zero, small / large)
    scale = unit / apply("where", nothing, zero, large + small * ratio)
    return chosen(a + b * ratio, a * ratio + b) * scale, chosen(b - a * ratio, b * ratio - a) * scale


def _divide(node: Node, given: Given) -> Pair:
    return _quotient(given[0], given[1])


def _reciprocal(node: Node, given: Given) -> Pair:
    """1/(c + di) by the larger of |c| and |d|, as NumPy has it: of 0 both parts are no numbers."""
    ((c, d),) = given
    by_real = apply("greater_equal", apply("abs", c), apply("abs", d))
    large, small = apply("where", by_real, c, d), apply("where", by_real, d, c)
    ratio, unit = small / large, constant(1, large.type)
    below = large + small * ratio
    return apply("where", by_real, unit, ratio) / below, -(apply("where", by_real, ratio, unit) / below)


def _integer_power(node: Node, given: Given) -> Pair | None:
    """By squares; of small exponents, as errors add up."""
    (x,), exponent = given, node.params["exponent"]
    if not 1 <= exponent <= 4:
        return None
    square = _product(x, x)
    return {1: x, 2: square, 3: _product(square, x), 4: _product(square, square)}[exponent]


def _exp(node: Node, given: Given) -> Pair:
    """eᵃ (cos b + i sin b), and eᵃ where b = 0; large eᵃ in two factors, as cos b may be small."""
    ((a, b),) = given
    far = apply("greater", a, constant(LARGE[a.type.dtype], a.type))
    size = apply("exp", apply("where", far, a - constant(STEP, a.type), a))
    rest = apply("where", far, constant(float(np.exp(STEP)), a.type), constant(1, a.type))
    is_real = apply("equal", b, constant(0, b.type))
    parts = [size * apply(name, b) * rest for name in ("cos", "sin")]
    return parts[0], apply("where", is_real, b, parts[1])


def _log(node: Node, given: Given) -> Pair:
    """log |z| and the angle; near |z| = 1 by log1p of |z|² − 1 = (m − 1)(m + 1) + n², of the larger and the smaller part."""
    ((a, b),) = given
    low, high = (apply(name, apply("abs", a), apply("abs", b)) for name in ("minimum", "maximum"))
    one = constant(1, high.type)
    near = apply("logical_and", apply("greater_equal", high, one * 0.5), apply("less", high, one * 2))
    excess = apply("where", near, (high - one) * (high + one) + low * low, one * 0)
    huge = apply("greater", high, constant(RANGE[a.type.dtype][1], high.type))
    scale = apply("where", huge, one * 0.0625, one)
    size = apply("log", apply("hypot", a * scale, b * scale)) + apply("where", huge, one * math.log(16), one * 0)
    return apply("where", near, apply("log1p", excess) * 0.5, size), apply("arctan2", b, a)


def _sqrt(node: Node, given: Given) -> Pair:
    """t = √((|a| + |z|)/2) and b/(2t), which change places on the left; of scaled parts where |z| is huge or tiny. The root with Re ≥ 0.

    Source: Kahan, Branch cuts for complex elementary functions, 1987.
    """
    ((a, b),) = given
    tiny, huge = RANGE[a.type.dtype]
    one, high = constant(1, a.type), apply("maximum", apply("abs", a), apply("abs", b))
    is_tiny, is_huge = apply("less", high, one * tiny), apply("greater", high, one * huge)

    def chosen(large: float, small: float) -> Node:
        return apply("where", is_huge, one * large, apply("where", is_tiny, one * small, one))

    x, y = (part * chosen(2.0**-4, 2.0**108) for part in (a, b))
    root = apply("sqrt", (apply("abs", x) + apply("hypot", x, y)) * 0.5)
    nothing = apply("equal", root, one * 0)
    other = apply("where", nothing, y, y / apply("where", nothing, one, root * 2))
    is_left = apply("less", a, one * 0)
    signed = apply("where", apply("signbit", b), -root, root)
    real, imag = apply("where", is_left, apply("abs", other), root), apply("where", is_left, signed, other)
    endless, back = apply("equal", apply("abs", b), one * math.inf), chosen(4.0, 2.0**-54)
    return apply("where", endless, apply("abs", b), real * back), apply("where", endless, b, imag * back)


def _einsum(node: Node, given: Given) -> Pair | None:
    """One product or two: each with its four products of parts."""
    if len(given) == 1:
        return _each(node, given)
    if len(given) != 2:
        return None
    first, second = given

    def of(x: Node, y: Node) -> Node:
        return apply(node.op, x, y, **node.params)

    (a, b), (c, d) = first, second
    return of(a, c) - of(b, d), of(a, d) + of(b, c)


def _same(node: Node, given: Given) -> Node:
    (a, b), (c, d) = given
    word, both = ("logical_and", "equal") if node.op.name == "equal" else ("logical_or", "not_equal")
    return apply(word, apply(both, a, c), apply(both, b, d))


# ---------------------------------------------------------------- transforms


def _fft(node: Node, given: Given) -> Pair | None:
    (pair,) = given
    if 0 in numbers(node.shape):
        return None
    for axis in node.params["axes"]:
        pair = fourier.transform(pair, axis, node.params["inverse"])
    return pair


def _rfft(node: Node, given: Given) -> Pair | None:
    return None if 0 in numbers(node.shape) else fourier.half(given[0], node.params["axis"])


def _irfft(node: Node, given: Given) -> Node | None:
    return None if 0 in numbers(node.shape) else fourier.signal(given[0], node.params["axis"], node.params["size"])


PARTWISE = (
    *("add", "subtract", "negative", "where", "sum", "cumsum", "concatenate", "stop_gradient", "barrier"),
    *("broadcast", "transpose", "reshape", "slice", "flip", "pad", "gather", "scatter_add", "set_slice", "window"),
)
"""Ops that are linear over the real numbers with real factors."""
RULES: Mapping[str, Callable[[Node, Given], Pair | Node | None]] = {
    **dict.fromkeys(PARTWISE, _each),
    "constant": _constant,
    "cast": _cast,
    "complex": lambda node, given: (given[0], given[1]),
    "real": lambda node, given: given[0][0],
    "imag": lambda node, given: given[0][1],
    "conj": lambda node, given: (given[0][0], -given[0][1]),
    "multiply": _multiply,
    "divide": _divide,
    "reciprocal": _reciprocal,
    "integer_power": _integer_power,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "einsum": _einsum,
    "equal": _same,
    "not_equal": _same,
    "fft": _fft,
    "rfft": _rfft,
    "irfft": _irfft,
}
"""From a node and its inputs: a pair for a complex node, a node for another; None where there is no rule."""
