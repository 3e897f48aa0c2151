"""Dead code: what is computed and never read.

A graph holds only what its outputs reach, so a node dies when nothing reads it. What is left for this pass are entries and
branches: the part of a concatenation that a slice leaves out, zeros of a pad that are cut off again, the branch of a `where`
whose condition is known. What stands there to be derived, 0/x for a slope of 0 that jumps, is 0 in a graph that runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological
from wengert.core.ops.structural import broadcast
from wengert.core.ops.windows import concatenate, pad
from wengert.core.passes.patterns import call, where
from wengert.core.passes.rewrite import Maker, Procedure, Rewrite, Rule, rewrite


def eliminate(graph: Graph) -> Graph:
    """The graph without entries and branches that no output reads."""
    return rewrite(graph, DEAD).graph


def dead(before: Graph, after: Graph) -> list[Node]:
    """The nodes that the outputs of one graph need and those of another do not: what a pass removed or replaced."""
    kept = set(topological(after.outputs))
    return [node for node in topological(before.outputs) if node not in kept]


def _steps_of_one(node: Node) -> bool:
    return all(step == 1 for step in node.params.get("step", ()))


def _slice_of_concatenate(node: Node, make: Maker) -> Node | None:
    """A slice that reads one part only is a slice of that part."""
    (joined,) = node.inputs
    if joined.op is not concatenate or len(joined.inputs) < 2:
        return None
    axis = joined.params["axis"]
    start, stop = node.params["start"], node.params["stop"]
    begin = 0
    for part in joined.inputs:
        end = begin + part.shape[axis]
        if begin <= start[axis] and stop[axis] <= end and start[axis] < stop[axis]:
            moved = {
                "start": (*start[:axis], start[axis] - begin, *start[axis + 1 :]),
                "stop": (*stop[:axis], stop[axis] - begin, *stop[axis + 1 :]),
                "step": node.params["step"],
            }
            return make("slice", (part,), moved)
        begin = end
    return None


def _slice_of_pad(node: Node, make: Maker) -> Node | None:
    """A slice that reads none of the zeros of a pad is a slice of what was padded."""
    (padded,) = node.inputs
    if padded.op is not pad or not _steps_of_one(padded):
        return None
    low, inner = padded.params["low"], padded.inputs[0].shape
    start, stop = list(node.params["start"]), list(node.params["stop"])
    for axis, size in enumerate(inner):
        if padded.shape[axis] == size:
            continue
        if not (isinstance(size, int) and low[axis] <= start[axis] < stop[axis] <= low[axis] + size):
            return None
        start[axis] -= low[axis]
        stop[axis] -= low[axis]
    return make("slice", padded.inputs, {"start": tuple(start), "stop": tuple(stop), "step": node.params["step"]})


def _slice_of_broadcast(node: Node, make: Maker) -> Node | None:
    """A slice of a broadcast is the broadcast of a slice: entries that are all the same are made once."""
    (wide,) = node.inputs
    if wide.op is not broadcast:
        return None
    axes = wide.params["axes"]
    cut = {name: tuple(node.params[name][axis] for axis in axes) for name in ("start", "stop", "step")}
    return make("broadcast", (make("slice", wide.inputs, cut),), {"shape": node.shape, "axes": axes})


def _trivial_slice(node: Node, make: Maker) -> Node | None:
    whole = all(start == 0 for start in node.params["start"]) and all(step == 1 for step in node.params["step"])
    return node.inputs[0] if whole and node.shape == node.inputs[0].shape else None


def _trivial_pad(node: Node, make: Maker) -> Node | None:
    return node.inputs[0] if node.shape == node.inputs[0].shape and _steps_of_one(node) else None


def _slice(x: Node, start: Sequence[int], stop: Sequence[int], step: Sequence[int]) -> Node:
    return apply("slice", x, start=tuple(start), stop=tuple(stop), step=tuple(step))


def _x(*shape: int) -> Node:
    return input_node("x", ArrayType(shape))


def _concatenated() -> list[Node]:
    y = input_node("y", ArrayType((3, 2)))
    both = apply("concatenate", _x(4, 2), y, axis=0)
    return [_slice(both, (4, 0), (7, 2), (2, 1)), _slice(both, (1, 1), (4, 2), (1, 1))]


def _padded() -> list[Node]:
    wide = apply("pad", _x(4, 2), low=(1, 0), high=(2, 0))
    return [_slice(wide, (1, 0), (5, 2), (1, 1)), _slice(wide, (2, 1), (5, 2), (2, 1))]


def _broadcasts() -> list[Node]:
    wide = apply("broadcast", _x(4), shape=(3, 4), axes=(1,))
    return [_slice(wide, (1, 0), (3, 3), (1, 2)), _slice(wide, (0, 1), (3, 2), (2, 1))]


_BRANCHES = ({"x": ArrayType((5,)), "y": ArrayType((5,))},)

DEAD: tuple[Rewrite, ...] = (
    Rule("known-condition", lambda x, y: where(True, x, y), lambda x, y: x, exact=True, examples=_BRANCHES, complex=True),
    Rule("known-condition", lambda x, y: where(False, x, y), lambda x, y: y, exact=True, examples=_BRANCHES, complex=True),
    Rule("slope-at-least", lambda x: call("ratio", 0, x), lambda x: 0, exact=False, ulps=0, valid="finite(x)"),
    Rule("direction", lambda x, y: call("direction", x, y, along=0), lambda x, y: call("ratio", x, call("hypot", x, y)), exact=True),
    Rule("direction", lambda x, y: call("direction", x, y, along=1), lambda x, y: call("ratio", y, call("hypot", x, y)), exact=True),
    Procedure("whole-slice", ["slice"], _trivial_slice, "slice(x), all of it → x", exact=True, samples=lambda: [_slice(_x(3), (0,), (3,), (1,))], complex=True),
    Procedure("empty-pad", ["pad"], _trivial_pad, "pad(x) by nothing → x", exact=True, samples=lambda: [apply("pad", _x(3), low=(0,), high=(0,))], complex=True),
    Procedure("slice-of-concatenate", ["slice"], _slice_of_concatenate, "slice(concatenate(…, x, …)) inside x → slice(x)", exact=True, samples=_concatenated, complex=True),
    Procedure("slice-of-pad", ["slice"], _slice_of_pad, "slice(pad(x)) inside x → slice(x)", exact=True, samples=_padded, complex=True),
    Procedure("slice-of-broadcast", ["slice"], _slice_of_broadcast, "slice(broadcast(x)) → broadcast(slice(x))", exact=True, samples=_broadcasts, complex=True),
)  # fmt: skip
"""What is never read, and what is read instead."""

__all__ = ["DEAD", "dead", "eliminate"]
