"""einsum: the product of arrays over shared labels, Σ; its adjoints are einsums again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import big
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import check_dtype, product
from wengert.errors import GraphError

Labels = tuple[int, ...]


def _labelled(types: tuple[ArrayType, ...], inputs: Any) -> str:
    return f"  inputs {' and '.join(map(str, types))} with labels {inputs}"


def _infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    inputs, output = params["inputs"], params["output"]
    if not types or len(inputs) != len(types) or any(len(i) != t.rank for i, t in zip(inputs, types, strict=True)):
        raise GraphError(
            "'einsum' needs a label for each axis of its inputs.",
            _labelled(types, inputs),
            "Give one tuple of labels an input, one label an axis.",
        )
    sizes: dict[int, Any] = {}
    for labels, type in zip(inputs, types, strict=True):
        check_dtype("einsum", type, "ring")
        for label, size in zip(labels, type.shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise GraphError(
                    f"The einsum label {label} has the sizes {sizes[label]} and {size}.",
                    _labelled(types, inputs),
                    "Give axes that share a label one size.",
                )
    if len({type.dtype for type in types}) > 1:
        raise GraphError("'einsum' takes inputs of one dtype.", _labelled(types, inputs), "Cast the inputs first.")
    if len(set(output)) != len(output) or any(label not in sizes for label in output):
        raise GraphError(
            f"The output labels {output} of einsum are not distinct labels of the inputs.",
            _labelled(types, inputs),
            "Name each output label once; use 'broadcast' for a new axis.",
        )
    return types[0].with_shape(sizes[label] for label in output)


# value


@lru_cache(maxsize=4096)
def contraction_order(inputs: tuple[Labels, ...], output: Labels, shapes: tuple[tuple[int, ...], ...]) -> list[Any]:
    """The order in which to contract three or more operands, pair by pair (opt_einsum)."""
    from opt_einsum import paths  # pyright: ignore[reportMissingTypeStubs]

    sizes: Any = {l: n for ls, shape in zip(inputs, shapes, strict=True) for l, n in zip(ls, shape, strict=True)}
    operands: list[Any] = [frozenset(ls) for ls in inputs]
    result: Any = frozenset(output)
    return list(paths.auto(operands, result, sizes))


def _value(xp: Vocabulary, *xs: Any, inputs: tuple[Labels, ...], output: Labels) -> Any:
    labels = list(inputs)
    arrays = list(xs)
    if len(arrays) > 2:
        for places in contraction_order(inputs, output, tuple(x.shape for x in xs)):
            picked = [(arrays.pop(k), labels.pop(k)) for k in sorted(places, reverse=True)][::-1]
            if len(picked) == 1:
                arrays.append(picked[0][0])
                labels.append(picked[0][1])
                continue
            later = set(output).union(*labels)
            kept = tuple(dict.fromkeys(l for _, ls in picked for l in ls if l in later)) if labels else output
            arrays.append(_pair(xp, *picked[0], *picked[1], kept))
            labels.append(kept)
    if len(arrays) == 2:
        return _pair(xp, arrays[0], labels[0], arrays[1], labels[1], output)
    return _single(xp, arrays[0], labels[0], output)


def _single(xp: Vocabulary, x: Any, labels: Labels, output: Labels) -> Any:
    """Diagonals, then sums, then the order of axes."""
    x, labels = _diagonal(xp, x, labels)
    summed = tuple(k for k, l in enumerate(labels) if l not in output)
    if summed:
        x = xp.sum(x, axis=summed)
        labels = tuple(l for l in labels if l in output)
    return x if labels == output else xp.transpose(x, [labels.index(l) for l in output])


def _diagonal(xp: Vocabulary, x: Any, labels: Labels) -> tuple[Any, Labels]:
    distinct = tuple(dict.fromkeys(labels))
    if distinct == labels:
        return x, labels
    names = {l: k for k, l in enumerate(distinct)}
    return xp.einsum(x, [names[l] for l in labels], list(range(len(distinct)))), distinct


def _pair(xp: Vocabulary, a: Any, a_labels: Labels, b: Any, b_labels: Labels, output: Labels) -> Any:
    """Two operands: what only one has is summed first, what both have and is summed becomes a matrix product."""
    a, a_labels = _reduced(xp, a, a_labels, {*b_labels, *output})
    b, b_labels = _reduced(xp, b, b_labels, {*a_labels, *output})
    summed = [l for l in a_labels if l in b_labels and l not in output]
    if not summed:
        return xp.multiply(_aligned(xp, a, a_labels, output), _aligned(xp, b, b_labels, output))
    shared = [l for l in output if l in a_labels and l in b_labels]
    left = [l for l in output if l in a_labels and l not in b_labels]
    right = [l for l in output if l in b_labels and l not in a_labels]
    sizes = dict(zip(a_labels + b_labels, a.shape + b.shape, strict=True))

    def extent(labels: list[int]) -> int:
        total = 1
        for l in labels:
            total *= sizes[l]
        return total

    batch = [sizes[l] for l in shared]
    a = xp.reshape(_ordered(xp, a, a_labels, shared + left + summed), [*batch, extent(left), extent(summed)])
    b = xp.reshape(_ordered(xp, b, b_labels, shared + summed + right), [*batch, extent(summed), extent(right)])
    y = xp.reshape(xp.matmul(a, b), [sizes[l] for l in shared + left + right])
    return _ordered(xp, y, tuple(shared + left + right), output)


def _reduced(xp: Vocabulary, x: Any, labels: Labels, wanted: set[int]) -> tuple[Any, Labels]:
    kept = tuple(l for l in dict.fromkeys(labels) if l in wanted)
    return (x, labels) if kept == labels else (_single(xp, x, labels, kept), kept)


def _ordered(xp: Vocabulary, x: Any, labels: Labels, order: Sequence[int]) -> Any:
    axes = [labels.index(l) for l in order]
    return x if axes == list(range(len(axes))) else xp.transpose(x, axes)


def _aligned(xp: Vocabulary, x: Any, labels: Labels, output: Labels) -> Any:
    """The axes in the order of the output, an axis of 1 where x has none."""
    x = _ordered(xp, x, labels, [l for l in output if l in labels])
    if len(labels) == len(output):
        return x
    return x[tuple(slice(None) if l in labels else None for l in output)]


# derivative and batching


def _adjoint(node: Node, cotangent: Node, k: int) -> Node:
    """The adjoint by input k: the cotangent first, then the other factors; an identity for a repeated label, a broadcast for a lone one."""
    inputs, output = node.params["inputs"], node.params["output"]
    target: Labels = inputs[k]
    shape = node.inputs[k].shape
    factors = [cotangent, *(x for j, x in enumerate(node.inputs) if j != k)]
    labels: list[Labels] = [output, *(l for j, l in enumerate(inputs) if j != k)]
    wanted: list[int] = []
    for label, size in zip(target, shape, strict=True):
        if label in wanted:
            fresh = max((label for ls in inputs for label in ls), default=0) + 1 + len(wanted)
            factors.append(identity(size, cotangent.type.dtype))
            labels.append((label, fresh))
            label = fresh
        wanted.append(label)
    known = {label for ls in labels for label in ls}
    present = tuple(label for label in wanted if label in known)
    if len(factors) == 1 and labels[0] == present:
        y = cotangent
    else:
        y = apply("einsum", *factors, inputs=tuple(labels), output=present)
    if len(present) == len(wanted):
        return y
    return apply("broadcast", y, shape=shape, axes=tuple(a for a, label in enumerate(wanted) if label in known))


def identity(size: Size, dtype: str = "float64") -> Node:
    """δ_ij, the identity matrix: whether two positions are equal."""
    place = apply("position", size=size, dtype="int64")
    rows = apply("broadcast", place, shape=(size, size), axes=(0,))
    columns = apply("broadcast", place, shape=(size, size), axes=(1,))
    return apply("cast", apply("equal", rows, columns), dtype=dtype)


def _batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    fresh = max((l for ls in node.params["inputs"] for l in ls), default=-1) + 1
    labels = tuple((fresh, *ls) if has else ls for ls, has in zip(node.params["inputs"], batched, strict=True))
    return apply("einsum", *inputs, inputs=labels, output=(fresh, *node.params["output"]))


def _samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    cases: list[tuple[tuple[Labels, ...], Labels]] = [
        (((0, 1), (1,)), (0,)),
        (((0, 1), (1, 2)), (0, 2)),
        (((0, 1), (1, 2)), (2, 0)),
        (((0,), (1,)), (0, 1)),
        (((0,), (0,)), ()),
        (((0, 1), (0, 1)), (0, 1)),
        (((3, 0, 1), (3, 1, 2)), (3, 0, 2)),
        (((0, 1), (1, 2), (2,)), (0,)),
        (((0, 1), (1,), (0,)), ()),
        (((0, 0),), ()),
        (((0, 0),), (0,)),
        (((0, 0, 1),), (1,)),
        (((0, 1),), (1, 0)),
        (((0, 1),), (0,)),
        (((0, 0), (0, 1)), (1,)),
        (((0, 1), (2,)), (2,)),
        (((), (0,)), (0,)),
        (((0, 0, 0), (0,)), ()),
    ]
    extents = [(3, 2, 4, 2), (2, 0, 3, 1)]
    return [
        ([rng.normal(size=[sizes[l] for l in ls]) for ls in inputs], {"inputs": inputs, "output": output})
        for inputs, output in cases
        for sizes in extents
    ]


einsum = product(
    "einsum",
    "y = Σ Π x over every label that is not in `output`; axes with one label run together.",
    infer=_infer,
    value=_value,
    adjoint=_adjoint,
    batch=_batch,
    notation=big(r"\sum", "Σ"),
    samples=_samples,
    errors=(
        ((ArrayType((3,)), ArrayType((2,))), {"inputs": ((0,), (0,)), "output": ()}, "label 0 has the sizes 3 and 2"),
        ((ArrayType((3,)),), {"inputs": ((0,),), "output": (1,)}, "not distinct labels"),
        ((ArrayType((3,)),), {"inputs": ((0, 1),), "output": (0,)}, "a label for each axis"),
        ((ArrayType((3,), "bool"),), {"inputs": ((0,),), "output": (0,)}, "not bool"),
    ),
    law="product rule",
)
