"""The kinds of ops: what each kind derives from the few facts that one writes.

elementwise     value, partials, notation          -> type rule, JVP, VJP, batching
structural      infer, value, adjoint, batch       -> JVP, VJP (linear, moves entries)
product         infer, value, adjoints, batch      -> JVP by the product rule, VJP (linear in each input)
general         everything, jvp and vjp each checking the other
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import GraphError
from wengert.ir.graph import Node, apply, constant
from wengert.ir.notation import Notation
from wengert.ir.op import Batch, Infer, Jvp, Op, Params, Samples, Value, Vjp, register
from wengert.ir.types import ArrayType

Domain = Callable[[Any, tuple[int, ...]], "np.ndarray[Any, Any]"]
ErrorCases = tuple[tuple[tuple[ArrayType, ...], Params, str], ...]


def real(rng: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The whole real line: normal numbers, spread over three decades."""
    return rng.normal(size=shape) * 10.0 ** rng.integers(-1, 2, size=shape)


def same_types(name: str, types: Sequence[ArrayType]) -> ArrayType:
    """The common type of the inputs of an elementwise op.

    Raises GraphError where two differ: primitives neither broadcast nor promote.
    """
    for type in types[1:]:
        if type != types[0]:
            raise GraphError(
                f"{name} takes inputs of one type, not {' and '.join(str(t) for t in types)}",
                repair="broadcast or cast the inputs first; primitives do neither",
            )
    return types[0]


def add_all(nodes: Sequence[Node | None]) -> Node | None:
    """The sum of the nodes that are there; None, zero, where none is."""
    total: Node | None = None
    for node in nodes:
        if node is not None:
            total = node if total is None else total + node
    return total


def zeros_like(node: Node) -> Node:
    """A constant 0 of the node's type."""
    return constant(0, node.type)


def as_batched(node: Node, batched: bool, size: Any) -> Node:
    """The node with a leading axis of `size`, broadcast along it where it has none."""
    if batched:
        return node
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
    partials: Callable[..., tuple[Any, ...]] | None,
    notation: Notation,
    arity: int = 1,
    domain: Domain | Sequence[Domain] = real,
    result: str | None = None,
    smooth: bool = True,
) -> Op:
    """y_i = f(x_i, …) for every entry i.

    `partials(y, *x)` gives ∂f/∂x_k at the same entry for each input, None where it is zero everywhere. `result` is the
    dtype of the result where it is not that of the inputs.
    """

    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        common = same_types(name, types)
        return common.with_dtype(result) if result else common

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        return add_all(
            [None if t is None or p is None else t * p for t, p in zip(tangents, local_partials(node), strict=True)]
        )

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return tuple(None if p is None else cotangent * p for p in local_partials(node))

    def samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
        domains: Sequence[Domain] = [domain] * arity if callable(domain) else domain
        shapes: list[tuple[int, ...]] = [(), (1,), (4,), (3, 2), (0,), (2, 1, 3)]
        return [([draw(rng, shape) for draw in domains], {}) for shape in shapes for _ in range(5)]

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
            samples,
            partials=partials,
            smooth=smooth,
        )
    )


def local_partials(node: Node) -> tuple[Node | None, ...]:
    """∂y/∂x_k of an elementwise node; a function of one input keeps its derivative as a prime until `open_primes`."""
    partials = node.op.partials
    if partials is None:
        return (None,) * len(node.inputs)
    if len(node.inputs) == 1 and node.op.notation.fixity == "function" and node.op.smooth:
        return (apply("prime", node.inputs[0], function=node.op.name, order=1),)
    return tuple(_as_node(p, node) for p in partials(node, *node.inputs))


def _as_node(partial: Any, like: Node) -> Node | None:
    if partial is None or isinstance(partial, Node):
        return partial
    return constant(partial, like.type)


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
) -> Op:
    """A linear op of one input that moves entries; adjoint(node, cotangent) adds them back along the same map."""

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        (tangent,) = tangents
        return None if tangent is None else apply(node.op, tangent, **node.params)

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return (adjoint(node, cotangent),)

    return register(Op(name, summary, "structural", 1, infer, value, jvp, vjp, batch, notation, samples, errors))


def product(
    name: str,
    summary: str,
    *,
    infer: Infer,
    value: Value,
    adjoint: Callable[[Node, Node, int], Node],
    batch: Batch,
    notation: Notation,
    samples: Samples,
    errors: ErrorCases = (),
    arity: int | None = None,
) -> Op:
    """An op that is linear in each input; adjoint(node, cotangent, k) is the adjoint of the map x_k ↦ y."""

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        def with_tangent(k: int, tangent: Node) -> Node:
            return apply(node.op, *node.inputs[:k], tangent, *node.inputs[k + 1 :], **node.params)

        return add_all([None if t is None else with_tangent(k, t) for k, t in enumerate(tangents)])

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return tuple(adjoint(node, cotangent, k) for k in range(len(node.inputs)))

    return register(Op(name, summary, "product", arity, infer, value, jvp, vjp, batch, notation, samples, errors))


def general(
    name: str,
    summary: str,
    *,
    infer: Infer,
    value: Value,
    jvp: Jvp,
    vjp: Vjp,
    batch: Batch,
    notation: Notation,
    samples: Samples,
    errors: ErrorCases = (),
    arity: int | None = 1,
    smooth: bool = True,
) -> Op:
    """An op with every rule written out."""
    return register(
        Op(name, summary, "general", arity, infer, value, jvp, vjp, batch, notation, samples, errors, smooth=smooth)
    )
