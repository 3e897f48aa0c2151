"""Derivatives kept as signs: f'(x) of a function in the table, and derivatives of a function letter without definition.

A prime is what the rules of unary functions emit, so that a derivation can print σ'(z); `opened` gives its formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from wengert.core.ir.graph import Node, apply, constant, input_node
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import OPS, Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ir.walk import rebuild, topological
from wengert.core.ops.kinds import (
    add_all,
    batch_elementwise,
    check_dtype,
    constant_value,
    general,
    has_prime,
    same_types,
    times,
)
from wengert.core.ops.meeting import Slope, is_gate
from wengert.errors import GraphError


@lru_cache(maxsize=2048)
def opened(function: str, order: int, type: ArrayType, textbook: bool = False) -> tuple[Node, Node]:
    """(x, e): an input x of this type and the formula e of f⁽ᵒʳᵈᵉʳ⁾(x), without primes.

    The first derivative is the record's partial, or its textbook form; the k-th is the derivative of the formula of the (k−1)-th.
    """
    if order == 0:
        x = input_node("x", type)
        return x, apply(function, x)
    x, before = opened(function, order - 1, type, textbook)
    if order == 1:
        op = OPS[function]
        partials = op.textbook if textbook else op.partials
        assert partials is not None
        (slope,) = partials(before, x)
    else:
        slope = _pushed_forward(x, before)
    if slope is None or not isinstance(slope, Node):
        return x, constant(slope or 0, type)
    return x, _without_primes(slope, textbook)


def _pushed_forward(x: Node, y: Node) -> Node | None:
    """∂y/∂x of an elementwise formula, by forward mode with the tangent 1."""
    tangents: dict[Node, Node | None] = {x: constant(1, x.type)}
    for node in topological([y]):
        if node is not x:
            given = [tangents[parent] for parent in node.inputs]
            tangents[node] = node.op.jvp(node, given) if any(t is not None for t in given) else None
    return tangents[y]


def _with_inputs(node: Node, inputs: tuple[Node, ...]) -> Node:
    return node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type)


def _without_primes(formula: Node, textbook: bool) -> Node:
    def open_one(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op.name == "prime":
            return instance(node.params["function"], node.params["order"], inputs[0], textbook=textbook)
        return _with_inputs(node, inputs)

    return shared(rebuild([formula], open_one)[0])


def shared(formula: Node) -> Node:
    """The formula with equal subexpressions made one node."""
    seen: dict[Any, Node] = {}

    def one(node: Node, inputs: tuple[Node, ...]) -> Node:
        key = (node.op.name, inputs, tuple(sorted((k, repr(v)) for k, v in node.params.items())))
        return seen.setdefault(key, _with_inputs(node, inputs))

    return rebuild([formula], one)[0]


def without_primes(outputs: Iterable[Node], kept: Mapping[Node, Node] | None = None) -> list[Node]:
    """The outputs with every prime replaced by its formula, functions f(x) taken from the graph; `kept` nodes stay as they are given."""
    targets = list(outputs)
    return rebuild(targets, _Opener(targets), kept)


class _Opener:
    """Replaces primes; it remembers the functions f(x) that the new graph has, by op name and input."""

    def __init__(self, outputs: Iterable[Node]) -> None:
        self.known: dict[tuple[str, Node], Node] = {}
        self.functions: dict[Node, list[Node]] = {}
        self.arguments: dict[Node, Node] = {}
        """For a prime that was replaced the new node of what it is taken at."""
        self.slopes: dict[Node, Slope] = {}
        """Products with a slope that is a negative power, which may meet positive powers."""
        for node in topological(outputs):
            if len(node.inputs) == 1 and not node.params:
                self.functions.setdefault(node.inputs[0], []).append(node)

    def __call__(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op.name == "multiply":
            return self._product(node, inputs)
        if is_gate(node) and inputs[1] in self.slopes:
            gate = _on(node, inputs)
            self.slopes[gate] = self.slopes[inputs[1]].gated(inputs[0])
            return gate
        if node.op.name == "prime":
            self.arguments[node] = inputs[0]
            for function in self.functions.get(node.inputs[0], ()):
                self._enter(function, inputs)
            return instance(node.params["function"], node.params["order"], inputs[0], self.known)
        if len(inputs) == 1 and not node.params:
            return self._enter(node, inputs)
        return _on(node, inputs)

    def _product(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        """A product; a signal is divided by what a slope has below the line, and powers of one base meet."""
        for k in (0, 1):
            is_prime = node.inputs[k].op.name == "prime"
            before = self._as_slope(node.inputs[k]) if is_prime else self.slopes.get(inputs[k])
            if before is None:
                continue
            after, met = before.times(inputs[1 - k])
            found = after.built() if met else self._divided(node, inputs)
            if after.exponent < 0:
                self.slopes[found] = after
            return found
        return self._divided(node, inputs)

    @staticmethod
    def _divided(node: Node, inputs: tuple[Node, ...]) -> Node:
        for k in (0, 1):
            if node.inputs[k].op.name == "prime" and (
                inputs[k].op.name == "divide" or node.inputs[k].params["order"] > 1
            ):
                return _carried_into(inputs[1 - k], inputs[k])
        return _on(node, inputs)

    def _as_slope(self, prime: Node) -> Slope | None:
        """A first derivative that is a power of its input."""
        power = OPS[prime.params["function"]].slope_power
        if power is None or prime.params["order"] != 1 or prime.type.is_complex:
            return None
        return Slope(self.arguments[prime], *power, ())

    def _enter(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        return self.known.setdefault((node.op.name, inputs[0]), _on(node, inputs))


def _over(signal: Node, numerator: Node, denominator: Node) -> Node:
    """signal · n/d as (signal · n)/d, so that d may be small beside a small signal."""
    product = times(signal, constant_value(numerator) or numerator)
    assert product is not None
    return product / denominator


def _carried_into(signal: Node, formula: Node) -> Node:
    """signal · formula from the inside, where that has quotients: −1/(4u√u) may be 0 where ((signal/u)/√u) is not."""
    name = formula.op.name
    if name == "divide":
        numerator, denominator = formula.inputs
        if _has_quotient(numerator):
            return _carried_into(signal, numerator) / denominator
        return _over(signal, numerator, denominator)
    if name == "negative" and _has_quotient(formula):
        return -_carried_into(signal, formula.inputs[0])
    if name == "multiply" and _has_quotient(formula):
        first, second = sorted(formula.inputs, key=lambda x: not _has_quotient(x))
        return _carried_into(signal, first) * second
    return signal * formula


def _has_quotient(formula: Node) -> bool:
    """Whether a product has a quotient among its factors."""
    stack = [formula]
    while stack:
        node = stack.pop()
        if node.op.name == "divide":
            return True
        if node.op.name in ("multiply", "negative"):
            stack.extend(node.inputs)
    return False


def quotient_of(node: Node) -> tuple[float, list[Node]] | None:
    """A number and the factors of a higher derivative with divisors, −1/x² of log x: −1, 1/x and 1/x. None of any other node."""
    if node.op.name != "prime" or node.params["order"] == 1:
        return None
    formula = instance(node.params["function"], node.params["order"], node.inputs[0])
    return _factors(formula) if _has_quotient(formula) else None


def _factors(formula: Node) -> tuple[float, list[Node]]:
    number, found = 1.0, list[Node]()
    stack = [(formula, False)]
    while stack:
        node, below = stack.pop()
        known = constant_value(node)
        if known:
            number *= 1 / known if below else known
        elif node.op.name == "negative":
            number = -number
            stack.append((node.inputs[0], below))
        elif node.op.name in ("multiply", "divide"):
            first, second = node.inputs
            stack += [(second, below != (node.op.name == "divide")), (first, below)]
        else:
            found.append(apply("reciprocal", node) if below else node)
    return float(number), found


def _on(node: Node, inputs: tuple[Node, ...]) -> Node:
    return node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)


def instance(
    function: str, order: int, x: Node, known: dict[tuple[str, Node], Node] | None = None, *, textbook: bool = False
) -> Node:
    """The formula of f⁽ᵒʳᵈᵉʳ⁾ at a node x. Functions of x itself are taken from `known`, and new ones are entered there."""
    template, formula = opened(function, order, x.type, textbook)
    table = known if known is not None else {}

    def place(node: Node, inputs: tuple[Node, ...]) -> Node:
        if len(inputs) == 1 and inputs[0] is x and not node.params:
            key = (node.op.name, x)
            if key not in table:
                table[key] = Node(node.op, inputs, node.params, node.type)
            return table[key]
        return _with_inputs(node, inputs)

    return rebuild([formula], place, {template: x})[0]


def _infer_prime(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    function, order = params["function"], params["order"]
    op = OPS.get(function)
    if op is None or not has_prime(op):
        raise GraphError(
            f"'{function}' is not a smooth function of one input.",
            f"  prime(x, function='{function}', order={order})",
            "Differentiate it by its own rule.",
        )
    if order < 1:
        raise GraphError(
            f"A derivative has order 1 or more, not {order}.",
            f"  prime(x, function='{function}', order={order})",
            f"Write the function itself:  apply('{function}', x)",
        )
    return OPS[function].infer(types, {})


def _value_prime(xp: Vocabulary, x: Any, function: str, order: int) -> Any:
    dtype = str(x.dtype).replace("complex128", "float64").replace("complex64", "float32")
    template, formula = opened(function, order, ArrayType((), dtype))
    values: dict[Node, Any] = {template: x}
    for node in topological([formula]):
        if node is not template:
            values[node] = node.op.value(xp, *(values[parent] for parent in node.inputs), **node.params)
    return xp.broadcast_to(values[formula], x.shape)


def _next_prime(node: Node, signal: Node) -> Node | None:
    function, order = node.params["function"], node.params["order"]
    return times(signal, apply("prime", node.inputs[0], function=function, order=order + 1))


def _samples_prime(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    smooth = [op for op in OPS.values() if has_prime(op)]
    return [(op.samples(rng)[10][0], {"function": op.name, "order": order}) for op in smooth for order in (1, 2)]


prime = general(
    "prime",
    "f⁽ᵏ⁾(x): the k-th derivative of a function of the table, at each entry.",
    infer=_infer_prime,
    value=_value_prime,
    jvp=lambda node, tangents: None if tangents[0] is None else _next_prime(node, tangents[0]),
    vjp=lambda node, cotangent: (_next_prime(node, cotangent),),
    batch=batch_elementwise,
    notation=unwritten("prime"),
    samples=_samples_prime,
    errors=(
        ((ArrayType(),), {"function": "add", "order": 1}, "not a smooth function of one input"),
        ((ArrayType(),), {"function": "tanh", "order": 0}, "order 1 or more"),
    ),
    growth="unbounded",
)


def _infer_opaque(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    function, order = params["function"], params["order"]
    if not types or len(order) != len(types):
        raise GraphError(
            f"The function '{function}' of {len(types)} inputs needs {len(types)} orders of derivative, not {len(order)}.",
            f"  order={order}",
            "Give one order an input, 0 for the function itself.",
        )
    common = same_types(function, types)
    check_dtype(function, common, "float")
    return common


def _value_opaque(xp: Vocabulary, *inputs: Any, function: str, order: tuple[int, ...]) -> Any:
    raise GraphError(
        f"The function '{function}' has no definition, so only its symbolic derivative is known.",
        f"  {function} is declared as a letter",
        f"Define it to get numbers, for example:  {function}(x) = tanh(x)",
    )


def _raised(node: Node, k: int) -> Node:
    order = node.params["order"]
    higher = (*order[:k], order[k] + 1, *order[k + 1 :])
    return apply("opaque", *node.inputs, function=node.params["function"], order=higher)


def _jvp_opaque(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    return add_all([None if t is None else times(t, _raised(node, k)) for k, t in enumerate(tangents)])


opaque = general(
    "opaque",
    "f(x, …), or a partial derivative of it, for a function letter f without definition.",
    infer=_infer_opaque,
    value=_value_opaque,
    jvp=_jvp_opaque,
    vjp=lambda node, cotangent: tuple(times(cotangent, _raised(node, k)) for k in range(len(node.inputs))),
    batch=batch_elementwise,
    notation=unwritten("opaque"),
    samples=lambda rng: [],
    errors=(
        ((ArrayType(),), {"function": "φ", "order": (0, 0)}, "1 orders of derivative, not 2"),
        ((ArrayType((2,)), ArrayType((3,))), {"function": "φ", "order": (0, 0)}, "inputs of one type"),
    ),
    arity=None,
    growth="unbounded",
)
