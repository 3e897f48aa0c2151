"""The run as a textbook tabulates it: every primitive operation v_i = op(v_j, v_k) and its adjoint.

Source: the layout of A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind 2018, Automatic differentiation in machine
learning: a survey, tables 2 and 3 (here the inputs are numbered with the rest, from v₁).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.core.autodiff.reverse import Adjoints, contributions
from wengert.core.ir.graph import Graph, Node, constant, input_node
from wengert.core.ir.names import bar
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.arithmetic import divide, multiply, negative
from wengert.core.ops.evaluate import Array, evaluate
from wengert.core.ops.structural import broadcast
from wengert.core.passes.open_primes import open_primes
from wengert.notes.notation.expr import Ref
from wengert.notes.notation.names import BAR, LETTER_WORDS, SUBSCRIPTS
from wengert.notes.notation.unicode import show
from wengert.notes.show.trace import Run, TraceRow, Use

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
"""How tightly a text binds."""
LETTERS = "ijklmnpqrstuvwxyz"


def primitive_rows(run: Run) -> tuple[tuple[TraceRow, ...], tuple[TraceRow, ...]]:
    """Forward rows v₁ … v_N and backward rows v̄_N … v̄₁ of all operations."""
    system, loss = run.system, run.backward.loss
    values = system.values()
    inputs = [values[name] for name in system.inputs]
    nodes = [n for n in topological([values[line.name] for line in system.lines]) if n not in inputs]
    numbered = [*inputs, *(n for n in nodes if n.op.leaf != "constant")]
    table = _Table(run, {node: k for k, node in enumerate(numbered, 1)}, values)
    type = values[loss].type
    seed = constant(1, type) if run.backward.seeded else input_node(bar(loss), type)
    adjoints = contributions([values[loss]], [values[name] for name in run.backward.wrt], [seed])
    found = table.evaluate(numbered, adjoints, seed)
    forward = tuple(table.forward(node, found[node]) for node in numbered)
    ordered = sorted(adjoints.bars, key=table.number.__getitem__, reverse=True)
    return forward, tuple(table.backward(node, adjoints, found) for node in ordered)


class _Table:
    def __init__(self, run: Run, number: Mapping[Node, int], values: Mapping[str, Node]) -> None:
        self.run, self.number = run, number
        self.labels: dict[Node, list[str]] = {}
        for name, node in values.items():
            self.labels.setdefault(node, []).append(name)

    def label(self, node: Node, barred: bool = False) -> str:
        """The user's names of a value."""
        names = [show(Ref(name, None, barred), ascii=self.run.ascii) for name in self.labels.get(node, ())]
        return ", ".join(names)

    def evaluate(self, nodes: list[Node], adjoints: Adjoints, seed: Node) -> dict[Node, Array]:
        """The values of all nodes, bars and contributions, in one run."""
        system, run = self.run.system, self.run
        parts = [value for uses in adjoints.contributions.values() for _, value in uses]
        wanted = list(dict.fromkeys([*nodes, *adjoints.bars.values(), *parts]))
        given = dict(run.values)
        inputs = [system.leaves[name] for name in system.inputs]
        if run.signal is not None:
            (shape,) = (v.shape for v in evaluate(system.graph((run.backward.loss,)), run.values, run.sizes))
            given[bar(run.backward.loss)] = run.seed(shape)
            inputs.append(seed)
        graph = open_primes(Graph(tuple(inputs), tuple(wanted)))
        return dict(zip(wanted, evaluate(graph, given, run.sizes), strict=True))

    def v(self, node: Node, barred: bool = False) -> str:
        """v₇, or v̄₇."""
        digits = str(self.number[node])
        if self.run.ascii:
            return ("vbar" if barred else "v") + digits
        return "v" + BAR * barred + "".join(SUBSCRIPTS[d] for d in digits)

    def forward(self, node: Node, value: Array) -> TraceRow:
        formula = "" if node.op.leaf == "input" else FormulaText(self.names(node), self.run.ascii).op(node)[0]
        return TraceRow(self.number[node], self.v(node), formula, value, (), self.label(node))

    def names(self, node: Node) -> dict[Node, str]:
        return {parent: self.v(parent) for parent in (node, *node.inputs) if parent in self.number}

    def backward(self, node: Node, adjoints: Adjoints, found: Mapping[Node, Array]) -> TraceRow:
        """v̄ = Σ ū ∂u/∂v with the rule of each child's op written over the child's bar."""
        uses: list[Use] = []
        formula = ""
        seen: dict[Node, int] = {}
        for child, value in adjoints.contributions[node]:
            if child is None:
                formula = "1" if self.run.signal is None else ""
                continue
            text = self.contribution(node, child, seen.get(child, 0))
            seen[child] = seen.get(child, 0) + 1
            uses.append(Use(self.v(child), text, found[value]))
        formula = " + ".join([*([formula] if formula else []), *(use.formula for use in uses)]).replace("+ −", "− ")
        formula = formula.replace("+ -", "- ") if self.run.ascii else formula
        return TraceRow(
            self.number[node],
            self.v(node, barred=True),
            formula,
            found[adjoints.bars[node]],
            tuple(uses),
            self.label(node, barred=True),
        )

    def contribution(self, node: Node, child: Node, use: int) -> str:
        """The adjoint of the child's op, for the use-th time that it reads the node."""
        signal = input_node(bar("u"), child.type)
        values = [
            value
            for parent, value in zip(child.inputs, child.op.vjp(child, signal), strict=True)
            if parent is node and value is not None
        ]
        names = self.names(child) | {signal: self.v(child, barred=True)}
        text, level = FormulaText(names, self.run.ascii).of(values[use])
        return text if level > SUM or text.startswith(("−", "-")) else f"({text})"


class FormulaText:
    """Small expressions over named nodes as one line of text, with the brackets that they need."""

    def __init__(self, names: Mapping[Node, str], ascii: bool = False) -> None:
        self.names, self.ascii = names, ascii

    def of(self, node: Node) -> tuple[str, int]:
        """The text of a node and how tightly it binds."""
        return (self.names[node], ATOM) if node in self.names else self.op(node)

    def at(self, node: Node, least: int) -> str:
        """The text of an operand, in brackets where it binds less tightly than `least`."""
        text, level = self.of(node)
        return text if level >= least else f"({text})"

    def op(self, node: Node) -> tuple[str, int]:
        """The text of an operation on its operands."""
        minus = "-" if self.ascii else "−"
        match node.op.name:
            case "constant":
                return _constant(node, self.ascii)
            case "add":
                return self.sum(node.inputs[0], node.inputs[1], "+")
            case "subtract":
                return self.sum(node.inputs[0], node.inputs[1], minus)
            case "negative":
                return minus + self.at(node.inputs[0], PRODUCT), SUM
            case "multiply":
                return self.product(node)
            case "divide":
                return self.ratio(*node.inputs)
            case "transpose" if node.type.rank == 2:
                return self.at(node.inputs[0], ATOM) + ("^T" if self.ascii else "ᵀ"), POWER
            case "integer_power":
                return self.power(self.at(node.inputs[0], ATOM), node.params["exponent"]), POWER
            case "power":
                return f"{self.at(node.inputs[0], ATOM)}^{self.at(node.inputs[1], ATOM)}", POWER
            case _:
                return self.call(node), ATOM

    def sum(self, a: Node, b: Node, sign: str) -> tuple[str, int]:
        return f"{self.at(a, SUM)} {sign} {self.at(b, PRODUCT)}", SUM

    def product(self, node: Node) -> tuple[str, int]:
        """Factors side by side, numbers first; a (1 / b) is a / b."""
        first, second = node.inputs
        if second not in self.names and second.op is divide and _is_one(second.inputs[0]):
            return self.ratio(first, second.inputs[1])
        factors: list[Node] = []
        stack = [second, first]
        while stack:
            item = stack.pop()
            if item not in self.names and item.op is multiply:
                stack.extend(reversed(item.inputs))
            else:
                factors.append(item)
        numbers = [self.at(x, POWER) for x in factors if self.is_number(x)]
        others = [self.at(x, POWER) for x in factors if not self.is_number(x)]
        sign = " " if not node.type.rank else " .* " if self.ascii else " ∘ "
        return " ".join([*numbers, *([sign.join(others)] if others else [])]), PRODUCT

    def is_number(self, node: Node) -> bool:
        return node not in self.names and node.op.leaf == "constant"

    def ratio(self, above: Node, below: Node) -> tuple[str, int]:
        """a / b, with a minus in front of the fraction."""
        if above not in self.names and above.op is negative:
            text, _ = self.ratio(above.inputs[0], below)
            return ("-" if self.ascii else "−") + text, SUM
        return f"{self.at(above, PRODUCT)} / {self.at(below, POWER)}", PRODUCT

    def power(self, base: str, exponent: int) -> str:
        if exponent == 1:
            return base
        if self.ascii:
            return f"{base}^{exponent}" if exponent >= 0 else f"{base}^({exponent})"
        return base + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))

    def call(self, node: Node) -> str:
        """f(x), f'(x), x < y, or the op's name with its parameters."""
        parts = [self.of(x)[0] for x in node.inputs]
        notation, name = node.op.notation, node.op.name
        if name == "prime":
            return f"{self.sign(node.params['function'])}{chr(39) * node.params['order']}({parts[0]})"
        if notation.fixity == "infix" and len(parts) == 2:
            a, b = (self.at(x, SUM + 1) for x in node.inputs)
            return f"({a} {name if self.ascii else notation.unicode} {b})"
        if name == "einsum":
            labels = ",".join("".join(LETTERS[k] for k in x) for x in node.params["inputs"])
            out = "".join(LETTERS[k] for k in node.params["output"])
            return f"einsum({labels}{'->' if self.ascii else '→'}{out}; {', '.join(parts)})"
        shown = [self.parameter(key, value, node) for key, value in node.params.items()]
        return f"{self.sign(name)}({', '.join([*parts, *(s for s in shown if s)])})"

    def sign(self, name: str) -> str:
        """The sign of a function; other ops have their names."""
        notation = OPS[name].notation
        if notation.fixity != "function":
            return name
        sign = LETTER_WORDS.get(notation.unicode, notation.unicode) if self.ascii else notation.unicode
        return sign if sign.isascii() or not self.ascii else name

    def parameter(self, key: str, value: Any, node: Node) -> str:
        times = "x" if self.ascii else "×"
        if key == "dtype":
            return ""
        if key == "size":
            return str(value)
        if key == "shape":
            return times.join(str(n) for n in value)
        if key == "axes" and node.op.kind != "leaf" and node.inputs:
            everything = value == tuple(range(node.inputs[0].type.rank))
            inserted = node.op is broadcast
            word = "axis" if len(value) == 1 else "axes"
            return "" if everything or inserted else f"{word} {' '.join(map(str, value))}"
        if isinstance(value, ArrayType):
            return times.join(map(str, value.shape))
        return f"{key}={value.name if isinstance(value, Dim) else value}"


def _is_one(node: Node) -> bool:
    return node.op.leaf == "constant" and not isinstance(node.params["value"], np.ndarray) and node.params["value"] == 1


def _constant(node: Node, ascii: bool) -> tuple[str, int]:
    value = node.params["value"]
    if isinstance(value, np.ndarray):
        return "constant", ATOM
    minus = "-" if ascii else "−"
    text = str(value) if isinstance(value, bool | int | Fraction) else f"{float(value):.6g}"
    if "/" in text:
        glyph = {"1/2": "½", "1/3": "⅓", "1/4": "¼", "3/4": "¾", "2/3": "⅔"}.get(text)
        return (glyph, ATOM) if glyph and not ascii else (text.replace("-", minus), PRODUCT)
    return text.replace("-", minus), SUM if text.startswith("-") else ATOM
