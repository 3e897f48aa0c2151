"""Derivatives and batches of branches and loops, by deriving their sub-graphs. It knows no array.

    forward    tangents are further carries beside what they are the tangents of
    reverse    the loop keeps what each step needs (see `residuals`), and a scan in the other direction carries cotangents
    batch      what depends on the batch has the axis; a row whose loop has ended keeps its carries

Which carries have a tangent, a cotangent or the axis is a least fixpoint: those that begin with one, and those that a step
gives one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wengert.core.autodiff.branches import batch_cond, jvp_cond, vjp_cond
from wengert.core.autodiff.entering import Entering, entering, truths_like
from wengert.core.autodiff.factors import gathered
from wengert.core.autodiff.forward import jvp
from wengert.core.autodiff.masks import strict_of
from wengert.core.autodiff.residuals import Reads, read_back, residuals
from wengert.core.autodiff.reverse import Adjoints, contributions
from wengert.core.autodiff.rows import batch_loop
from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import depends_on, topological
from wengert.core.ops.control import RULES, Cotangents, Rules, results
from wengert.core.ops.loop import Carry, FreeNames, Loop, Read, filled, names_of, read_only, zeros
from wengert.core.ops.primes import without_primes

Signals = list[Node | None]


# ---------------------------------------------------------------- forward


def jvp_loop(node: Node, tangents: Sequence[Node | None]) -> Signals:
    """The tangent of each result: one loop over the carries and their tangents."""
    loop = Loop.of(node)
    names, given = names_of(loop), dict(zip(loop.inner, tangents, strict=True))
    inner = {x: names.fresh("tangent", x) for x, t in given.items() if t is not None}
    while True:
        moved = jvp(loop.after, list(inner), list(inner.values()), masked=True)
        new = [c.inner for c, t in zip(loop.carries, moved, strict=False) if t is not None and c.inner not in inner]
        if not new:
            break
        inner.update((x, names.fresh("tangent", x)) for x in new)
    n = len(loop.carries)
    carries = [
        Carry(filled(given[c.inner], c.inner.type), inner[c.inner], filled(t, c.inner.type))
        for c, t in zip(loop.carries, moved, strict=False)
        if c.inner in inner
    ]

    def beside(reads: Sequence[Read]) -> list[Read]:
        return [Read(t, inner[x]) for _, x in reads if (t := given[x]) is not None]

    both = loop.with_more(carries, beside(loop.xs), beside(loop.consts))
    both = replace(both, ys=tuple(y for y in moved[n:] if y is not None))
    found = iter(results(both.node())[n:])
    present = [c.inner in inner for c in loop.carries] + [y is not None for y in moved[n:]]
    return [next(found) if has else None for has in present]


# ---------------------------------------------------------------- reverse


def vjp_loop(node: Node, cotangents: Cotangents) -> Signals:
    """The cotangent of each input: the loop again, recording, and a scan back over what it recorded."""
    loop = Loop.of(node)
    step = step_back(loop, cotangents)
    if not step.back:
        return [None] * len(node.inputs)
    found = residuals(loop, list(step.back.values()), step.signals)
    if loop.test is not None and not found.kept and all(y is None for y in step.of_ys):
        found.kept.append(constant(True, ArrayType((), "bool")))  # a tape that says how many steps there were
    recording = loop.recording(found.kept)
    recorded = node if recording.ys == loop.ys else recording.node()
    kept = [apply("item", recorded, index=recording.place(kept)) for kept in found.kept]
    cotangents.leaving.extend(x in step.doubts for x in loop.inner)
    return _scan_back(loop, step, read_back(loop, kept, found, step.back, step.names), cotangents.bars)


@dataclass
class StepBack:
    """The way back of one step, as nodes of the body: from cotangents of carries and ys to those of the inputs."""

    names: FreeNames
    of_carries: dict[Node, Node]
    """For the inner input of a carry that has a cotangent: the input that is the cotangent after the step."""
    of_ys: list[Node | None]
    """For each y the input that is its cotangent."""
    back: dict[Node, Node]
    """For each inner input its cotangent, where that is not zero, for the carries in `of_carries` in any case; and for each mask that is
    carried its truths after the step."""
    masks: Entering
    """The masks of the cotangents of carries and ys."""
    read: list[int]
    """Those of them that a step reads."""
    doubts: set[Node]
    """The inner inputs whose cotangents may be nothing in places."""

    @property
    def signals(self) -> list[Node]:
        """The inputs that are cotangents, or their masks."""
        return [*self.of_carries.values(), *(y for y in self.of_ys if y is not None), *self.masks.inputs(self.read)]


def step_back(loop: Loop, cotangents: Cotangents) -> StepBack:
    """The way back of one step of a loop."""
    names, n = names_of(loop), len(loop.carries)
    active = _active(loop, cotangents.wanted)
    of_ys = [
        None if bar is None else names.fresh("cotangent", y)
        for y, bar in zip(loop.ys, cotangents.bars[n:], strict=True)
    ]
    new = [c.inner for c, bar in zip(loop.carries, cotangents.bars, strict=False) if bar is not None]
    of_carries: dict[Node, Node] = {}
    masks = entering(loop.after, cotangents.bars, cotangents.masks, names)
    while True:
        of_carries.update((x, names.fresh("cotangent", x)) for x in new if x in active)
        signals = [*(of_carries.get(c.inner) for c in loop.carries), *of_ys]
        found = contributions(loop.after, active, signals, masked=True, masks=masks.masks)
        new = [c.inner for c in loop.carries if c.inner in found.bars and c.inner not in of_carries]
        doubted = [
            k
            for k, c in enumerate(loop.carries)
            if masks.inner[k] is None and strict_of(found.masks.get(c.inner)) is not None
        ]
        for k in doubted:
            masks.begin(k, truths_like(names, loop.carries[k].inner))
        if not new and not doubted:
            break
    back = {x: filled(found.bars.get(x), x.type) for x in active if x in found.bars or x in of_carries}
    read = _carried_masks(loop, found, masks, back)
    opened = without_primes([*loop.after, *back.values()])[len(loop.after) :]
    given = [*of_carries.values(), *(y for y in of_ys if y is not None)]
    doubts = {x for x in active if strict_of(found.masks.get(x)) is not None}
    after = dict(zip(back, gathered(opened, given), strict=True))
    return StepBack(names, of_carries, of_ys, after, masks, read, doubts)


def _carried_masks(loop: Loop, found: Adjoints, masks: Entering, back: dict[Node, Node]) -> list[int]:
    """Which masks a step reads; those of carries enter `back` with their truths after the step, which may read others."""
    read: list[int] = []
    while len(now := masks.read(back.values())) > len(read):
        for k in now:
            truths = masks.inner[k]
            if k < len(loop.carries) and truths is not None:
                mask = strict_of(found.masks.get(loop.carries[k].inner))
                back[truths] = constant(True, truths.type) if mask is None else mask.node
        read = now
    return read


def _active(loop: Loop, wanted: Sequence[bool]) -> list[Node]:
    """The inner inputs that depend on an input that wants a cotangent, in order."""
    active = {x for x, wants in zip(loop.inner, wanted, strict=True) if wants}
    while True:
        reached = depends_on(loop.after, active)
        new = {c.inner for c in loop.carries if c.after in reached and c.inner.type.is_float} - active
        if not new:
            return [x for x in loop.inner if x in active]
        active |= new


def _scan_back(loop: Loop, step: StepBack, read: Reads, bars: Sequence[Node | None]) -> Signals:
    """The scan in the other direction, and from its results the cotangent of each input of the loop."""
    n = len(loop.carries)
    bar = dict(zip((c.inner for c in loop.carries), bars, strict=False))
    carries = [Carry(filled(bar[x], x.type), g, read.back[x]) for x, g in step.of_carries.items()]
    masks = step.masks
    of_masks = {t: k for k in step.read if k < n and (t := masks.inner[k]) is not None}
    for truths, k in of_masks.items():
        outer = masks.outer[k]
        carries.append(Carry(constant(True, truths.type) if outer is None else outer.node, truths, read.back[truths]))
    totals = {x: step.names.fresh("total", x) for x in (k.inner for k in loop.consts) if x in read.back}
    carries += [Carry(zeros(x.type), total, total + read.back[x]) for x, total in totals.items()]
    slices = [x for x in (r.inner for r in loop.xs) if x in read.back]
    ys = [read.back[x] for x in slices]
    body = [*(c.after for c in carries), *ys]
    given = [Read(y, g) for g, y in zip(step.of_ys, bars[n:], strict=True) if g is not None and y is not None]
    further = [k for k in step.read if k >= n]
    given += [Read(*pair) for pair in zip(masks.given(further), masks.inputs(further), strict=True)]
    xs = [*read.xs, *read_only(loop.xs, body), *given]
    if loop.length is None and not xs:
        xs = list(loop.xs[:1])
    counted = loop.counter is not None and loop.counter in set(topological(body))
    scan = Loop(
        tuple(carries),
        tuple(xs),
        (*read.consts, *read_only(loop.consts, body)),
        tuple(ys),
        loop.length,
        not loop.reverse,
        loop.first if counted else None,
        loop.counter if counted else None,
    )
    found = dict(zip([*step.of_carries, *of_masks, *totals, *slices], results(scan.node()), strict=True))
    return [found.get(x) for x in loop.inner]


for _name in ("scan", "while_loop"):
    RULES[_name] = Rules(jvp_loop, vjp_loop, batch_loop)
RULES["cond"] = Rules(jvp_cond, vjp_cond, batch_cond)
