"""Backward in time: what a line that reads v_{t−1} sends back reaches v one step earlier, so that v̄_t reads signals of step t + 1.

Each line is differentiated for itself, as always; only its place in time is moved. The lines of a recurrence run backward as one loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.names import bar, entry, entry_place, is_bar, sequence_name, unbar, unmoment
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import substitute, topological
from wengert.core.ops.gathering import gather
from wengert.core.ops.normal_form import total
from wengert.core.ops.stepping import (
    NotByStep,
    Rewriting,
    SteppedLines,
    at_entry,
    at_place,
    entry_array,
    moved,
    moved_array,
    sequence_axes,
)
from wengert.core.ops.terms import Apply, NamedLeaf, Term, number, subterms
from wengert.errors import EquationError, GraphError
from wengert.notes.elaboration.system import Recurrence, SystemData
from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Source

Array = Any
MOVED = "moved "
"""What is added to a sequence at every step, to see what depends on it."""


def ways(system: SystemData, name: str, line: Node) -> Iterator[tuple[Node, str]]:
    """The leaves by which a line depends on a quantity, each with the name of the sequence at that step; v_0 is reached by v_{t−1}."""
    read = set(topological([line]))
    if system.leaves[name] in read:
        yield system.leaves[name], name
    for moment_name, each in system.moments.items():
        if each.leaf in read and name in each.bases:
            yield each.leaf, moment_name


def placed(system: SystemData, term: Term, name: str, way: str, child: str) -> Term:
    """What a line sends back to a sequence at another step, as a signal of v_t, or of the value v_0 before the first step.

    Raises EquationError where it has no such form.
    """
    base, offset = unmoment(way)
    axis_of = sequence_axes(system.time)
    try:
        place = entry_place(way)
        if place is not None:
            name, axis = sequence_name(way), system.time[sequence_name(way)]
            return at_entry(term, axis, system.quantities[name].type.shape[axis], place)
        if name == base:
            return moved(term, system.time[base], axis_of, -offset) if offset else term
        return at_first(system, term, system.time[base])
    except NotByStep as reason:
        line = system.line(child)
        raise EquationError(
            f"The derivative of this line by '{name}' has no form by steps: {reason}.",
            Source(system.source).where(Span(*line.span)),
            f"Give what is read of '{base}' a line of its own:  g_t = {base}_{{t−1}}",
        ) from None


def at_first(system: SystemData, term: Term, axis: int) -> Term:
    """A term at the first step."""
    axis_of = sequence_axes(system.time)

    def leaf(leaf: NamedLeaf) -> Term:
        base, offset = unmoment(leaf.name)
        at = system.time[unbar(base)]
        shape = (*leaf.shape[:at], *leaf.shape[at + 1 :])
        if offset == 0:
            return NamedLeaf(shape, entry(leaf.name, 0), leaf.dtype)
        if offset != -1:
            raise NotByStep("a step other than the first")
        return NamedLeaf(shape, system.starts[base], leaf.dtype) if base in system.starts else number(0, shape)

    def position(place: Apply) -> Term:
        return number(0)

    return Rewriting(axis_of, leaf, position, keeps=False).term(term, axis)


def placed_array(system: SystemData, node: Node, name: str, way: str) -> Node:
    """The same for the array of what a line sends back."""
    if name == way:
        return node
    base, offset = unmoment(way)
    place = entry_place(way)
    if place is not None:
        base, axis = sequence_name(way), system.time[sequence_name(way)]
        shape = system.quantities[base].type.shape
        others = tuple(k for k in range(node.type.rank + 1) if k != axis)
        spread = apply("broadcast", node, shape=shape, axes=others)
        here = apply("equal", at_place(shape[axis], place), constant(1, ArrayType((shape[axis],))))
        return apply("where", apply("broadcast", here, shape=shape, axes=(axis,)), spread, constant(0, spread.type))
    if name == base:
        return moved_array(node, system.time[base], -offset)
    return entry_array(node, system.time[base], 0)


def value_at(system: SystemData, name: str, env: Mapping[str, Array]) -> Array:
    """The value of a name, also of a sequence at another step, from the values of quantities and signals."""
    base, offset = unmoment(name)
    place = entry_place(name)
    if name in env or (not offset and place is None):
        return env[name]
    base = sequence_name(name)
    values, axis = np.asarray(env[base]), system.time.get(unbar(base), 0)
    if place is not None and not -values.shape[axis] <= place < values.shape[axis]:
        what = f"'{unbar(base)}' has {values.shape[axis]} steps at the points that are tried, too few for one that is read."
        raise GraphError(what, f"  it reads step {place + 1}", "Write the line for any step.")
    if place is not None:
        return np.take(values, place, axis)
    size = np.shape(values)[axis]
    places = np.arange(size) + offset
    near = np.take(values, np.clip(places, 0, size - 1), axis)
    if offset > 0 and not is_bar(base):
        return near
    inside = np.expand_dims((places >= 0) & (places < size), tuple(k for k in range(values.ndim) if k != axis))
    start = np.expand_dims(env[system.starts[base]], axis) if offset == -1 and base in system.starts else 0.0
    return np.where(inside, near, start)


class Steps(dict[str, Node]):
    """The nodes of quantities and signals by name, to which those of other steps are added when they are asked for."""

    def __init__(self, system: SystemData, nodes: Mapping[str, Node]) -> None:
        super().__init__(nodes)
        self.system = system

    def __missing__(self, name: str) -> Node:
        base, offset = unmoment(name)
        system = self.system
        place = entry_place(name)
        if place is not None:
            base = sequence_name(name)
            self[name] = entry_array(self[base], system.time[unbar(base)], place)
        elif offset:
            start = self[system.starts[base]] if offset == -1 and base in system.starts else None
            # Beyond the last step a signal is 0; a quantity there only stands beside such a signal, and must be finite.
            edge = offset > 0 and not is_bar(base)
            self[name] = moved_array(self[base], system.time[unbar(base)], offset, start, edge=edge)
        else:
            raise KeyError(name)
        return self[name]


def backward_loop(
    system: SystemData, loop: Recurrence, terms: Mapping[str, Term], env: Mapping[str, Node]
) -> dict[str, Node]:
    """The bars of the lines of a recurrence, from the last step to the first; {} where they do not read each other's later steps.

    Raises EquationError where a bar reads more of a sequence than the later steps.
    """
    lines = {bar(name): terms[name] for name in reversed(loop.names) if name in terms}
    read = {unmoment(t.name) for term in lines.values() for t in subterms(term) if isinstance(t, NamedLeaf)}
    if not any(base in lines and offset for base, offset in read):
        return {}
    stepped = SteppedLines(lines, sequence_axes(system.time), Steps(system, env), {}, backwards=True, weighed=True)
    try:
        return stepped.run()
    except NotByStep as reason:
        raise EquationError(
            f"The backward pass of this recurrence cannot be computed step by step: {reason}.",
            Source(system.source).where(Span(*system.line(loop.names[0]).span)),
            "Let the lines that read it do so at their own step:  h_t, not the whole sequence h",
        ) from None


def moved_values(system: SystemData, name: str) -> dict[str, Node]:
    """For every quantity its node over the inputs and v, where whatever depends on v_t follows when it is moved; inputs are held.

    v is the sum of what its line gives and the distance by which it is moved from that, so later steps of v itself follow too.
    """
    values = {n: system.leaves[n] for n in system.inputs}
    free = system.leaves[name]
    loops = {n: loop for loop in system.recurrences for n in loop.names}
    if name not in loops:
        values[name] = free
    for line in system.lines:
        if line.name in values:
            continue
        group = dict(loops[line.name].values) if line.name in loops else {line.name: line.node}
        known = system.known(values)
        if name in group:
            (held,) = substitute([group[name]], known)
            group = with_distance(system, loops[name], name, values, free - held)
            known = {}
        values.update(zip(group, substitute(list(group.values()), known), strict=True))
    return values


def with_distance(
    system: SystemData, loop: Recurrence, name: str, values: Mapping[str, Node], distance: Node
) -> dict[str, Node]:
    """The lines of a recurrence with a distance added to one of its sequences at every step."""
    terms = {n: gather(system.line(n).node) for n in loop.names}
    terms[name] = total([terms[name], NamedLeaf(terms[name].shape, MOVED + name)], terms[name].shape)
    time = {**system.time, MOVED + name: system.time[name]}
    env = Steps(system, {**values, MOVED + name: distance})
    starts = {n: values[start] for n, start in system.starts.items()}
    return SteppedLines(terms, sequence_axes(time), env, starts).run()
