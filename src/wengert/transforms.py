"""Transforms of Python functions of arrays: derivatives and batches, each a function again.

Called on arrays, a transform writes the function down, derives the graph and runs it; called inside of another function that
is being written down, it adds its nodes there. So transforms nest in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np

from wengert.autodiff import batch
from wengert.autodiff.forward import jvp as push
from wengert.autodiff.reverse import vjp as pull
from wengert.backends import interpreter
from wengert.errors import ShapeError, TraceError
from wengert.ir.graph import Graph, Node, apply, constant, input_node
from wengert.ir.types import ArrayType
from wengert.ir.walk import substitute
from wengert.passes import pipeline
from wengert.passes.bodies import everywhere
from wengert.passes.cse import share
from wengert.passes.fold import fold
from wengert.passes.joining import join
from wengert.passes.stability import stabilise
from wengert.tracing.operands import as_node
from wengert.tracing.record import Leaf, Recorded, leaf_of, new_inputs, record, splice, traced_program
from wengert.tracing.tracer import Traced, current
from wengert.tracing.tracer import traced as traced_value
from wengert.tracing.trees import argument_names, flatten, name_of, unflatten

Array = Any
Argnums = int | Sequence[int]


def trace(f: Callable[..., Any]) -> Callable[..., Graph]:
    """The function that writes f down: its graph from the leaves of the arguments to those of the result.

    Raises TraceError where f does what a graph cannot hold.
    """

    @wraps(f)
    def traced(*args: Any, **kwargs: Any) -> Graph:
        return traced_program(f, args, kwargs).graph

    return traced


def _joined(outputs: Sequence[Node]) -> list[Node]:
    """The outputs with every loop and its derivative as one loop: before they are derived again, and each for itself."""
    return list(everywhere(join, Graph((), tuple(outputs))).outputs)


def _stable(recorded: Recorded) -> Recorded:
    """The same function in formulas that do not overflow, so that their derivatives do not: log(1 + eˣ) is softplus(x)."""
    graph = Graph((), tuple(recorded.outputs))
    for each in (share, fold, stabilise):
        graph = everywhere(each, graph)
    return replace(recorded, outputs=list(graph.outputs))


def finish(inputs: Sequence[Node], outputs: Sequence[Node], values: Sequence[Any]) -> list[Any]:
    """The outputs for values of the inputs: nodes of the open trace where one of them is traced, else numbers."""
    if any(isinstance(value, Traced) for value in values):
        return list(splice(inputs, outputs, values))
    renamed = [input_node(f"x{k}", node.type) for k, node in enumerate(inputs)]
    known = dict(zip(inputs, renamed, strict=True))
    graph = pipeline.run(Graph(tuple(renamed), tuple(substitute(outputs, known))))
    return list(interpreter.compile(graph)(**{f"x{k}": value for k, value in enumerate(values)}))


# ---------------------------------------------------------------- the arguments


class _Chosen:
    """The arguments that a transform is about, as inputs; the others stay what they are."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], places: Argnums) -> None:
        self.f, self.args, self.kwargs = f, args, kwargs
        self.places = _places(f, args, places)
        chosen = tuple(args[k] for k in self.places)
        self.values, self.spec = flatten(chosen)
        labels = argument_names(f, args, {})
        counts = [len(flatten(arg)[0]) for arg in args]
        starts = [sum(counts[:k]) for k in range(len(args))]
        self.names = [name for k in self.places for name in labels[starts[k] : starts[k] + counts[k]]]

    def record(self, leaves: Sequence[Leaf]) -> Recorded:
        """The function written down, the leaves of the chosen arguments as its inputs."""

        def call(values: list[Traced]) -> Any:
            args = list(self.args)
            for k, arg in zip(self.places, unflatten(self.spec, values), strict=True):
                args[k] = arg
            return self.f(*args, **self.kwargs)

        recorded = record(new_inputs(self.names, leaves), [leaf.weak for leaf in leaves], call)
        return replace(recorded, outputs=_joined(recorded.outputs))

    def real_leaves(self) -> list[Leaf]:
        """The leaves as real numbers: a whole number of Python is one, an array of whole numbers is not.

        Raises TraceError.
        """
        return [_real(value, name) for value, name in zip(self.values, self.names, strict=True)]


def _places(f: Callable[..., Any], args: tuple[Any, ...], places: Argnums) -> list[int]:
    given = [places] if isinstance(places, int) else list(places)
    for k in given:
        if not -len(args) <= k < len(args):
            raise TraceError(
                f"'{name_of(f)}' is called with {len(args)} positional arguments, so there is no argument {k}.",
                f"  argnums={places}",
                "Give the argument by its place, or another 'argnums'.",
            )
    return [k % len(args) for k in given]


def _real(value: Any, name: str) -> Leaf:
    leaf = leaf_of(value)
    if leaf.weak:
        return Leaf(ArrayType(), True)
    if not leaf.type.is_float:
        raise TraceError(
            f"There is no derivative by '{name}', which does not hold real numbers.",
            f"  {name} is {leaf.type}",
            f"Convert it:  {name}.astype(float)",
        )
    return leaf


def _results(recorded: Recorded, found: Sequence[Any]) -> Any:
    return unflatten(recorded.spec, found)


def _inputs(recorded: Recorded) -> list[Node]:
    return [*recorded.inputs, *(node for _, node in recorded.captured)]


def _given(values: Sequence[Any], recorded: Recorded) -> list[Any]:
    return [*values, *(value for value, _ in recorded.captured)]


def _filled(values: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    return [constant(0, x.type) if v is None else v for v, x in zip(values, like, strict=True)]


# ---------------------------------------------------------------- derivatives


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Array, Any]]:
    """(L, ∇L) of a function with one real result: its value, and its derivative by the arguments `argnums`.

    A derivative has the container and the shapes of its argument; those of several arguments are a tuple. The function runs
    at every call, so its branches and loops are those of Python.

    Raises TraceError where f does with a traced value what a graph cannot hold, ShapeError where its result is not one real
    number.
    """

    @wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Array, Any]:
        chosen = _Chosen(f, args, kwargs, argnums)
        recorded = _stable(chosen.record(chosen.real_leaves()))
        y = _only_number(f, recorded)
        back = pull([y], recorded.inputs, [constant(1, y.type)], weigh=True)
        outputs = _joined([y, *_filled(back, recorded.inputs)])
        value, *slopes = finish(_inputs(recorded), outputs, _given(chosen.values, recorded))
        gradients = unflatten(chosen.spec, slopes)
        return _results(recorded, [value]), gradients[0] if isinstance(argnums, int) else gradients

    return both


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """∇L of a function with one real result, by the arguments `argnums`, with their containers and shapes.

    Raises TraceError and ShapeError as `value_and_grad` does.
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def _only_number(f: Callable[..., Any], recorded: Recorded) -> Node:
    types = [node.type for node in recorded.outputs]
    if len(types) != 1 or types[0].rank or not types[0].is_float:
        raise ShapeError(
            f"A gradient needs one real number, and '{name_of(f)}' returns something else.",
            f"  it returns {', '.join(map(str, types)) or 'nothing'}",
            "Sum the result:  lambda x: np.sum(f(x))",
        )
    return recorded.outputs[0]


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(y, ẏ) = (f(x), J ẋ): the result and its derivative along the tangents, containers like the primals.

    Raises TraceError where the tangents are not of the form of the primals.
    """
    chosen = _Chosen(f, tuple(primals), {}, range(len(primals)))
    leaves = chosen.real_leaves()
    moved = _like(tuple(tangents), chosen.spec, leaves, "tangents", "primals")
    recorded = _stable(chosen.record(leaves))
    inner = [input_node(f"tangent of {name}", leaf.type) for name, leaf in zip(chosen.names, leaves, strict=True)]
    ahead = _filled(push(recorded.outputs, recorded.inputs, inner, weigh=True), recorded.outputs)
    inputs = [*_inputs(recorded), *inner]
    outputs = _joined([*recorded.outputs, *ahead])
    found = finish(inputs, outputs, [*_given(chosen.values, recorded), *moved])
    n = len(ahead)
    return _results(recorded, found[:n]), _results(recorded, found[n:])


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(f(x), ȳ ↦ Jᵀ ȳ): the result, and the function from a cotangent of it to the cotangents of the arguments.

    Raises TraceError where a cotangent is not of the form of the result.
    """
    chosen = _Chosen(f, primals, {}, range(len(primals)))
    recorded = _stable(chosen.record(chosen.real_leaves()))
    types = [Leaf(node.type) for node in recorded.outputs]
    inner = [input_node(f"cotangent {k}", leaf.type) if leaf.type.is_float else None for k, leaf in enumerate(types)]
    back = _joined(_filled(pull(recorded.outputs, recorded.inputs, inner, weigh=True), recorded.inputs))

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        given = _like(cotangents, recorded.spec, types, "cotangents", "result")
        pairs = [(node, value) for node, value in zip(inner, given, strict=True) if node is not None]
        inputs = [*_inputs(recorded), *(node for node, _ in pairs)]
        values = [*_given(chosen.values, recorded), *(value for _, value in pairs)]
        return tuple(unflatten(chosen.spec, finish(inputs, back, values)))

    found = finish(_inputs(recorded), recorded.outputs, _given(chosen.values, recorded))
    return _results(recorded, found), pullback


def _like(tree: Any, spec: Any, leaves: Sequence[Leaf], what: str, whose: str) -> list[Any]:
    """The leaves of a container that has the form of another, with arrays of the same shapes."""
    values, own = flatten(tree)
    shapes = [leaf_of(value).type.shape for value in values]
    if own != spec or shapes != [leaf.type.shape for leaf in leaves]:
        raise TraceError(
            f"The {what} do not have the form of the {whose}.",
            f"  the {whose}: {', '.join(str(leaf.type) for leaf in leaves)}; the {what}: {', '.join(map(str, shapes))}",
            f"Give {what} in the same containers, with arrays of the same shapes.",
        )
    return [
        value if isinstance(value, Traced) else np.asarray(value, dtype=leaf.type.dtype)
        for value, leaf in zip(values, leaves, strict=True)
    ]


def asarray(x: Any) -> Any:
    """x as an array of the function that is being written down, so that it can be read at traced indices; else NumPy's."""
    if isinstance(x, Traced) or current() is None:
        return x if isinstance(x, Traced) else np.asarray(x)
    return traced_value(as_node(x))


def stop_gradient(x: Any) -> Any:
    """x itself, whose derivative is taken to be 0; containers leaf by leaf."""
    leaves, spec = flatten(x)
    return unflatten(spec, [_stopped(leaf) for leaf in leaves])


def _stopped(leaf: Any) -> Any:
    if not isinstance(leaf, Traced):
        return leaf
    x = input_node("x", leaf.node.type)
    (stopped,) = splice([x], [apply("stop_gradient", x)], [leaf])
    stopped.weak = leaf.weak
    return stopped


# ---------------------------------------------------------------- batches


def vmap(f: Callable[..., Any], in_axes: int | Sequence[int | None] | None = 0) -> Callable[..., Any]:
    """y_n = f(x_n) for every entry n along an axis of the arguments; the results have it in front.

    `in_axes` is the axis, for all arguments or one for each; an argument with None is the same for every n.

    Raises TraceError where the arguments have no such axis, or have it of different sizes.
    """

    @wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        axes = [in_axes] * len(args) if in_axes is None or isinstance(in_axes, int) else list(in_axes)
        if len(axes) != len(args) or all(axis is None for axis in axes):
            raise TraceError(
                f"'in_axes' does not fit {len(args)} arguments.",
                f"  in_axes={in_axes}",
                "Give an axis for each argument, None for those that are the same for all; one at least has an axis.",
            )
        chosen = _Chosen(f, args, kwargs, [k for k, axis in enumerate(axes) if axis is not None])
        counts = [len(flatten(args[k])[0]) for k in chosen.places]
        along = [axes[k] for k, count in zip(chosen.places, counts, strict=True) for _ in range(count)]
        rows = [_in_front(*each) for each in zip(chosen.values, along, chosen.names, strict=True)]
        size = _one_size(rows, chosen.names)
        wide = [leaf_of(row).type for row in rows]
        recorded = chosen.record([Leaf(ArrayType(type.shape[1:], type.dtype)) for type in wide])
        inputs = new_inputs(chosen.names, [Leaf(type) for type in wide])
        outputs = batch.batched(recorded.outputs, dict(zip(recorded.inputs, inputs, strict=True)), size)
        captured = [node for _, node in recorded.captured]
        return _results(recorded, finish([*inputs, *captured], outputs, _given(rows, recorded)))

    return mapped


def _in_front(value: Any, axis: int | None, name: str) -> Any:
    rank = leaf_of(value).type.rank
    assert axis is not None
    if not -rank <= axis < rank:
        raise TraceError(
            f"'{name}' has no axis {axis} to map over.",
            f"  {name} is {leaf_of(value).type}",
            "Give an array with that axis, or None in 'in_axes' for this argument.",
        )
    return np.moveaxis(value, axis, 0)


def _one_size(rows: Sequence[Any], names: Sequence[str]) -> int:
    sizes = {name: row.shape[0] for row, name in zip(rows, names, strict=True)}
    if len(set(sizes.values())) != 1:
        raise TraceError(
            "The arguments have different numbers of entries along the axis to map over.",
            "  " + ", ".join(f"{name}: {size}" for name, size in sizes.items()),
            "Give arrays of one size along it.",
        )
    return next(iter(sizes.values()))
