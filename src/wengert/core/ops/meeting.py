"""Powers of one base in a derivative meet as one power: √x · 1/(2√x) is ½, also at 0.

If f is continuous at x and f' has a limit there, that limit is f'(x); so what may not be cancelled in values may be in slopes. A slope
c xᵉ meets the powers of x among the factors of its signal, and those that it is multiplied by later, through selections of what is
nothing. It knows no prime.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ops.kinds import constant_value
from wengert.core.ops.squares import is_at_least


@dataclass(frozen=True)
class Slope:
    """A product with a power of a base: number · Π rest · baseᵉ where every gate holds, else 0."""

    base: Node
    number: float
    exponent: float
    rest: tuple[Node, ...]
    gates: tuple[Node, ...] = ()

    def times(self, factor: Node) -> tuple[Slope, bool]:
        """The product with a further factor, and whether that had powers of the base."""
        others, power, gates = _taken_apart(factor, self.base)
        if power is None:
            return replace(self, rest=(*self.rest, factor)), False
        return Slope(self.base, self.number, self.exponent + power, (*self.rest, *others), (*self.gates, *gates)), True

    def gated(self, truths: Node) -> Slope:
        """The product, 0 where the truths do not hold."""
        return replace(self, gates=(*self.gates, truths))

    def built(self) -> Node:
        """The product as nodes."""
        factors = list(self.rest)
        if self.number != 1:
            factors.append(constant(self.number, self.base.type))
        if self.exponent:
            factors.append(_power(self.base, self.exponent))
        found = factors[0] if factors else constant(1, self.base.type)
        for each in factors[1:]:
            found = found * each
        for truths in self.gates:
            found = apply("where", truths, found, constant(0, found.type))
        return found


def _power(x: Node, exponent: float) -> Node:
    if exponent == 1:
        return x
    if exponent == 0.5:
        return apply("sqrt", x)
    if exponent == int(exponent):
        return apply("integer_power", x, exponent=int(exponent))
    return apply("power", x, constant(exponent, x.type))


def _taken_apart(signal: Node, base: Node) -> tuple[list[Node], float | None, list[Node]]:
    """The factors of a signal that are no power of the base, the sum of the exponents of the others, and its gates."""
    rest: list[Node] = []
    gates: list[Node] = []
    power: float | None = None
    stack = [signal]
    while stack:
        node = stack.pop()
        exponent = _exponent(node, base)
        if exponent is not None:
            power = (power or 0.0) + exponent
        elif node.op.name == "multiply":
            stack.extend(reversed(node.inputs))
        elif is_gate(node):
            gates.append(node.inputs[0])
            stack.append(node.inputs[1])
        else:
            rest.append(node)
    return rest, power, gates


def is_gate(node: Node) -> bool:
    """Whether a node selects a product or 0."""
    return node.op.name == "where" and (constant_value(node.inputs[2]) == 0 or is_at_least(node.inputs[2]))


def _exponent(node: Node, base: Node) -> float | None:
    """p > 0 of a node that is xᵖ by its form: x, √x, xⁿ or exp(log x)."""
    if node is base:
        return 1.0
    if not node.inputs:
        return None
    name, x = node.op.name, node.inputs[0]
    if x is base:
        if name == "integer_power":
            return float(node.params["exponent"]) if node.params["exponent"] > 0 else None
        power = node.op.slope_power
        return None if power is None or power[1] == -1 else power[1] + 1
    return 1.0 if name == "exp" and x.op.name == "log" and x.inputs[0] is base else None
