"""Sequences over time: terms at one step or some steps on, the arrays of other steps, and lines that run as one loop.

A line of a recurrence is a term over whole sequences, in which v_{t−1} is a leaf of its own. At one step the axis of time is gone, and the
leaves of other steps are what the loop carries. It must not know derivatives.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.names import is_bar, moment, sequence_name, unmoment
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ops.build import TermBuilder
from wengert.core.ops.calls import REDUCTIONS
from wengert.core.ops.control import results
from wengert.core.ops.gathering import gather
from wengert.core.ops.normal_form import product, total
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term, number, subterms

MATRICES = ("inv", "det", "cofactors", "solve")
STEP = "step @"
"""The leaf of the number of a step, counted from 0."""
Axes = Callable[[str], int | None]
"""The axis of time of the quantity of a leaf, None where it has none."""


class NotByStep(Exception):
    """A part of a line that cannot be taken at one step; the text says why."""


@dataclass(frozen=True)
class Rewriting:
    """A term rebuilt along one axis of time: what becomes of its leaves and of the number of the step; `keeps` the axis or drops it."""

    axis_of: Axes
    leaf: Callable[[NamedLeaf], Term]
    position: Callable[[Apply], Term]
    keeps: bool

    def term(self, term: Term, axis: int) -> Term:
        """The term, whose axis `axis` runs over time."""
        if isinstance(term, NamedLeaf):
            if self.axis_of(term.name) != axis:
                raise NotByStep(f"'{term.name}' does not run over time there")
            return self.leaf(term)
        if isinstance(term, Add):
            return total([self.term(t, axis) for t in term.terms], self.shape(term, axis))
        if isinstance(term, ProductTerm):
            return self.product(term, axis)
        assert isinstance(term, Apply)
        return self.apply(term, axis)

    def shape(self, term: Term, axis: int) -> tuple[Size, ...]:
        return term.shape if self.keeps else (*term.shape[:axis], *term.shape[axis + 1 :])

    def product(self, term: ProductTerm, axis: int) -> Term:
        label = term.out[axis]
        if term.out.count(label) > 1:
            raise NotByStep("a diagonal over time")
        factors: list[Factor] = []
        for f in term.factors:
            places = [k for k, q in enumerate(f.labels) if q == label]
            if len(places) > 1:
                raise NotByStep("a diagonal over time")
            if not places:
                factors.append(f)
                continue
            labels = f.labels if self.keeps else tuple(q for q in f.labels if q != label)
            factors.append(Factor(self.term(f.term, places[0]), labels, f.exponent))
        out = term.out if self.keeps else tuple(q for q in term.out if q != label)
        return product(term.coef, factors, out, term.sizes)

    def apply(self, term: Apply, axis: int) -> Term:
        if term.op == "position":
            return self.position(term)
        params: dict[str, Any] = dict(term.params)
        inner = axis
        if term.op in REDUCTIONS:
            axes: tuple[int, ...] = params["axes"]
            inner = [k for k in range(term.args[0].rank) if k not in axes][axis]
            if not self.keeps:
                params["axes"] = tuple(k - (k > inner) for k in axes)
        elif "axis" in params and not self.keeps:
            if params["axis"] == axis:
                raise NotByStep(f"'{term.op}' over time")
            params["axis"] -= params["axis"] > axis
        elif term.op in MATRICES and axis >= term.args[0].rank - 2:
            raise NotByStep(f"'{term.op}' over time")
        args = tuple(self.term(arg, inner) for arg in term.args)
        if term.op == "cast" and (value := constant_value(args[0])) is not None and term.dtype != "bool":
            return number(value, self.shape(term, axis))
        return Apply(self.shape(term, axis), term.op, args, tuple(sorted(params.items())), term.dtype)


COMPARED = {
    "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge,
}  # fmt: skip


def constant_value(term: Term) -> Fraction | None:
    """The number that a term is, 1 or 0 for a condition between numbers; None for any other term."""
    if isinstance(term, Add):
        parts = [constant_value(part) for part in term.terms]
        return sum((p for p in parts if p is not None), Fraction(0)) if None not in parts else None
    if isinstance(term, Apply):
        values = [constant_value(arg) for arg in term.args]
        if term.op in COMPARED and len(values) == 2 and values[0] is not None and values[1] is not None:
            return Fraction(COMPARED[term.op](values[0], values[1]))
        return None
    return term.coef if isinstance(term, ProductTerm) and not term.factors and not term.summed else None


def at_step(term: Term, axis: int, axis_of: Axes, name: Callable[[str], str]) -> Term:
    """The term at one step: without its axis of time, each sequence under another name.

    Raises NotByStep.
    """

    def leaf(leaf: NamedLeaf) -> Term:
        return NamedLeaf(
            (*leaf.shape[: axis_of(leaf.name)], *leaf.shape[(axis_of(leaf.name) or 0) + 1 :]),
            name(leaf.name),
            leaf.dtype,
        )

    def position(place: Apply) -> Term:
        step = NamedLeaf((), name(STEP), "int64")
        return step if place.dtype == "int64" else Apply((), "cast", (step,), (("dtype", place.dtype),), place.dtype)

    return Rewriting(axis_of, leaf, position, keeps=False).term(term, axis)


def moved(term: Term, axis: int, axis_of: Axes, by: int) -> Term:
    """The term some steps on, c_{t+k} for c_t, and 0 beyond the last step.

    Raises NotByStep.
    """

    def position(place: Apply) -> Term:
        return total([place, number(by, place.shape)], place.shape)

    def leaf(leaf: NamedLeaf) -> Term:
        return NamedLeaf(leaf.shape, moment(leaf.name, by), leaf.dtype)

    work = Rewriting(axis_of, leaf, position, keeps=True)
    parts: list[Term] = []
    for part in term.terms if isinstance(term, Add) else (term,):
        new = work.term(part, axis)
        parts.append(new if vanishes(part, axis, axis_of) else times(new, axis, before_end(term.shape[axis], by)))
    return total(parts, term.shape)


def times(term: Term, axis: int, indicator: Node) -> Term:
    """The term with a factor that depends on one of its axes."""
    labels = tuple(range(term.rank))
    return product(ONE, [Factor(term, labels), Factor(gather(indicator), (axis,))], labels, term.shape)


def at_entry(term: Term, axis: int, size: Size, place: int) -> Term:
    """The term at one place of a new axis, 0 at the others."""
    labels = tuple(k for k in range(term.rank + 1) if k != axis)
    shape = (*term.shape[:axis], size, *term.shape[axis:])
    indicator = gather(at_place(size, place))
    return product(ONE, [Factor(term, labels), Factor(indicator, (axis,))], tuple(range(term.rank + 1)), shape)


def vanishes(term: Term, axis: int, axis_of: Axes) -> bool:
    """Whether a term is 0 beyond the last step, because an error signal is a factor of it."""
    if isinstance(term, NamedLeaf):
        return is_bar(term.name) and axis_of(term.name) == axis
    if isinstance(term, Add):
        return all(vanishes(t, axis, axis_of) for t in term.terms)
    if isinstance(term, ProductTerm):
        label = term.out[axis]
        return any(
            f.exponent > 0 and label in f.labels and vanishes(f.term, f.labels.index(label), axis_of)
            for f in term.factors
        )
    return False


def runs(term: Term, axis: int, axis_of: Axes) -> bool:
    """Whether some sequence in a term has its axis of time at an axis of the term."""
    if isinstance(term, NamedLeaf):
        return axis_of(term.name) == axis
    if isinstance(term, Add):
        return any(runs(t, axis, axis_of) for t in term.terms)
    if isinstance(term, ProductTerm):
        places = ((f.term, k) for f in term.factors for k, q in enumerate(f.labels) if q == term.out[axis])
        return any(runs(inner, k, axis_of) for inner, k in places)
    assert isinstance(term, Apply)
    if term.op in REDUCTIONS:
        axis = [k for k in range(term.args[0].rank) if k not in term.param("axes")][axis]
    return any(axis < arg.rank and runs(arg, axis, axis_of) for arg in term.args)


# ---------------------------------------------------------------- arrays of other steps


def moved_array(x: Node, axis: int, by: int, beyond: Node | None = None, *, edge: bool = False) -> Node:
    """y_t = x_{t+k}; where that is no step, the value `beyond` of one step, the nearest entry with `edge`, or 0."""
    size = x.shape[axis]
    place = apply("position", size=size, dtype="int64")
    type = ArrayType(place.shape, "int64")
    index = place + constant(by, type)
    last = apply("cast", apply("size_of", size=size, dtype="float64"), dtype="int64")
    last = apply("broadcast", last - constant(1, ArrayType((), "int64")), shape=place.shape, axes=())
    near = apply("minimum", apply("maximum", index, constant(0, type)), last)
    taken = apply("gather", x, near, axis=axis, batch=0)
    if edge:
        return taken
    inside = apply("equal", near, index)
    inside = apply("broadcast", inside, shape=x.shape, axes=(axis,))
    others = tuple(k for k in range(x.type.rank) if k != axis)
    rest = constant(0, x.type) if beyond is None else apply("broadcast", beyond, shape=x.shape, axes=others)
    return apply("where", inside, taken, rest)


def entry_array(x: Node, axis: int, place: int) -> Node:
    """The entry at a place, counted from the end where it is negative."""
    scalar = ArrayType((), "int64")
    if place >= 0:
        return apply("gather", x, constant(place, scalar), axis=axis, batch=0)
    length = apply("cast", apply("size_of", size=x.shape[axis], dtype="float64"), dtype="int64")
    return apply("gather", x, length + constant(place, scalar), axis=axis, batch=0)


def at_place(size: Size, place: int) -> Node:
    """⟦t = place⟧ along an axis, counted from the end where the place is negative."""
    step = apply("position", size=size, dtype="float64")
    return apply("cast", apply("equal", step, _filled(size, place, step.type)), dtype="float64")


def before_end(size: Size, by: int) -> Node:
    """⟦t + by is a step⟧ along an axis."""
    step = apply("position", size=size, dtype="float64")
    return apply("cast", apply("less", step, _filled(size, -by, step.type)), dtype="float64")


def _filled(size: Size, place: int, type: ArrayType) -> Node:
    """A place as a number at every step; a negative one counts from the end."""
    if place >= 0:
        return constant(place, type)
    if isinstance(size, int):
        return constant(size + place, type)
    length = apply("size_of", size=size, dtype="float64")
    return apply("broadcast", length + constant(place, length.type), shape=type.shape, axes=())


# ---------------------------------------------------------------- loops


@dataclass
class SteppedLines:
    """Lines that run step by step: terms over whole sequences, by name and in their order within a step.

    `env` has the nodes of all that they read from outside, `starts` the value before the first step of a sequence where that is not 0;
    `backwards` runs from the last step to the first. An error signal that is exactly 0 annihilates a slope that is not finite where
    `weighed`.
    """

    lines: Mapping[str, Term]
    axis_of: Axes
    env: Mapping[str, Node]
    starts: Mapping[str, Node]
    backwards: bool = False
    weighed: bool = False
    carries: dict[str, Node] = field(default_factory=dict[str, Node])
    slices: dict[str, Node] = field(default_factory=dict[str, Node])
    constants: dict[str, Node] = field(default_factory=dict[str, Node])

    def run(self) -> dict[str, Node]:
        """The whole sequences.

        Raises NotByStep.
        """
        steps = {name: self.at_step(name, term) for name, term in self.lines.items()}
        counter = input_node(STEP, ArrayType((), "int64"))
        self.collect(steps)
        inner: dict[str, Node] = {**self.carries, **self.slices, **self.constants}
        inner[own(STEP)] = counter
        for name, step in steps.items():
            inner[own(name)] = TermBuilder(inner, weighed=self.weighed).build(step)
        carried = list(self.carries)
        after = [self.after(name, inner) for name in carried]
        body = Graph(
            (counter, *self.carries.values(), *self.slices.values(), *self.constants.values()),
            (*after, *(inner[own(name)] for name in steps)),
        )
        node = apply(
            "scan",
            *(self.initial(name) for name in carried),
            *(to_front(self.env[unowned(name)], self.axis(name)) for name in self.slices),
            *(self.env[name] for name in self.constants),
            body=body,
            carries=len(carried),
            xs=len(self.slices),
            length=self.length(),
            reverse=self.backwards,
            first=0,
        )
        stacks = results(node)[len(carried) :]
        return {name: from_front(stack, self.axis(name)) for name, stack in zip(steps, stacks, strict=True)}

    def at_step(self, name: str, term: Term) -> Term:
        step = at_step(term, self.axis(name), self.axis_of, own)
        for leaf in subterms(step):
            if isinstance(leaf, NamedLeaf) and sequence_name(leaf.name) in self.lines:
                raise NotByStep(f"'{name}' reads other steps of '{unmoment(leaf.name)[0]}' at once")
        return step

    def axis(self, name: str) -> int:
        axis = self.axis_of(unowned(name))
        assert axis is not None
        return axis

    def length(self) -> Size:
        name, term = next(iter(self.lines.items()))
        return term.shape[self.axis(name)]

    def collect(self, steps: Mapping[str, Term]) -> None:
        """The inputs of a step: what is carried, what is read at this step, and what is the same at every step."""
        for leaf in (t for step in steps.values() for t in subterms(step) if isinstance(t, NamedLeaf)):
            type = ArrayType(leaf.shape, leaf.dtype)
            if leaf.name == own(STEP):
                continue
            if not leaf.name.endswith(OWN):
                self.constants.setdefault(leaf.name, input_node(leaf.name, type))
                continue
            base, offset = unmoment(unowned(leaf.name))
            if base not in self.lines:
                self.slices.setdefault(leaf.name, input_node(leaf.name, type))
            elif offset:
                for k in range(1, abs(offset) + 1):
                    key = own(moment(base, k if self.backwards else -k))
                    self.carries.setdefault(key, input_node(key, type))

    def after(self, carried: str, inner: Mapping[str, Node]) -> Node:
        """What a carry is at the next step: v_{t−1} becomes v_t, v_{t−2} becomes v_{t−1}."""
        base, offset = unmoment(unowned(carried))
        return inner[own(moment(base, offset + (-1 if self.backwards else 1)))]

    def initial(self, carried: str) -> Node:
        base, offset = unmoment(unowned(carried))
        if abs(offset) == 1 and base in self.starts:
            return self.starts[base]
        return constant(0, self.carries[carried].type)


OWN = " @t"


def own(name: str) -> str:
    """The name of a sequence's entry at the step that is computed."""
    return name + OWN


def unowned(name: str) -> str:
    """The sequence of such a name."""
    return name.removesuffix(OWN)


def to_front(node: Node, axis: int) -> Node:
    """The axis of time first."""
    rank = node.type.rank
    return node if axis == 0 else apply("transpose", node, axes=(axis, *(k for k in range(rank) if k != axis)))


def from_front(node: Node, axis: int) -> Node:
    """The axis of time, which is the first, at its own place."""
    order = [*range(1, node.type.rank)]
    order.insert(axis, 0)
    return node if axis == 0 else apply("transpose", node, axes=tuple(order))


def sequence_axes(time: Mapping[str, int]) -> Callable[[str], Any]:
    """The axis of time by the name of a leaf: that of its quantity, for its error signal and for other steps too."""

    def axis_of(name: str) -> int | None:
        base = unmoment(name)[0]
        return time.get(base.removeprefix("bar "))

    return axis_of
