"""The order of the nodes in each layer, chosen so that few edges cross: barycentres, then swaps of neighbours.

It knows layers and adjacency, no sizes and no coordinates. The number of sweeps is fixed, so the result is the same every time.

Source: K. Sugiyama, S. Tagawa, M. Toda 1981, Methods for visual understanding of hierarchical system structures;
E. R. Gansner et al. 1993, A technique for drawing directed graphs, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Layers = list[list[int]]
Adjacency = Mapping[int, Sequence[int]]
SWEEPS = 16


def reduce_crossings(layers: Layers, above: Adjacency, below: Adjacency) -> Layers:
    """The layers in new orders; `above` and `below` are the neighbours of a node in the layer before and after its own."""
    best = [list(layer) for layer in layers]
    fewest = crossings(best, below)
    current = [list(layer) for layer in layers]
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        places = range(1, len(current)) if down else range(len(current) - 2, -1, -1)
        for k in places:
            fixed = current[k - 1] if down else current[k + 1]
            current[k] = by_barycentre(current[k], fixed, above if down else below, prefer_later=sweep % 4 >= 2)
        swap_neighbours(current, above, below)
        count = crossings(current, below)
        if count < fewest:
            fewest, best = count, [list(layer) for layer in current]
    return best


def by_barycentre(
    layer: list[int], fixed: list[int], neighbours: Adjacency, *, prefer_later: bool = False
) -> list[int]:
    """The layer sorted by the mean position of each node's neighbours in the fixed layer; a node that has none keeps its place."""
    place = {node: k for k, node in enumerate(fixed)}
    keys: dict[int, float] = {}
    for node in layer:
        around = [place[other] for other in neighbours[node]]
        if around:
            keys[node] = sum(around) / len(around)
    old = {node: (-k if prefer_later else k) for k, node in enumerate(layer)}
    moving = iter(sorted(keys, key=lambda node: (keys[node], old[node])))
    return [next(moving) if node in keys else node for node in layer]


def swap_neighbours(layers: Layers, above: Adjacency, below: Adjacency) -> None:
    """Swaps nodes that stand side by side as long as that removes crossings, in place."""
    place = {node: k for layer in layers for k, node in enumerate(layer)}
    for _ in range(4):
        improved = False
        for layer in layers:
            for k in range(len(layer) - 1):
                left, right = layer[k], layer[k + 1]
                gain = sum(
                    _crossed(side[left], side[right], place) - _crossed(side[right], side[left], place)
                    for side in (above, below)
                )
                if gain > 0:
                    layer[k], layer[k + 1] = right, left
                    place[left], place[right] = k + 1, k
                    improved = True
        if not improved:
            return


def _crossed(left: Sequence[int], right: Sequence[int], place: Mapping[int, int]) -> int:
    """Crossings between the edges of two neighbours that stand in this order."""
    return sum(place[a] > place[b] for a in left for b in right)


def crossings(layers: Layers, below: Adjacency) -> int:
    """The number of pairs of edges that cross, by counting inversions layer by layer in O(E log V)."""
    return sum(_between(layers[k], layers[k + 1], below) for k in range(len(layers) - 1))


def _between(upper: list[int], lower: list[int], below: Adjacency) -> int:
    place = {node: k for k, node in enumerate(lower)}
    ends = [place[other] for node in upper for other in sorted(below[node], key=place.__getitem__)]
    tree, size, count = [0] * (len(lower) + 1), len(lower), 0
    for seen, end in enumerate(ends):
        # Edges seen before this one that end at `end` or before it do not cross it.
        passed, k = 0, end + 1
        while k > 0:
            passed += tree[k]
            k -= k & -k
        count += seen - passed
        k = end + 1
        while k <= size:
            tree[k] += 1
            k += k & -k
    return count
