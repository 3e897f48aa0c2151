"""A graph run node by node with NumPy: the reference that checks, folding and the interpreter back end use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.core.ir.types import ArrayType, Dim, bind_size
from wengert.core.ir.walk import topological
from wengert.core.ops.vocabulary import NUMPY
from wengert.errors import ShapeError

Array = Any


def evaluate(graph: Graph, values: Mapping[str, Array], sizes: Mapping[str, int] | None = None) -> tuple[Array, ...]:
    """The outputs of the graph for values of its inputs, by name; results without axes are NumPy scalars.

    Named sizes are bound from the shapes of the values; `sizes` gives those that no value has. A complex value flows
    through as it is (the complex step). Division by zero and overflow give inf and nan without a warning.

    Raises ShapeError where a value is missing or does not fit its input, or two values disagree on a named size.
    """
    arrays, bound = bind(graph, values, sizes)
    return run(with_sizes(schedule(graph), bound), arrays)


# inputs


def bind(
    graph: Graph, values: Mapping[str, Array], sizes: Mapping[str, int] | None = None
) -> tuple[list[Array], dict[str, int]]:
    """The values as arrays in the order of the inputs, and the numbers of the named sizes.

    Raises ShapeError.
    """
    bound = dict(sizes or {})
    givers = dict.fromkeys(bound, "the given sizes")
    arrays: list[Array] = []
    for node in graph.inputs:
        name, type = str(node.params["name"]), node.type
        if name not in values:
            raise ShapeError(
                f"The input '{name}' has no value.",
                f"  the graph takes {', '.join(graph.input_names)}",
                f"Give it a value of the type {type}:  {name}=…",
            )
        array = as_declared(name, values[name], type)
        _bind_sizes(name, array, type, bound, givers)
        arrays.append(array)
    _check_fits(graph, bound, givers)
    return arrays, bound


def _check_fits(graph: Graph, bound: Mapping[str, int], givers: Mapping[str, str]) -> None:
    """Refuse an input whose size does not follow from the others as it should: a window would read beyond its array."""
    for size in dict.fromkeys(size for x in graph.inputs for size in x.shape if isinstance(size, Dim) and size.rule):
        number = size.follows(bound)
        if number is None or bound[size.name] == number:
            continue
        read = ", ".join(dict.fromkeys(f"{n} = {bind_size(n, bound)}" for fit in size.rule for n in fit.sizes))
        raise ShapeError(
            f"The size '{size}' is {bound[size.name]} in {givers[size.name]}, but {max(number, 0)} places fit.",
            f"  it follows from {read}",
            f"Give arrays that agree: {max(number, 0)} entries along '{size}', or another length of what is read.",
        )


def as_declared(name: str, value: Any, type: ArrayType) -> Array:
    """The value as an array of the declared dtype; complex numbers stay complex where real ones are declared.

    Raises ShapeError where it would lose information (a real number for an integer, a mask) or is no array of numbers.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise ShapeError(
            f"The input '{name}' has a mask, which a graph does not know.",
            f"  {name} is declared as {type}",
            f"Fill what is masked, or leave it out:  {name}.filled(0.0)",
        )
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.empty((), dtype=object)
    if array.dtype == type.dtype or (array.dtype.kind == "c" and type.is_float and not type.is_complex):
        return array
    if array.dtype.kind not in "biufc" or not np.can_cast(array.dtype, type.dtype, "same_kind"):
        if array.size == 0 and not hasattr(value, "dtype"):
            return array.astype(type.dtype)
        raise ShapeError(
            f"The input '{name}' has dtype {array.dtype}, which is not {type.dtype}.",
            f"  {name} is declared as {type}",
            f"Convert it:  np.asarray({name}, dtype='{type.dtype}')",
        )
    return array.astype(type.dtype)


def _bind_sizes(name: str, array: Array, type: ArrayType, bound: dict[str, int], givers: dict[str, str]) -> None:
    if array.ndim != type.rank:
        raise ShapeError(
            f"The input '{name}' has {array.ndim} axes, not {type.rank}.",
            f"  {name} is declared as {type}, and was given with shape {array.shape}",
            f"Give an array with {type.rank} axes.",
        )
    for axis, (size, number) in enumerate(zip(type.shape, array.shape, strict=True)):
        if isinstance(size, Dim):
            known = bound.setdefault(size.name, number)
            giver = givers.setdefault(size.name, f"'{name}'")
            if known != number:
                raise ShapeError(
                    f"The size '{size}' is {known} in {giver} but {number} in '{name}'.",
                    f"  axis {axis} of {name}, declared as {type}, was given with shape {array.shape}",
                    f"Give arrays that agree on '{size}'.",
                )
        elif size != number:
            raise ShapeError(
                f"The input '{name}' has the shape {array.shape}, not {_show(type)}.",
                f"  axis {axis} has {number} entries instead of {size}",
                f"Give '{name}' with {size} entries along axis {axis}.",
            )


def _show(type: ArrayType) -> str:
    return "(" + ", ".join(map(str, type.shape)) + ("," if type.rank == 1 else "") + ")"


def bind_params(value: Any, sizes: Mapping[str, int]) -> Any:
    """A parameter with its named sizes replaced by numbers, inside tuples and types too; a sub-graph as a program.

    Raises ShapeError where a named size has no number.
    """
    if isinstance(value, Dim):
        number = bind_size(value, sizes)
        if isinstance(number, Dim):
            raise ShapeError(
                f"The size '{value}' is not known.",
                f"  known sizes: {', '.join(sizes) or 'none'}",
                f"Give it:  sizes={{'{value}': …}}",
            )
        return number
    if isinstance(value, ArrayType):
        return value.with_shape(bind_params(value.shape, sizes))
    if isinstance(value, tuple):
        return tuple(bind_params(part, sizes) for part in value)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Graph):
        return with_sizes(schedule(value), sizes)
    return value


# running


class Step(NamedTuple):
    """One node: its op's value function, the slots of its inputs, its own slot and its parameters."""

    value: Callable[..., Array]
    inputs: tuple[int, ...]
    slot: int
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The nodes of a graph in order, with a slot each; the inputs have the first slots."""

    steps: list[Step]
    inputs: int
    outputs: tuple[int, ...]
    types: tuple[ArrayType, ...]
    """The types of the outputs."""
    bound: bool
    """Whether a parameter has a named size or is a sub-graph."""


@dataclass(frozen=True, slots=True, eq=False)
class GraphProgram:
    """A schedule whose sizes are numbers: what depends on no input is in `values` already, the rest is left to run."""

    steps: list[Step]
    values: list[Array]
    inputs: int
    outputs: tuple[int, ...]
    types: tuple[ArrayType, ...]
    """The types of the outputs."""


def schedule(graph: Graph) -> Schedule:
    """The order in which a graph runs; it is made once for every call."""
    slots = {node: k for k, node in enumerate(graph.inputs)}
    steps: list[Step] = []
    for node in topological(graph.outputs):
        if node not in slots:
            slots[node] = len(slots)
            steps.append(Step(node.op.value, tuple([slots[x] for x in node.inputs]), slots[node], node.params))
    bound = any(_is_bound(value) for step in steps for value in step.params.values())
    outputs = graph.outputs
    return Schedule(steps, len(graph.inputs), tuple(slots[y] for y in outputs), tuple(y.type for y in outputs), bound)


def _is_bound(value: Any) -> bool:
    if isinstance(value, ArrayType):
        value = value.shape
    if isinstance(value, tuple):
        return any(_is_bound(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
    return isinstance(value, Dim | Graph)


def with_sizes(plan: Schedule, sizes: Mapping[str, int]) -> GraphProgram:
    """The program for these sizes: constants and positions have their values, and so has all that is made of them alone."""
    values: list[Array] = [None] * (plan.inputs + len(plan.steps))
    moving = set(range(plan.inputs))
    left: list[Step] = []
    with np.errstate(all="ignore"):
        for step in plan.steps:
            if plan.bound:
                step = step._replace(params={key: bind_params(value, sizes) for key, value in step.params.items()})
            if moving.isdisjoint(step.inputs):
                values[step.slot] = step.value(NUMPY, *[values[k] for k in step.inputs], **step.params)
            else:
                moving.add(step.slot)
                left.append(step)
    return GraphProgram(left, values, plan.inputs, plan.outputs, plan.types)


def run(program: GraphProgram, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """The outputs of a program for arrays in the order of the inputs."""
    values = program.values.copy()
    values[: program.inputs] = arrays
    with np.errstate(all="ignore"):
        for value, inputs, slot, params in program.steps:
            values[slot] = value(NUMPY, *[values[k] for k in inputs], **params)
    kept = {id(array) for array in (*arrays, *(program.values[k] for k in program.outputs))}
    return tuple(_owned(values[k], kept) for k in program.outputs)


def _owned(value: Array, kept: set[int]) -> Array:
    """A result that shares no memory with an input or a constant; without axes, a NumPy scalar. Of tuples and tapes each part."""
    if isinstance(value, tuple | list):
        return type(value)(_owned(part, kept) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if value.ndim == 0:
        return value[()]
    return value.copy() if value.base is not None or id(value) in kept else value


@dataclass(eq=False)
class Prepared:
    """A graph made ready to be computed at many points of the same sizes."""

    graph: Graph
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    program: GraphProgram | None = None
    """What is run for these sizes."""

    def values(self, inputs: Mapping[str, Array], sizes: Mapping[str, int] | None = None) -> tuple[Array, ...]:
        """The outputs for values of the inputs, as `evaluate` gives them."""
        arrays, bound = bind(self.graph, inputs, sizes)
        if self.program is None or bound != self.sizes:
            self.sizes, self.program = bound, with_sizes(schedule(self.graph), bound)
        return run(self.program, arrays)
