"""Sparsity: which entries of its inputs each entry of a linear graph depends on, node by node.

It is asked of tangents, which are linear in their signals: the few ops that stand there have rules, all others join everything. What is
known of the other inputs, the values of whole numbers and where real ones are 0, makes look-ups and constant matrices exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.autodiff.pattern import SparsityPattern, joined, stacked
from wengert.core.ir.graph import Node
from wengert.core.ir.walk import topological
from wengert.core.ops.loop import Loop
from wengert.core.ops.vocabulary import NUMPY

Array = Any
Found = Any
"""A pattern, None where nothing is depended on, or a tuple of these for several results."""
MOST = 2**24
"""A product with a constant array is looked at entry by entry up to so many terms."""
STEPS = 2**14
"""A loop is followed step by step up to so many nodes in all steps."""


class UnknownSparsity(Exception):
    """The structure of a node cannot be told."""


class Sparsity:
    """What depends on what in a graph, where `values` are known: whole numbers and truth values themselves, of real numbers whether each
    is something other than 0.
    """

    def __init__(self, values: Mapping[Node, Array]) -> None:
        self.known: dict[Node, Array | None] = dict(values)
        self.found: dict[Node, Found] = {}

    def of(self, outputs: Sequence[Node], signals: Mapping[Node, Found]) -> list[Found]:
        """The patterns of the outputs from those of the signals.

        Raises Unknown.
        """
        self.found.update(signals)
        for node in topological(outputs):
            if node not in self.found:
                moved = any(self.found[x] is not None for x in node.inputs)
                self.found[node] = self._through(node) if moved else None
        return [self.found[y] for y in outputs]

    def _through(self, node: Node) -> Found:
        patterns = [self.found[x] for x in node.inputs]
        name = node.op.name
        if name in SEVERAL:
            return SEVERAL[name](self, node, patterns)
        if not node.type.is_float:
            return None
        if name in RULES:
            return RULES[name](self, node, patterns)
        if node.op.kind == "elementwise" or name in ENTRYWISE:
            return joined(_entrywise(x, node, p) for x, p in zip(node.inputs, patterns, strict=True))
        return joined(everything(p, _size(node)) for p in patterns)

    def value(self, node: Node) -> Array | None:
        """The value of a node of whole numbers, or where a real one is not 0; None where it is not known."""
        if node in self.known:
            return self.known[node]
        found: Array | None = None
        if node.op.leaf != "input" and not node.op.loops:
            given = [self.value(x) for x in node.inputs]
            real = node.type.is_float
            exact = not real and not any(x.type.is_float for x in node.inputs)
            if all(x is not None for x in given) and (exact or node.op.leaf == "constant" or (real and _keeps(node))):
                found = node.op.value(NUMPY, *given, **node.params)
                found = np.broadcast_to(np.asarray(found) != 0 if real else np.asarray(found), node.shape)
        self.known[node] = found
        return found


def _keeps(node: Node) -> bool:
    """Whether an op moves entries, so that 0 stays 0 and nothing else becomes 0."""
    return node.op.rearranges or node.op.name in ("cast", "negative", "pad")


def _size(node: Node) -> int:
    return math.prod(int(size) for size in node.shape)  # pyright: ignore[reportArgumentType]


def _places(node: Node) -> Array:
    return np.arange(_size(node)).reshape(node.shape)


def everything(pattern: SparsityPattern | None, count: int) -> SparsityPattern | None:
    """Every one of `count` rows with the columns of all rows."""
    if pattern is None:
        return None
    columns = np.unique(pattern.columns)
    starts = np.arange(count + 1) * len(columns)
    return SparsityPattern(starts, np.tile(columns, count), pattern.width)


def along(pattern: SparsityPattern, shape: Sequence[Any], axes: Sequence[int], rows: Sequence[int]) -> SparsityPattern:
    """Every row with the columns of all rows along some axes of an array; these have the sizes `rows` then."""
    kept = tuple(1 if k in axes else int(size) for k, size in enumerate(shape))
    groups = np.broadcast_to(np.arange(math.prod(kept)).reshape(kept), tuple(shape))
    new = tuple(rows[axes.index(k)] if k in axes else size for k, size in enumerate(kept))
    return pattern.grouped(groups, math.prod(kept)).take(np.broadcast_to(np.arange(math.prod(kept)).reshape(kept), new))


def _entrywise(x: Node, node: Node, pattern: SparsityPattern | None) -> SparsityPattern | None:
    if pattern is None or x.shape == node.shape:
        return pattern
    return pattern.take(np.broadcast_to(_places(x), node.shape))


# ---------------------------------------------------------------- rules


def _product(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    """Entry by entry, but not where the other factor is known to be 0."""
    parts = [_entrywise(x, node, p) for x, p in zip(node.inputs, patterns, strict=True)]
    for k, part in enumerate(parts):
        held = None if part is None else self.value(node.inputs[1 - k])
        if held is not None and part is not None and not held.all():
            parts[k] = part.only(np.broadcast_to(held, node.shape))
    return joined(parts)


def _where(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    held = self.value(node.inputs[0])
    parts = [_entrywise(x, node, p) for x, p in zip(node.inputs, patterns, strict=True)]
    if held is not None:
        masks = (held, held, ~held)
        parts = [p if p is None else p.only(np.broadcast_to(m, node.shape)) for p, m in zip(parts, masks, strict=True)]
    return joined(parts[1:])


def _moved(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    """The op moves entries, and so it moves their numbers; 0 is none."""
    first = next(p for p in patterns if p is not None)
    given: list[Array] = []
    held: list[SparsityPattern] = []
    count = 1
    for x, pattern in zip(node.inputs, patterns, strict=True):
        if pattern is not None:
            held.append(pattern)
            given.append(_places(x) + count)
            count += pattern.count
        elif x.type.is_float:
            given.append(np.zeros(x.shape, np.int64))
        elif (value := self.value(x)) is not None:
            given.append(value)
        else:
            return joined(_spread(x, node, p) for x, p in zip(node.inputs, patterns, strict=True))
    places = np.asarray(node.op.value(NUMPY, *given, **node.params)) - 1
    return (held[0] if len(held) == 1 else stacked(held) if held else first).take(places)


def _spread(x: Node, node: Node, pattern: SparsityPattern | None) -> SparsityPattern | None:
    """Of a look-up at unknown places: everything along the axis that is looked along."""
    if pattern is None:
        return None
    axis = node.params["axis"]
    if node.op.name == "gather" and not node.params["batch"]:
        sizes = [int(size) for size in node.inputs[1].shape]  # pyright: ignore[reportArgumentType]
        return along(pattern, x.shape, (axis,), (math.prod(sizes),))
    if node.op.name == "put" and x.shape == node.shape and x is node.inputs[0]:
        return pattern
    return everything(pattern, _size(node))


def _scattered(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    updates, indices = node.inputs
    value, pattern = self.value(indices), patterns[0]
    if value is None:
        return everything(pattern, _size(node))
    params = {key: x for key, x in node.params.items() if key != "size"}
    # The place that each update is added to is the one that a look-up at the same indices reads.
    from wengert.core.ops.indexing import gather

    groups = np.asarray(gather.value(NUMPY, _places(node), value, **params))
    return pattern.grouped(groups.reshape(updates.shape), _size(node))


def _summed(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    (x,), axes = node.inputs, node.params["axes"]
    kept = tuple(1 if k in axes else int(size) for k, size in enumerate(x.shape))  # pyright: ignore[reportArgumentType]
    groups = np.broadcast_to(np.arange(math.prod(kept)).reshape(kept), x.shape)
    return patterns[0].grouped(groups, math.prod(kept))


def _running(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    axis = node.params["axis"]
    return joined(
        None if p is None else along(p, x.shape, (axis,), (int(x.shape[axis]),))  # pyright: ignore[reportArgumentType]
        for x, p in zip(node.inputs, patterns, strict=True)
    )


def _transformed(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    axes = tuple(node.params["axes"] if "axes" in node.params else (node.params["axis"],))
    rows = [int(node.shape[k]) for k in axes]  # pyright: ignore[reportArgumentType]
    return along(patterns[0], node.inputs[0].shape, axes, rows)


def _solved(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    """A⁻¹ B: every entry of a column with that column of B; with all of A where that is asked for."""
    if patterns[0] is not None or node.inputs[1].shape != node.shape or len(node.shape) < 2:
        return joined(everything(p, _size(node)) for p in patterns)
    axis = len(node.shape) - 2
    return along(patterns[1], node.shape, (axis,), (int(node.shape[axis]),))  # pyright: ignore[reportArgumentType]


def _convolved(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    """z_j with x_i where 0 ≤ j − i < m, along each axis: the entries of the other that are known to be 0 left out."""
    count = node.params["count"]
    parts: list[Found] = []
    for k, pattern in enumerate(patterns):
        if pattern is None:
            continue
        x, other = node.inputs[k], node.inputs[1 - k]
        kernel, held = other.shape[len(other.shape) - count :], self.value(other)
        lead, own = node.shape[: len(node.shape) - count], _places(x)
        for place in np.ndindex(*kernel):  # pyright: ignore[reportArgumentType]
            if held is not None and not held[(..., *place)].any():
                continue
            target = np.full(node.shape, -1)
            window = tuple(slice(a, a + n) for a, n in zip(place, x.shape[len(lead) :], strict=True))  # pyright: ignore[reportArgumentType]
            target[(..., *window)] = own
            parts.append(pattern.take(target))
    return joined(parts)


def _contracted(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    labels, output = node.params["inputs"], node.params["output"]
    parts: list[Found] = []
    for k, pattern in enumerate(patterns):
        if pattern is not None:
            masks = [(self.value(x), labels[j]) for j, x in enumerate(node.inputs) if j != k and patterns[j] is None]
            masks = [(m, own) for m, own in masks if m is not None and not m.all()]
            parts.append(_one_factor(node, k, pattern, labels[k], output, masks))
    return joined(parts)


def _one_factor(
    node: Node, k: int, pattern: SparsityPattern, own: Any, output: Any, masks: list[Any]
) -> SparsityPattern:
    """The rows of the product by one of its factors: every term in which no other factor is known to be 0."""
    sizes = {label: int(n) for x, ls in zip(node.inputs, node.params["inputs"], strict=True) for label, n in zip(ls, x.shape, strict=True)}  # pyright: ignore[reportArgumentType]  # fmt: skip
    every = sorted({*own, *output, *(label for _, ls in masks for label in ls)})
    if math.prod(sizes[label] for label in every) > MOST:
        masks, every = [], sorted({*own, *output})
    if masks:
        terms = np.ones([sizes[label] for label in every], bool)
        for mask, ls in masks:
            terms &= _laid(mask, ls, every)
        places = np.nonzero(terms)
    elif set(own) <= set(output) or math.prod(sizes[label] for label in every) <= MOST:
        places = tuple(each.ravel() for each in np.indices([sizes[label] for label in every]))
    else:
        return _reduced_first(pattern, own, output, sizes)
    at = dict(zip(every, places, strict=True))
    return pattern.take(_numbers(at, own, sizes)).grouped(_numbers(at, output, sizes), _size(node))


def _laid(mask: Array, labels: Any, every: Sequence[int]) -> Array:
    """A factor's mask with an axis for every label, in order; of a label that it has twice the diagonal."""
    unique = sorted(set(labels))
    mask = np.einsum(mask, list(labels), unique) if len(unique) < len(labels) or list(labels) != unique else mask
    return mask.reshape([mask.shape[unique.index(label)] if label in unique else 1 for label in every]).astype(bool)


def _numbers(at: Mapping[int, Array], labels: Any, sizes: Mapping[int, int]) -> Array:
    """The number of an entry in an array with these labels."""
    if not labels:
        return np.zeros(len(next(iter(at.values()), np.zeros(1))), np.int64)
    return np.ravel_multi_index([at[label] for label in labels], [sizes[label] for label in labels])


def _reduced_first(pattern: SparsityPattern, own: Any, output: Any, sizes: Mapping[int, int]) -> SparsityPattern:
    """The same with the rows joined over the labels that the product sums over, before they are repeated."""
    shared = [label for label in dict.fromkeys(own) if label in output]
    where = dict(zip(dict.fromkeys(own), np.indices([sizes[label] for label in dict.fromkeys(own)]), strict=True))
    flat = {label: each.ravel() for label, each in where.items()}
    rows = pattern.take(_numbers(flat, own, sizes))
    joint = rows.grouped(_numbers(flat, shared, sizes), math.prod(sizes[label] for label in shared))
    out = {label: each.ravel() for label, each in zip(output, np.indices([sizes[x] for x in output]), strict=True)}
    return joint.take(_numbers(out, shared, sizes))


RULES: dict[str, Callable[[Sparsity, Node, Sequence[Found]], Found]] = {
    "multiply": _product,
    "where": _where,
    "sum": _summed,
    "einsum": _contracted,
    "convolve": _convolved,
    "scatter_add": _scattered,
    "cumsum": _running,
    "recurrence": _running,
    "fft": _transformed,
    "rfft": _transformed,
    "irfft": _transformed,
    "solve": _solved,
    "solve_triangular": _solved,
    "stop_gradient": lambda self, node, patterns: None,
    **dict.fromkeys(
        (
            "broadcast",
            "transpose",
            "reshape",
            "flip",
            "slice",
            "pad",
            "concatenate",
            "set_slice",
            "gather",
            "put",
            "window",
        ),
        _moved,
    ),
}
ENTRYWISE = frozenset(("real", "imag", "conj", "complex", "order", "prime", "opaque", "undetermined"))
"""Ops of other kinds that work entry by entry."""


# ---------------------------------------------------------------- several results


def _item(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    return patterns[0][node.params["index"]]


def _called(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    return _of_body(self, node.params["body"], node.inputs, patterns)


def _of_body(self: Sparsity, body: Any, given: Sequence[Node], patterns: Sequence[Found]) -> Found:
    values = {x: self.value(outer) for x, outer in zip(body.inputs, given, strict=True)}
    return tuple(Sparsity(values).of(body.outputs, dict(zip(body.inputs, patterns, strict=True))))


def _chosen(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    held = self.value(node.inputs[0])
    ways = ("then", "other") if held is None else ("then",) if held else ("other",)
    found = [_of_body(self, node.params[way], node.inputs[1:], patterns[1:]) for way in ways]
    return tuple(joined(each) for each in zip(*found, strict=True))


def _all_together(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    if any(isinstance(p, tuple) for p in patterns):
        raise UnknownSparsity
    sizes = [math.prod(int(n) for n in type.shape) for type in node.type.items]  # type: ignore[union-attr]
    return tuple(joined(everything(p, size) for p in patterns) for size in sizes)


def _scanned(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    """A loop step by step, each with what it reads."""
    loop = Loop.of(node)
    if not isinstance(loop.length, int) or loop.length * len(topological(loop.after)) > STEPS:
        raise UnknownSparsity
    state = list(patterns[: len(loop.carries)])
    outer = dict(zip(loop.inner, patterns, strict=True))
    records: list[list[Found]] = [[None] * loop.length for _ in loop.ys]
    for step in range(loop.length)[::-1] if loop.reverse else range(loop.length):
        signals = {c.inner: p for c, p in zip(loop.carries, state, strict=True)}
        signals.update((x.inner, outer[x.inner]) for x in loop.consts)
        values = {x.inner: self.value(x.outer) for x in loop.consts} | {c.inner: None for c in loop.carries}
        for x in loop.xs:
            size = _size(x.inner)
            whole, value = outer[x.inner], self.value(x.outer)
            signals[x.inner] = None if whole is None else whole.take(step * size + np.arange(size))
            values[x.inner] = None if value is None else value[step]
        if loop.counter is not None:
            signals[loop.counter], values[loop.counter] = None, np.asarray((loop.first or 0) + step)
        found = Sparsity(values).of(loop.after, signals)
        state = found[: len(state)]
        for record, y in zip(records, found[len(state) :], strict=True):
            record[step] = y
    width = next(p for p in patterns if p is not None).width
    return (*state, *(_records(record, _size(y), width) for record, y in zip(records, loop.ys, strict=True)))


def _records(record: list[Found], size: int, width: int) -> Found:
    if all(each is None for each in record):
        return None
    empty = SparsityPattern(np.zeros(size + 1, np.int64), np.zeros(0, np.int64), width)
    return stacked([empty if each is None else each for each in record])


def _unknown(self: Sparsity, node: Node, patterns: Sequence[Found]) -> Found:
    raise UnknownSparsity


SEVERAL: dict[str, Callable[[Sparsity, Node, Sequence[Found]], Found]] = {
    "item": _item,
    "call": _called,
    "cond": _chosen,
    "host_call": _all_together,
    "scan": _scanned,
    "while_loop": _unknown,
}
