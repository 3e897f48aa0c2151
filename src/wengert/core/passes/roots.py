"""Roots by their form: that of a product of squares is a product, that of a sum of squares a hypotenuse.

Each square may leave the range of floats where its root does not, and the slope of a root at 0 is not known while that of |x| is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from wengert.core.ir.graph import Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops import squares
from wengert.core.ops.arithmetic import add, integer_power, multiply
from wengert.core.ops.exponential import exp
from wengert.core.ops.kinds import constant_value
from wengert.core.passes.norms import norm_of_squares
from wengert.core.passes.rewrite import Maker, Procedure, Rewrite

MANY = 8
"""How many factors of a product, or terms of a sum, are looked at."""

LARGEST = 300.0
"""The logarithm of the largest power of a number that is taken together."""
KNOWN = (0.5, *range(1, 17))
"""Numbers by which a formula is known on every route: whole ones and ½; what else is added may be an input of a run."""
Powers = dict[Node, int]
"""Factors with their exponents."""


def _powers(node: Node) -> tuple[float, Powers] | None:
    """A node as a number times powers of others; None where they are too many."""
    number, found = 1.0, Powers()
    stack = [(node, 1)]
    while stack:
        each, exponent = stack.pop()
        value = constant_value(each)
        if value is not None and 0 < value < math.inf:
            if abs(exponent * math.log(value)) > LARGEST:
                return None
            number *= float(value) ** exponent
        elif each.op is multiply:
            stack += [(x, exponent) for x in each.inputs]
        elif each.op is integer_power and each.params["exponent"] > 0:
            stack.append((each.inputs[0], exponent * each.params["exponent"]))
        else:
            found[each] = found.get(each, 0) + exponent
        if len(found) + len(stack) > MANY:
            return None
    return (number, found) if math.isfinite(number) and number > 0 else None


def _product(factors: Iterable[tuple[Node, int]], make: Maker) -> Node | None:
    """The product of whole powers; None where there is none."""
    found: Node | None = None
    for x, n in factors:
        found = _times(found, x if n == 1 else make("integer_power", (x,), {"exponent": n}), make)
    return found


def _times(x: Node | None, y: Node | None, make: Maker) -> Node | None:
    return y if x is None else x if y is None else make("multiply", (x, y), {})


def _scaled(x: Node, number: float, make: Maker) -> Node:
    return x if number == 1 else make("multiply", (make("constant", (), {"value": number, "type": x.type}), x), {})


def _whole_root(powers: Powers, number: float, make: Maker, signed: bool = False) -> Node | None:
    """√ of a number times powers of which each is a square or of an exponential, or of either sign; None where one is not, or none is there."""
    if not powers or any(n % 2 and x.op is not exp for x, n in powers.items()):
        return None
    sides = [(x, n // 2) for x, n in powers.items() if n and x.op is not exp]
    bare = _product(((x, n) for x, n in sides if n % 2 == 0), make)
    odd = _product(((x, n) for x, n in sides if n % 2), make)
    found = _times(bare, odd if odd is None or signed else make("abs", (odd,), {}), make)
    for x, n in powers.items():
        if x.op is exp and n:
            found = _times(found, make("exp", (_scaled(x.inputs[0], n / 2, make),), {}), make)
    return None if found is None else _scaled(found, math.sqrt(number), make)


def _root_of_product(node: Node, make: Maker) -> Node | None:
    """√(c x² y⁴ …) is √c |x| y² …, and √eˣ is e^(x/2)."""
    known = _powers(node.inputs[0])
    return None if known is None else _whole_root(known[1], known[0], make)


def _side(node: Node, make: Maker) -> tuple[Node, bool] | None:
    """The root of a term that is a square or a number of `KNOWN`, and whether it is a number; None where it is neither."""
    number = constant_value(node)
    if number is not None:
        if number not in KNOWN:
            return None
        return make("constant", (), {"value": math.sqrt(number), "type": node.type}), True
    norm = norm_of_squares(node, make)
    if norm is not None:
        return norm, False
    known = _powers(node)
    if known is None or any(map(squares.root, known[1])):
        return None  # (√x)²: its slope is that of x, which the powers of one base find out where they meet
    root = _whole_root(known[1], known[0], make, signed=True)  # of |x| there would be no second derivative at 0
    return None if root is None else (root, False)


def _root_of_sum(node: Node, make: Maker) -> Node | None:
    """√(x² + y² + …) is hypot(hypot(x, y), …); a term may be a number of `KNOWN` or a sum of squares."""
    terms: list[Node] = []
    stack = [node.inputs[0]]
    while stack:
        each = stack.pop()
        if each.op is add:
            stack += each.inputs[::-1]
        else:
            terms.append(each)
        if len(terms) + len(stack) > MANY:
            return None
    sides = [_side(term, make) for term in terms] if len(terms) > 1 else []
    found = [side for side in sides if side is not None]
    if len(found) < 2 or len(found) < len(terms):
        return None
    if any(number for _, number in found) and any(x.op.name == "norm" for x, _ in found):
        return None  # ‖x‖² + ε: as it is written, a sum over entries, it is what layers of networks have
    ordered = [x for x, number in found if not number] + [x for x, number in found if number]
    result = ordered[0]
    for x in ordered[1:]:
        result = make("hypot", (result, x), {})
    return result


def _samples() -> list[Node]:
    return [input_node(name, ArrayType((Dim("n"),))) for name in "xy"]


def _product_samples() -> list[Node]:
    x, y = _samples()
    quarter = constant(0.25, x.type)
    products = [x * x, x**4, x**6, (x * y) * (y * x), quarter * x**2, apply("exp", x)]
    return [apply("sqrt", each) for each in products]


def _sum_samples() -> list[Node]:
    x, y = _samples()
    matrix = input_node("x", ArrayType((3, 4)))
    total = apply("sum", matrix * matrix, axes=(1,))
    sums = [x * x + y**2, x**2 + 1, constant(0.5, x.type) + 4 * (x * y) ** 2, apply("exp", x) + y**2]
    return [apply("sqrt", each) for each in (*sums, total + apply("sum", matrix**2, axes=(1,)))]


ROOTS: tuple[Rewrite, ...] = (
    Procedure("root-of-product", ["sqrt"], _root_of_product, "√(c x² y⁴ …) → √c |x| y² …", exact=False, ulps=16, samples=_product_samples),
    Procedure("root-of-sum", ["sqrt"], _root_of_sum, "√(x² + y² + …) → hypot(hypot(x, y), …)", exact=False, ulps=8, valid="abs(x) < 1000", samples=_sum_samples),
)  # fmt: skip
