"""A directed acyclic graph in layers: which layer, in which order, at which coordinates, and the way of each edge.

Two coordinates, whatever the page's direction: `along` runs with the edges, `across` within a layer. Edges run straight through
a layer, each in a lane of its own, and bend only between layers; so none runs through a box. It knows boxes, not what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from wengert.notes.show.alignment import Extent, coordinates
from wengert.notes.show.ordering import Layers, reduce_crossings

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A node to place: its size along the edges, how far it reaches across before and after its middle, and the height
    across within which edges may touch it."""

    along: float
    before: float
    after: float
    ports: float = 0.0


@dataclass(frozen=True)
class Link:
    """An edge; where it carries a label, the label's size along and across (it stands after the edge's line)."""

    tail: str
    head: str
    label: tuple[float, float] | None = None


@dataclass(frozen=True)
class Spacing:
    """Distances: between boxes in a layer, the lane of an edge, between layers at least and at most, between ports."""

    gap: float = 14.0
    lane: float = 12.0
    least: float = 34.0
    most: float = 100.0
    port: float = 14.0


@dataclass(frozen=True)
class Route:
    """The way of an edge: pairs of points; straight from first to second of a pair, an S-curve from pair to pair.

    `label` is the middle of the label where there is one.
    """

    stretches: tuple[tuple[Point, Point], ...]
    label: Point | None = None


@dataclass(frozen=True)
class BoxPlacement:
    """Middles of the boxes, ways of the edges in the order they were given, and the size of the whole from (0, 0)."""

    middles: Mapping[str, Point]
    routes: tuple[Route, ...]
    along: float
    across: float
    layers: int


@dataclass
class _Chain:
    """An edge as nodes: tail, virtual nodes in the layers between, head; and which of them carries the label."""

    link: Link
    nodes: list[int]
    labelled: int | None = None


@dataclass
class _Drawing:
    boxes: Mapping[str, Box]
    spacing: Spacing
    ids: dict[str, int] = field(default_factory=dict[str, int])
    layers: Layers = field(default_factory=list[list[int]])
    chains: list[_Chain] = field(default_factory=list[_Chain])
    above: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    below: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    extents: dict[int, Extent] = field(default_factory=dict[int, Extent])
    lengths: dict[int, float] = field(default_factory=dict[int, float])


def layout(boxes: Mapping[str, Box], links: Sequence[Link], spacing: Spacing | None = None) -> BoxPlacement:
    """Boxes and edges placed; the same input gives the same picture.

    The edges must have no cycle and no edge may be given twice.
    """
    drawing = _Drawing(boxes, spacing or Spacing())
    layer = assign_layers(list(boxes), [(link.tail, link.head) for link in links])
    _build(drawing, links, layer)
    drawing.layers = reduce_crossings(drawing.layers, drawing.above, drawing.below)
    virtual = set(drawing.extents) - set(drawing.ids.values())
    across = coordinates(drawing.layers, drawing.above, drawing.below, drawing.extents, virtual, drawing.spacing.gap)
    return _routed(drawing, across)


def assign_layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """A layer for every node, each edge running to a later one: longest paths, then nodes moved to shorten the edges.

    A node with more children than parents moves toward its children, so an input stands directly before its first use.
    """
    parents: dict[str, list[str]] = {name: [] for name in names}
    children: dict[str, list[str]] = {name: [] for name in names}
    for tail, head in edges:
        parents[head].append(tail)
        children[tail].append(head)
    order = _sorted(names, parents, children)
    early: dict[str, int] = {}
    for name in order:
        early[name] = max((early[p] + 1 for p in parents[name]), default=0)
    late: dict[str, int] = {}
    for name in reversed(order):
        late[name] = min((late[c] for c in children[name]), default=max(early.values()) + 1) - 1
    for layer in (early, late):
        _shorten(layer, order, parents, children)
    best = min((early, late), key=lambda layer: sum(layer[head] - layer[tail] for tail, head in edges))
    used = {old: new for new, old in enumerate(sorted(set(best.values())))}
    return {name: used[best[name]] for name in names}


def _shorten(
    layer: dict[str, int],
    order: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    children: Mapping[str, Sequence[str]],
) -> None:
    """Moves each node toward the side on which it has more edges, until none moves; every move shortens the sum of the edges."""
    moved = True
    while moved:
        moved = False
        for name in (*reversed(order), *order):
            pull = len(children[name]) - len(parents[name])
            target = layer[name]
            if pull > 0:
                target = min(layer[c] for c in children[name]) - 1
            elif pull < 0:
                target = max(layer[p] for p in parents[name]) + 1
            moved |= target != layer[name]
            layer[name] = target


def _sorted(
    names: Sequence[str], parents: Mapping[str, Sequence[str]], children: Mapping[str, Sequence[str]]
) -> list[str]:
    waiting = {name: len(parents[name]) for name in names}
    order = [name for name in names if not waiting[name]]
    for name in order:
        for child in children[name]:
            waiting[child] -= 1
            if not waiting[child]:
                order.append(child)
    assert len(order) == len(names), "the graph has a cycle"
    return order


def _build(drawing: _Drawing, links: Sequence[Link], layer: Mapping[str, int]) -> None:
    """Nodes and virtual nodes in their layers, with neighbours and extents; labels get layers between those of the boxes."""
    scale = 2 if any(link.label for link in links) else 1
    drawing.layers = [[] for _ in range(scale * max(layer.values(), default=-1) + 1)]
    for name, box in drawing.boxes.items():
        node = _new(drawing, scale * layer[name], (box.before, box.after), box.along)
        drawing.ids[name] = node
    lane = drawing.spacing.lane / 2
    for link in links:
        start, end = scale * layer[link.tail], scale * layer[link.head]
        middle = start + 1 + 2 * ((end - start) // 2 // 2) if link.label else -1
        chain = _Chain(link, [drawing.ids[link.tail]])
        for k in range(start + 1, end):
            if k == middle and link.label:
                chain.labelled = len(chain.nodes)
                chain.nodes.append(_new(drawing, k, (lane, lane + link.label[1]), link.label[0]))
            else:
                chain.nodes.append(_new(drawing, k, (lane, lane), 0.0))
        chain.nodes.append(drawing.ids[link.head])
        for a, b in pairwise(chain.nodes):
            drawing.below[a].append(b)
            drawing.above[b].append(a)
        drawing.chains.append(chain)


def _new(drawing: _Drawing, layer: int, extent: Extent, length: float) -> int:
    node = len(drawing.extents)
    drawing.layers[layer].append(node)
    drawing.extents[node], drawing.lengths[node] = extent, length
    drawing.above[node], drawing.below[node] = [], []
    return node


def _routed(drawing: _Drawing, across: Mapping[int, float]) -> BoxPlacement:
    """Ports, places of the layers along the edges, and the stretches of every edge."""
    starts, ends = _ports(drawing, across, "tail"), _ports(drawing, across, "head")
    lines = [
        [starts[k], *(across[node] for node in chain.nodes[1:-1]), ends[k]] for k, chain in enumerate(drawing.chains)
    ]
    number = {node: k for k, layer in enumerate(drawing.layers) for node in layer}
    columns, total = _columns(drawing, lines, number)
    routes: list[Route] = []
    for chain, line in zip(drawing.chains, lines, strict=True):
        stretches: list[tuple[Point, Point]] = []
        label: Point | None = None
        for k, (node, y) in enumerate(zip(chain.nodes, line, strict=True)):
            left, right = columns[number[node]]
            middle, half = (left + right) / 2, drawing.lengths[node] / 2
            first = middle + half if k == 0 else left
            last = middle - half if k == len(line) - 1 else right
            stretches.append(((first, y), (last, y)))
            if k == chain.labelled and chain.link.label:
                label = (middle, y + drawing.spacing.lane / 2 + chain.link.label[1] / 2)
        routes.append(Route(tuple(stretches), label))
    middles = {name: (sum(columns[number[node]]) / 2, across[node]) for name, node in drawing.ids.items()}
    depth = max((across[n] + drawing.extents[n][1] for n in across), default=0.0)
    return BoxPlacement(middles, tuple(routes), total, depth, len(drawing.layers))


def _ports(drawing: _Drawing, across: Mapping[int, float], side: str) -> list[float]:
    """Where each edge touches its tail or its head, across: spread over the box in the order of where the edges go."""
    at: list[float] = [0.0] * len(drawing.chains)
    groups: dict[str, list[int]] = {}
    for k, chain in enumerate(drawing.chains):
        groups.setdefault(chain.link.tail if side == "tail" else chain.link.head, []).append(k)
    for name, members in groups.items():

        def toward(k: int) -> float:
            nodes = drawing.chains[k].nodes
            return across[nodes[1] if side == "tail" else nodes[-2]]

        members.sort(key=toward)
        room = max(drawing.boxes[name].ports, 0.0)
        step = min(drawing.spacing.port, room / (len(members) - 1)) if len(members) > 1 else 0.0
        middle = across[drawing.ids[name]]
        for place, k in enumerate(members):
            at[k] = middle + (place - (len(members) - 1) / 2) * step
    return at


def _columns(
    drawing: _Drawing, lines: Sequence[Sequence[float]], number: Mapping[int, int]
) -> tuple[list[tuple[float, float]], float]:
    """Begin and end of every layer along the edges; steep edges get more room between their layers."""
    steepest = [0.0] * len(drawing.layers)
    for chain, line in zip(drawing.chains, lines, strict=True):
        for a, here, there in zip(chain.nodes, line, line[1:], strict=False):
            steepest[number[a]] = max(steepest[number[a]], abs(there - here))
    labelled = any(chain.labelled is not None for chain in drawing.chains)
    spacing, begin = drawing.spacing, 0.0
    columns: list[tuple[float, float]] = []
    for layer, steep in zip(drawing.layers, steepest, strict=True):
        length = max((drawing.lengths[node] for node in layer), default=0.0)
        columns.append((begin, begin + length))
        least = 0.7 * spacing.least if labelled else spacing.least
        begin += length + min(max(least, 0.5 * steep), spacing.most)
    return columns, columns[-1][1] if columns else 0.0
