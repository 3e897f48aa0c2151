"""Coordinates across the layers: nodes aligned with the medians of their neighbours, long edges straight, nothing overlapping.

It knows layers, adjacency and the extent of each node, not what is drawn.

Source: U. Brandes, B. Köpf 2002, Fast and simple horizontal coordinate assignment, with the compaction over blocks as a whole
that their erratum (U. Brandes, J. Walter, J. Zink 2020) calls for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from wengert.notes.show.ordering import Adjacency, Layers

Extent = tuple[float, float]
"""How far a node reaches before and after its own coordinate."""


@dataclass(frozen=True)
class _Problem:
    layers: Layers
    above: Adjacency
    extents: Mapping[int, Extent]
    conflicts: Collection[tuple[int, int]]
    gap: float


def coordinates(
    layers: Layers,
    above: Adjacency,
    below: Adjacency,
    extents: Mapping[int, Extent],
    virtual: Collection[int],
    gap: float,
) -> dict[int, float]:
    """A coordinate for every node, so that neighbours in a layer are at least `gap` apart.

    Four assignments, aligned with the layer before or after and packed from either side, are averaged: the mean of the two
    middle ones keeps every distance.
    """
    conflicts = crossed_long_edges(layers, above, virtual)
    both = conflicts | {(b, a) for a, b in conflicts}
    mirrored = {node: (after, before) for node, (before, after) in extents.items()}
    found: list[dict[int, float]] = []
    for rows, neighbours in ((layers, above), (layers[::-1], below)):
        found.append(_one(_Problem(rows, neighbours, extents, both, gap)))
        flipped = _one(_Problem([row[::-1] for row in rows], neighbours, mirrored, both, gap))
        found.append({node: -x for node, x in flipped.items()})
    return _balanced(found, extents)


def crossed_long_edges(layers: Layers, above: Adjacency, virtual: Collection[int]) -> set[tuple[int, int]]:
    """Edges (upper, lower) that cross the inner segment of a long edge: they give way, so that the long edge is straight."""
    marked: set[tuple[int, int]] = set()
    for upper, lower in pairwise(layers):
        place = {node: k for k, node in enumerate(upper)}
        left, scanned = -1, 0
        for k, node in enumerate(lower):
            inner = next((u for u in above[node] if node in virtual and u in virtual), None)
            if inner is None and k < len(lower) - 1:
                continue
            right = place[inner] if inner is not None else len(upper)
            for other in lower[scanned : k + 1]:
                for u in above[other]:
                    if not left <= place[u] <= right and not (other in virtual and u in virtual):
                        marked.add((u, other))
            scanned, left = k + 1, right
    return marked


def _one(problem: _Problem) -> dict[int, float]:
    return _compact(problem, _blocks(problem))


def _blocks(problem: _Problem) -> dict[int, int]:
    """For each node the first node of the block of aligned nodes that it belongs to."""
    place = {node: k for layer in problem.layers for k, node in enumerate(layer)}
    root = {node: node for node in place}
    aligned: set[int] = set()
    for layer in problem.layers[1:]:
        last = -1
        for node in layer:
            around = sorted(problem.above[node], key=place.__getitem__)
            for k in dict.fromkeys(((len(around) - 1) // 2, len(around) // 2)):
                if not around or root[node] != node:
                    break
                other = around[k]
                if other not in aligned and last < place[other] and (other, node) not in problem.conflicts:
                    aligned.add(other)
                    root[node] = root[other]
                    last = place[other]
    return root


def _compact(problem: _Problem, root: Mapping[int, int]) -> dict[int, float]:
    """Blocks packed as far to the front as the distances allow, then moved back to close the holes."""
    needed: dict[tuple[int, int], float] = {}
    for layer in problem.layers:
        for a, b in pairwise(layer):
            pair = (root[a], root[b])
            distance = problem.extents[a][1] + problem.extents[b][0] + problem.gap
            needed[pair] = max(needed.get(pair, 0.0), distance)
    before: dict[int, list[int]] = {block: [] for block in root.values()}
    after: dict[int, list[int]] = {block: [] for block in root.values()}
    for a, b in needed:
        after[a].append(b)
        before[b].append(a)
    order = _topological(before, after)
    at: dict[int, float] = {}
    for block in order:
        at[block] = max((at[other] + needed[other, block] for other in before[block]), default=0.0)
    for block in reversed(order):
        if after[block]:
            at[block] = max(at[block], min(at[other] - needed[block, other] for other in after[block]))
    return {node: at[block] for node, block in root.items()}


def _topological(before: Mapping[int, list[int]], after: Mapping[int, list[int]]) -> list[int]:
    waiting = {block: len(others) for block, others in before.items()}
    order = [block for block, count in waiting.items() if count == 0]
    for block in order:
        for other in after[block]:
            waiting[other] -= 1
            if waiting[other] == 0:
                order.append(other)
    return order


def _balanced(found: list[dict[int, float]], extents: Mapping[int, Extent]) -> dict[int, float]:
    """The four assignments shifted onto the narrowest one, then for each node the mean of the two middle values."""
    spans = [
        (min(at[n] - extents[n][0] for n in at), max(at[n] + extents[n][1] for n in at)) for at in found if found[0]
    ]
    if not spans:
        return {}
    narrow = min(range(len(spans)), key=lambda k: (spans[k][1] - spans[k][0], k))
    shifts = [spans[narrow][k % 2] - spans[k][k % 2] for k in range(len(spans))]
    middle = {
        node: sum(sorted(at[node] + shift for at, shift in zip(found, shifts, strict=True))[1:3]) / 2
        for node in found[0]
    }
    start = min(middle[n] - extents[n][0] for n in middle)
    return {node: x - start for node, x in middle.items()}
