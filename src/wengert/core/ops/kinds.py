"""The kinds of ops: what each kind derives from the few facts that one writes.

elementwise     value, partials, notation          -> type rule, JVP, VJP, batching
structural      infer, value, adjoint, batch       -> JVP, VJP (linear, moves entries)
product         infer, value, adjoints, batch      -> JVP by the product rule, VJP (linear in each input)
general         everything, jvp and vjp each checking the other
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Unpack

import numpy as np

from wengert.core.ir.graph import Node, Number, apply, constant
from wengert.core.ir.notation import Notation
from wengert.core.ir.op import Batch, Infer, Jvp, Op, OpFacts, Params, Samples, Vjp, register
from wengert.core.ir.types import COMPLEXES, DTYPES, FLOATS, ORDERED, ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.errors import GraphError

Domain = Callable[[Any, tuple[int, ...]], Any]
Value = (
    Callable[[Vocabulary], Any]
    | Callable[[Vocabulary, Any], Any]
    | Callable[[Vocabulary, Any, Any], Any]
    | Callable[[Vocabulary, Any, Any, Any], Any]
    | Callable[[Vocabulary, Any, Any, Any, Any], Any]
    | Callable[[Vocabulary, Any, Any, Any, Any, Any], Any]
    | Callable[[Vocabulary, Any, Any, Any, Any, Any, Any], Any]
)
"""value(xp, *inputs, *params): written with as many arguments as the op has."""
Variadic = Callable[..., Any]
"""The same for an op of any number of inputs, whose parameters are keywords."""
Slopes = Sequence[Node | Number | None]
Partials = Callable[[Node, Node], Slopes] | Callable[[Node, Node, Node], Slopes]
Partial = Callable[[Node, Node, int], Slopes] | Callable[[Node, Node, Node, int], Slopes]
ErrorCases = tuple[tuple[tuple[ArrayType, ...], Params, str], ...]

TAKES = {
    "float": FLOATS,
    "analytic": (*COMPLEXES, *FLOATS),
    "number": ("int64", *FLOATS),
    "ring": (*COMPLEXES, "int64", *FLOATS),
    "bool": ("bool",),
    "ordered": ORDERED,
}
"""The dtypes that an op takes: analytic functions take complex numbers too, and so do sums and products, with whole numbers."""
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (4,), (3, 2), (0,), (2, 1, 3))


def real(rng: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The whole real line: normal numbers, spread over three decades."""
    return rng.normal(size=shape) * 10.0 ** rng.integers(-1, 2, size=shape)


def positive(rng: Any, shape: tuple[int, ...]) -> Any:
    """x > 0, over three decades."""
    return 10.0 ** rng.uniform(-1.5, 1.5, size=shape)


def away_from_zero(rng: Any, shape: tuple[int, ...]) -> Any:
    """0.1 < |x| < 10, both signs."""
    return 10.0 ** rng.uniform(-1, 1, size=shape) * rng.choice([-1.0, 1.0], size=shape)


def above_one(rng: Any, shape: tuple[int, ...]) -> Any:
    """x > 1."""
    return 1 + positive(rng, shape)


def above_minus_one(rng: Any, shape: tuple[int, ...]) -> Any:
    """x > −1, many near 0."""
    return rng.uniform(-0.9, 3, size=shape) * 10.0 ** rng.integers(-6, 1, size=shape)


def within(low: float, high: float) -> Domain:
    """low < x < high."""
    return lambda rng, shape: rng.uniform(low, high, size=shape)


open_interval = within(-0.95, 0.95)


def same_types(name: str, types: Sequence[ArrayType]) -> ArrayType:
    """The common type of the inputs of an elementwise op.

    Raises GraphError where two differ: primitives neither broadcast nor promote.
    """
    for type in types[1:]:
        if type is not types[0] and type != types[0]:
            raise GraphError(
                f"'{name}' takes inputs of one type.",
                f"  its inputs are {' and '.join(map(str, types))}",
                "Broadcast or cast the inputs first; primitives do neither.",
            )
    return types[0]


def add_all(nodes: Sequence[Node | None]) -> Node | None:
    """The sum of the nodes that are there; None, zero, where none is."""
    total: Node | None = None
    for node in nodes:
        if node is not None:
            total = node if total is None else total + node
    return total


def is_number(node: Node, number: Number) -> bool:
    """Whether the node is a constant filled with this number."""
    return constant_value(node) == number


def constant_value(node: Node) -> Number | None:
    """The number that fills a constant node; None for any other node."""
    value = node.params["value"] if node.op.leaf == "constant" else None
    return value if isinstance(value, (int, float, Fraction)) else None


def times(node: Node, partial: Node | Number | None) -> Node | None:
    """A tangent or cotangent times a partial derivative; no product with 1, and None, zero, where the partial is zero everywhere."""
    if partial is None:
        return None
    if isinstance(partial, Node):
        return partial if is_number(node, 1) else apply("multiply", node, partial)
    if partial == 0:
        return None
    if partial == 1:
        return node
    return -node if partial == -1 else node * partial


def zeros_like(node: Node) -> Node:
    """A constant 0 of the node's type."""
    return constant(0, node.type)


def as_batched(node: Node, batched: bool, size: Any) -> Node:
    """The node with a leading axis of `size`, broadcast along it where it has none."""
    if batched:
        return node
    number = constant_value(node)
    if number is not None:
        return constant(number, ArrayType((size, *node.shape), node.type.dtype))
    axes = tuple(range(1, node.type.rank + 1))
    return apply("broadcast", node, shape=(size, *node.shape), axes=axes)


def batch_size(inputs: Sequence[Node], batched: Sequence[bool]) -> Any:
    """The size of the leading axis of the first batched input."""
    return next(node.shape[0] for node, has in zip(inputs, batched, strict=True) if has)


def batch_elementwise(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    """Every input gets the leading axis; the op is the same."""
    size = batch_size(inputs, batched)
    full = [as_batched(x, has, size) for x, has in zip(inputs, batched, strict=True)]
    return apply(node.op, *full, **node.params)


def elementwise(
    name: str,
    summary: str,
    *,
    value: Value,
    partials: Partials | Partial | None,
    notation: Notation,
    arity: int = 1,
    domain: Domain | Sequence[Domain] = real,
    takes: str = "float",
    result: str | None = None,
    params: Sequence[dict[str, Any]] = ({},),
    textbook: Partials | Partial | None = None,
    **facts: Unpack[OpFacts],
) -> Op:
    """y_i = f(x_i, …) for every entry i.

    `partials(y, *x, **params)` gives ∂f/∂x_k at the same entry for each input: a node, a number, or None where it is zero
    everywhere. `takes` says which dtypes, by a name in `TAKES`; `result` is the dtype of the result where it is not that of
    the inputs; `params` are the parameters that the samples go through; `textbook` gives the partials as they are printed, where
    those that run have another form; `facts` are fields of `Op`.
    """

    facts.setdefault("growth", "unbounded")

    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        common = same_types(name, types)
        check_dtype(name, common, takes)
        return common.with_dtype(result) if result else common

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        pairs = zip(tangents, local_partials(node), strict=True)
        return add_all([None if t is None else times(t, p) for t, p in pairs])

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return tuple(times(cotangent, p) for p in local_partials(node))

    return register(
        Op(
            name,
            summary,
            "elementwise",
            arity,
            infer,
            value,
            jvp,
            vjp,
            batch_elementwise,
            notation,
            _samples(domain, arity, params),
            _dtype_errors(arity, takes, dict(params[0])),
            partials=partials,
            textbook=textbook or partials,
            **facts,
        )
    )


def _samples(domain: Domain | Sequence[Domain], arity: int, params: Sequence[dict[str, Any]]) -> Samples:
    """Inputs of several shapes from their domains, with each set of parameters."""
    domains: Sequence[Domain] = [domain] * arity if callable(domain) else domain

    def samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
        return [
            ([draw(rng, shape) for draw in domains], dict(chosen))
            for shape in SHAPES
            for _ in range(5)
            for chosen in params
        ]

    return samples


def check_dtype(name: str, type: ArrayType, takes: str) -> None:
    """Refuse a dtype that an op does not take.

    Raises GraphError.
    """
    allowed = TAKES[takes]
    if type.dtype not in allowed:
        raise GraphError(
            f"'{name}' takes {' or '.join(allowed)}, not {type.dtype}.",
            f"  an input is {type}",
            "Choose a real quantity first:  np.real(x), np.imag(x) or np.abs(x)"
            if type.is_complex
            else f"Cast the input first:  cast(x, dtype='{allowed[-1]}')",
        )


def _dtype_errors(arity: int, takes: str, params: Params) -> ErrorCases:
    dtype = TAKES[takes][-1]
    cases: ErrorCases = ()
    if arity > 1:
        cases += (((ArrayType((3,), dtype), *(ArrayType((2,), dtype),) * (arity - 1)), params, "inputs of one type"),)
    if refused := [d for d in DTYPES if d not in TAKES[takes]]:
        cases += (((ArrayType((), refused[0]),) * arity, params, f"not {refused[0]}"),)
    return cases


def carried(node: Node, signals: Sequence[Node | None]) -> list[Node | None]:
    """signal · ∂y/∂x_k for each input of an elementwise node; None, zero, where there is no signal or no slope."""
    through = node.op.through
    if through is not None:
        return list(through(signals, node, *node.inputs, **node.params))
    return [None if s is None else times(s, p) for s, p in zip(signals, local_partials(node), strict=True)]


def local_partials(node: Node) -> tuple[Node | Number | None, ...]:
    """∂y/∂x_k of an elementwise node; a function of one input keeps its derivative as a prime until `open_primes`."""
    partials = node.op.partials
    if partials is None:
        return (None,) * len(node.inputs)
    if has_prime(node.op):
        return (apply("prime", node.inputs[0], function=node.op.name, order=1),)
    return tuple(partials(node, *node.inputs, **node.params))


def has_prime(op: Op) -> bool:
    """Whether the derivative of the op is kept as a prime: a smooth function of one input, written with a name."""
    return op.partials is not None and op.arity == 1 and op.notation.fixity == "function" and op.smooth


def structural(
    name: str,
    summary: str,
    *,
    infer: Infer,
    value: Value,
    adjoint: Callable[[Node, Node], Node],
    batch: Batch,
    notation: Notation,
    samples: Samples,
    errors: ErrorCases = (),
    **facts: Unpack[OpFacts],
) -> Op:
    """A linear op of one input that moves entries; adjoint(node, cotangent) adds them back along the same map."""

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        (tangent,) = tangents
        return None if tangent is None else apply(node.op, tangent, **node.params)

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return (adjoint(node, cotangent),)

    rules = (infer, value, jvp, vjp, batch, notation, samples, errors)
    return register(Op(name, summary, "structural", 1, *rules, **facts))


def product(
    name: str,
    summary: str,
    *,
    infer: Infer,
    value: Value | Variadic,
    adjoint: Callable[[Node, Node, int], Node],
    batch: Batch,
    notation: Notation,
    samples: Samples,
    errors: ErrorCases = (),
    arity: int | None = None,
    **facts: Unpack[OpFacts],
) -> Op:
    """An op that is linear in each input; adjoint(node, cotangent, k) is the adjoint of the map x_k ↦ y."""

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        def with_tangent(k: int, tangent: Node) -> Node:
            return apply(node.op, *node.inputs[:k], tangent, *node.inputs[k + 1 :], **node.params)

        return add_all([None if t is None else with_tangent(k, t) for k, t in enumerate(tangents)])

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return tuple(adjoint(node, cotangent, k) for k in range(len(node.inputs)))

    rules = (infer, value, jvp, vjp, batch, notation, samples, errors)
    return register(Op(name, summary, "product", arity, *rules, **facts))


def general(
    name: str,
    summary: str,
    *,
    infer: Infer,
    value: Value | Variadic,
    jvp: Jvp,
    vjp: Vjp,
    batch: Batch,
    notation: Notation,
    samples: Samples,
    errors: ErrorCases = (),
    arity: int | None = 1,
    weights: Callable[[Node], Node] | None = None,
    **facts: Unpack[OpFacts],
) -> Op:
    """An op with every rule written out."""
    rules = (infer, value, jvp, vjp, batch, notation, samples, errors)
    return register(Op(name, summary, "general", arity, *rules, weights=weights, **facts))
