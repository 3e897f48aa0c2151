"""Arrays written part by part: joined ones, entries spread apart, entries added at looked-up places.

Each part is a sweep over its own space. It knows no target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wengert.core.ir.graph import Node
from wengert.targets.native.loops import routines
from wengert.targets.native.loops.access import Index, flat
from wengert.targets.native.loops.forms import ROUTINES, UPDATES, entries_of, numbers
from wengert.targets.native.loops.fuse import Kernel
from wengert.targets.native.loops.nest import Affine, Copy, Fill, Lookup, Statement
from wengert.targets.native.loops.pull import Place, Puller
from wengert.targets.native.loops.roots import Stored
from wengert.targets.native.loops.sweep import Sweep

if TYPE_CHECKING:
    from wengert.targets.native.loops.body import Body


def assemble(body: Body, root: Node) -> list[Statement]:
    """The statements that write the parts of an array."""
    place = body.places[root]
    assert isinstance(place, Place), "results lie in memory"
    if root.op.name == "concatenate":
        return _concatenate(body, root, place)
    if root.op.name in ROUTINES:
        return routines.call(body, root, place)
    size = entries_of(root.shape)
    if root.op.name in UPDATES:
        return [*_old_entries(body, root, place), *_new_entries(body, root, place)] if size else []
    if not size:
        return []
    clear = Fill(place.buffer, place.base, size)
    rest = _spread(body, root, place) if root.op.name == "pad" else _scatter(body, root, place)
    return [clear, *rest]


def _part(body: Body, node: Node) -> Puller:
    """A kernel over the entries of one part."""
    return body.puller(Kernel(-1, numbers(node.shape)))


def _swept(body: Body, puller: Puller, stored: Stored) -> list[Statement]:
    in_order = bool(stored.lookups)  # where places are equal the last write counts, and sums are added in one order
    return Sweep(puller.axes, puller.instructions, [stored], [], 1, body.threads and not in_order).nest()


def _concatenate(body: Body, root: Node, place: Place) -> list[Statement]:
    axis, first = root.params["axis"], 0
    statements: list[Statement] = []
    for part in root.inputs:
        sizes = numbers(part.shape)
        if 0 not in sizes:
            puller = _part(body, part)
            moved = tuple(i + first if k == axis else i for k, i in enumerate(puller.identity))
            index = place.base + flat(moved, numbers(root.shape))
            statements += _swept(body, puller, Stored(puller.entry(part), place.buffer, index))
        first += sizes[axis]
    return statements


def _spread(body: Body, root: Node, place: Place) -> list[Statement]:
    """Entries `step` apart, behind `low` zeros."""
    (x,) = root.inputs
    if 0 in numbers(x.shape):
        return []
    puller = _part(body, x)
    low, step = root.params["low"], root.params["step"]
    moved: Index = tuple(i * c + a for i, a, c in zip(puller.identity, low, step, strict=True))
    index = place.base + flat(moved, numbers(root.shape))
    return _swept(body, puller, Stored(puller.entry(x), place.buffer, index))


def _scatter(body: Body, root: Node, place: Place) -> list[Statement]:
    """y[b, m, place, t] += updates[b, m, k, t], in the order of the updates."""
    updates, indices = root.inputs
    if 0 in numbers(updates.shape):
        return []
    axis, batch = root.params["axis"], root.params["batch"]
    picked = indices.type.rank - batch
    sizes = numbers(root.shape)
    puller = _part(body, updates)
    identity = puller.identity
    where = puller.pull(indices, (*identity[:batch], *identity[axis : axis + picked]))
    fixed = (*identity[:axis], Affine(), *identity[axis + picked :])
    step = entries_of(sizes[axis + 1 :])
    lookup = Lookup(where, step, sizes[axis])
    index = place.base + flat(fixed, sizes)
    return _swept(body, puller, Stored(puller.entry(updates), place.buffer, index, (lookup,), "add"))


def _old_entries(body: Body, root: Node, place: Place) -> list[Statement]:
    """The array as it was, where it does not lie at the place already."""
    array = root.inputs[0]
    source = body.places.get(array)
    if source == place:
        return []
    if isinstance(source, Place):
        return [Copy(source.buffer, source.base, place.buffer, place.base, entries_of(root.shape))]
    puller = _part(body, array)
    index = place.base + flat(puller.identity, numbers(root.shape))
    return _swept(body, puller, Stored(puller.entry(array), place.buffer, index))


def _new_entries(body: Body, root: Node, place: Place) -> list[Statement]:
    """y at its places = entries, in their order."""
    entries = root.inputs[-1]
    if 0 in numbers(entries.shape):
        return []
    puller = _part(body, entries)
    sizes = numbers(root.shape)
    if root.op.name == "set_slice":
        pairs = zip(puller.identity, root.params["start"], root.params["step"], strict=True)
        index = place.base + flat(tuple(i * c + a for i, a, c in pairs), sizes)
        return _swept(body, puller, Stored(puller.entry(entries), place.buffer, index))
    axis, batch, identity = root.params["axis"], root.params["batch"], puller.identity
    where = puller.pull(root.inputs[1], (*identity[:batch], identity[axis]))
    index = place.base + flat((*identity[:axis], Affine(), *identity[axis + 1 :]), sizes)
    lookup = Lookup(where, entries_of(sizes[axis + 1 :]), sizes[axis])
    return _swept(body, puller, Stored(puller.entry(entries), place.buffer, index, (lookup,)))
