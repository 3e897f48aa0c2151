"""One node over lanes: an array of a few entries is one vector, and an op on it the instructions of its value, or a shuffle.

It knows no graph around the node and no memory. Lanes behind the last entry repeat the first, so that nothing undefined is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.op import Op
from wengert.core.ops.vocabulary import NUMPY
from wengert.targets.native.builder import Builder
from wengert.targets.native.loops.forms import entries_of, numbers
from wengert.targets.native.loops.nest import Compute, Constant, Instruction
from wengert.targets.native.loops.values import Entry, EntryVocabulary
from wengert.targets.native.support import is_function_of_entries, is_refused
from wengert.targets.native.values import ELEMENTS, Value, literal, type_of

MOST_ENTRIES = 16
"""The largest array that is one vector."""
MOST_TERMS = 64
"""The most terms of a sum or product that are written out."""
LEAVES = ("constant", "position", "size_of")
MOVES = ("concatenate", "set_slice")
"""The ops whose entries are entries of their inputs, or 0, beside those that have an index map."""
FOLDS = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}

Builders = Callable[[int], Builder]
"""The builder of so many lanes that writes where all write."""
Source = tuple[Value, int] | None
"""An entry: a lane of a value; None is 0."""
Params = tuple[tuple[str, Any], ...]


def lanes_of(shape: Sequence[Any]) -> int:
    """The lanes of the vector that holds an array: the next power of 2."""
    return 1 << max(entries_of(shape) - 1, 0).bit_length()


@dataclass(frozen=True)
class Form:
    """What a node is over lanes: about how many instructions, and how these are written for the vectors of its inputs."""

    instructions: int
    write: Callable[[Node, Sequence[Value], Builders], Value]


class Forms:
    """The forms of the nodes of one graph; nodes of one op on inputs of the same types share theirs."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Form | None] = {}

    def of(self, node: Node) -> Form | None:
        """The form of a node; None where it has none, or more entries than a vector."""
        if node.params or not node.inputs:
            return form(node)
        key = (node.op, id(node.type), *[id(x.type) for x in node.inputs])
        try:
            return self._known[key]
        except KeyError:
            made = self._known[key] = form(node)
            return made


def form(node: Node) -> Form | None:
    """The form of a node; None where it has none, or more entries than a vector."""
    entries = entries_of(node.shape)
    if node.type.dtype not in ELEMENTS or not 1 <= entries <= MOST_ENTRIES:
        return None
    name = node.op.name
    if name in LEAVES:
        return Form(0, lambda node, inputs, builders: _constant(node))
    if node.op.index_map is not None or name in MOVES:
        return Form(1 if len(node.inputs) == 1 else 2 * entries, _moved_entries)
    if name in FOLDS or name == "einsum":
        terms = _terms(node)
        if not 1 <= terms <= MOST_TERMS:
            return None
        return Form(3 * terms, _product if name == "einsum" else _folded)
    if any(x.shape != node.shape for x in node.inputs) or is_refused(node):
        return None
    made = _steps(node.op, tuple(x.type.dtype for x in node.inputs), _params(node))
    if made is None:
        return None
    width = lanes_of(node.shape)
    return Form(len(made.steps), lambda node, inputs, builders: made.on(builders(width), inputs))


# entry by entry


@dataclass(frozen=True)
class _OpSteps:
    """The value of an op as functions of the builder, each with the places of what it reads: inputs first, then results."""

    steps: tuple[tuple[str, tuple[Any, ...], str, int | None], ...]
    result: Any

    def on(self, b: Any, inputs: Sequence[Value]) -> Value:
        """The value for these inputs."""
        values = list(inputs)
        for function, places, dtype, exponent in self.steps:
            given = [values[k] if isinstance(k, int) else b.constant(k.number, k.dtype) for k in places]
            if function == "cast":
                values.append(b.cast(given[0], dtype))
            elif function == "stop_gradient":
                values.append(given[0])
            elif exponent is not None:
                values.append(b.integer_power(given[0], exponent))
            else:
                values.append(getattr(b, function)(*given))
        result = self.result
        return values[result] if isinstance(result, int) else b.constant(result.number, result.dtype)


def _params(node: Node) -> Params:
    return tuple(sorted(node.params.items())) if node.params else ()


@lru_cache(maxsize=1024)
def _steps(op: Op, dtypes: tuple[str, ...], params: Params) -> _OpSteps | None:
    """The functions that the value of an elementwise op is made of; None where it is another op."""
    if not dtypes or not is_function_of_entries(op, dtypes, params):
        return None
    made: list[Instruction] = []
    given = [Constant(0, dtype) for dtype in dtypes]
    result = op.value(EntryVocabulary(made), *[Entry(x, made) for x in given], **dict(params))
    place: dict[int, Any] = {id(x): k for k, x in enumerate(given)}
    steps: list[tuple[str, tuple[Any, ...], str, int | None]] = []
    for each in made:
        if isinstance(each, Constant):
            place[id(each)] = each
        elif isinstance(each, Compute):
            steps.append((each.function, tuple(place[id(x)] for x in each.inputs), each.dtype, each.exponent))
            place[id(each)] = len(given) + len(steps) - 1
    return _OpSteps(tuple(steps), place[id(result.instruction)])


# entries moved


def picked(builders: Builders, sources: Sequence[Source], dtype: str) -> Value:
    """The vector of entries that stand in lanes of others."""
    width = 1 << max(len(sources) - 1, 0).bit_length()
    b = builders(width)
    filled = [*sources, *[sources[0]] * (width - len(sources))]
    values = list(dict.fromkeys(each[0] for each in filled if each is not None))
    if not values:
        return b.constant(0, dtype)
    if len(values) > 1:
        return _collected(builders, filled, dtype)
    (x,) = values
    places = [x.width if each is None else each[1] for each in filled]
    if places == list(range(x.width)):
        return x
    if x.width == 1:
        return b.splat(x) if not any(places) else _collected(builders, filled, dtype)
    if width == 1:
        return b.extract(x, places[0])
    lanes = ", ".join(f"i32 {k}" for k in places)
    return b.pure(f"shufflevector {x.text}, {x.type} zeroinitializer, <{width} x i32> <{lanes}>", dtype, width)


def _collected(builders: Builders, sources: Sequence[Source], dtype: str) -> Value:
    """The vector entry by entry."""
    b = builders(len(sources))
    result = b.constant(0, dtype)
    for lane, source in enumerate(sources):
        if source is not None:
            result = b.insert(result, b.extract(*source), lane)
    return result


def _moved_entries(node: Node, inputs: Sequence[Value], builders: Builders) -> Value:
    """Entries of the inputs in other places."""
    owners = [(k, lane) for k, x in enumerate(node.inputs) for lane in range(entries_of(x.shape))]
    sources: list[Source] = []
    for place in moved(node):
        k, lane = owners[place]
        sources.append(None if place < 0 else (inputs[k], lane))
    return picked(builders, sources, node.type.dtype)


def moved(node: Node) -> tuple[int, ...]:
    """For each entry of an op that moves entries the entry of its inputs, one after another in row-major order; −1 where it is 0."""
    return _moved(node.op, tuple(numbers(x.shape) for x in node.inputs), _params(node))


@lru_cache(maxsize=4096)
def _moved(op: Op, shapes: tuple[tuple[int, ...], ...], params: Params) -> tuple[int, ...]:
    places: list[Any] = []
    first = 1
    for shape in shapes:
        count = math.prod(shape)
        places.append(np.arange(first, first + count).reshape(shape))
        first += count
    return tuple(int(k) - 1 for k in np.ravel(op.value(NUMPY, *places, **dict(params))))


# sums and products


def _terms(node: Node) -> int:
    """How many terms an entry of a fold or product has."""
    if node.op.name != "einsum":
        entries = entries_of(node.inputs[0].shape)
        return entries // entries_of(node.shape) if entries <= MOST_ENTRIES else 0
    labels = node.params["inputs"]
    sizes = {
        label: int(n) for x, ls in zip(node.inputs, labels, strict=True) for label, n in zip(ls, x.shape, strict=True)
    }
    summed = sizes.keys() - set(node.params["output"])
    return math.prod(sizes[label] for label in summed)


def _folded(node: Node, inputs: Sequence[Value], builders: Builders) -> Value:
    """The terms in order, those of all entries at once."""
    (x,) = inputs
    shape, axes = numbers(node.inputs[0].shape), node.params["axes"]
    kept = [k for k in range(len(shape)) if k not in axes]
    places = np.arange(math.prod(shape)).reshape(shape).transpose([*axes, *kept]).reshape(_terms(node), -1)
    combine = FOLDS[node.op.name]
    total = picked(builders, [(x, int(k)) for k in places[0]], x.dtype)
    b: Any = builders(total.width)
    for row in places[1:]:
        total = getattr(b, combine)(total, picked(builders, [(x, int(k)) for k in row], x.dtype))
    return total


def _product(node: Node, inputs: Sequence[Value], builders: Builders) -> Value:
    """Σ over the labels that the result lacks, term by term."""
    dtype = node.type.dtype
    factors = [_along(node, k) for k in range(len(inputs))]
    total: Value | None = None
    for term in range(_terms(node)):
        parts = [
            picked(builders, [(x, int(k)) for k in places[term]], dtype)
            for x, places in zip(inputs, factors, strict=True)
        ]
        b = builders(parts[0].width)
        value = parts[0]
        for part in parts[1:]:
            value = b.multiply(value, part)
        total = value if total is None else b.add(total, value)
    assert total is not None
    return total


def _along(node: Node, k: int) -> Any:
    """For each term and each entry of a product, the entry of its factor k."""
    return _product_places(node.params["inputs"], node.params["output"], tuple(numbers(x.shape) for x in node.inputs))[
        k
    ]


@lru_cache(maxsize=256)
def _product_places(
    labels: tuple[tuple[int, ...], ...], output: tuple[int, ...], shapes: tuple[tuple[int, ...], ...]
) -> list[Any]:
    sizes = {label: n for ls, shape in zip(labels, shapes, strict=True) for label, n in zip(ls, shape, strict=True)}
    summed = [label for label in sizes if label not in output]
    space = [*summed, *output]
    grid = dict(zip(space, np.indices([sizes[label] for label in space]), strict=True))
    terms = math.prod(sizes[label] for label in summed)
    found: list[Any] = []
    for ls, shape in zip(labels, shapes, strict=True):
        place = np.zeros([sizes[label] for label in space], np.int64)
        for label, size in zip(ls, shape, strict=True):
            place = place * size + grid[label]
        found.append(place.reshape(terms, -1))
    return found


# leaves


def _constant(node: Node) -> Value:
    """A leaf that is no input, as a literal."""
    dtype, width, params = node.type.dtype, lanes_of(node.shape), node.params
    if node.op.leaf == "position":
        entries = list(range(entries_of(node.shape)))
    elif node.op.leaf == "size":
        entries = [params["size"]]
    else:
        entries = list(np.ravel(params["value"])) if np.shape(params["value"]) else [params["value"]]
    if len(entries) == 1:
        text = literal(entries[0], dtype)
        return Value(text if width == 1 else f"splat ({ELEMENTS[dtype]} {text})", dtype, width)
    filled = [*entries, *entries[:1] * (width - len(entries))]
    parts = ", ".join(f"{type_of(dtype, 1)} {literal(entry, dtype)}" for entry in filled)
    return Value(f"<{parts}>", dtype, width)
