"""Updates: an array with some entries replaced is written over the old one, where nothing needs that any more.

It decides what has to be stored first so that new entries never read what they have overwritten; it knows no loop.
"""

from __future__ import annotations

from collections.abc import Container

from wengert.core.ir.graph import Node
from wengert.targets.native.loops.forms import LEAVES, UPDATES, entries_of, is_map, keeps_place

FAR = 300
"""So many nodes above the new entries are looked at; behind them everything may be read."""


def _early(node: Node) -> list[Node]:
    """The inputs of an update, of places and new entries, that would read the array where others are written if they were
    computed one by one.
    """
    array, entries = node.inputs[0], node.inputs[-1]
    found: list[Node] = []
    if node.op.name == "put" and _reaches(node, node.inputs[1], array, at_once=False):
        found.append(node.inputs[1])
    if entries_of(entries.shape) > 1 and _reaches(node, entries, array, at_once=node.op.name == "set_slice"):
        found.append(entries)
    return found


def _reaches(update: Node, start: Node, array: Node, at_once: bool) -> bool:
    """Whether an array is read by maps from a node on; with `at_once`, elsewhere than at the entries that are replaced."""
    stack, seen = [(start, at_once)], set[tuple[Node, bool]]()
    while stack:
        node, same = pair = stack.pop()
        if pair in seen:
            continue
        seen.add(pair)
        if node is array or len(seen) > FAR:
            return True
        if node.op.name in LEAVES or not is_map(node):
            continue
        if same and node.op.name == "slice" and node.inputs[0] is array and _same_entries(update, node):
            continue
        stack.extend((x, same and keeps_place(node)) for x in node.inputs)
    return False


def _same_entries(update: Node, part: Node) -> bool:
    """Whether a slice reads the entries that are replaced, each for itself."""
    pairs = zip(update.params["step"], part.params["step"], part.shape, strict=True)
    return update.params["start"] == part.params["start"] and all(a == b or size == 1 for a, b, size in pairs)


def stored_first(node: Node) -> list[Node]:
    """What has to lie in memory before an update, where the array may be written over."""
    array = node.inputs[0]
    may_be_written = array.op.name in ("input", "item") or (array.op.name not in LEAVES and not is_map(array))
    return [x for x in _early(node) if x is not array] if may_be_written else []


def is_written_over(node: Node, array: Node, stored: Container[Node]) -> bool:
    """Whether a node is an update of an array that reads it at no other entry than it writes."""
    if node.op.name not in UPDATES or node.inputs[0] is not array or array in node.inputs[1:]:
        return False
    return all(x in stored for x in _early(node))
