"""A diagram laid out on a page: frames, arrows and texts with their places, before they become SVG.

It chooses the direction that needs less shrinking on a page, and whether the edges carry what flows back along them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from wengert.core.ir.names import bar
from wengert.notes.show.diagram import KINDS, Diagram, Signal, Vertex
from wengert.notes.show.layered import Box, BoxPlacement, Link, Point, Route, layout
from wengert.notes.show.mathtext import StyledText, pieces, width

INK, GREY, BACK = "#1a1a1a", "#5a5a5a", "#b03a2e"
NAME, SPACE, SIGNAL, LABEL, LEGEND = 19.0, 12.0, 16.0, 13.0, 12.5
"""Sizes of text, in pixels."""
MARGIN, LANE, HEAD = 18.0, 3.2, 8.0
PAGE = (960.0, 1200.0)
"""The page that a picture should fit, in pixels."""
LABELLED = 36
"""Up to this many edges carry their contribution as a label."""

Rect = tuple[float, float, float, float]
Curve = tuple[Point, Point, Point, Point]
Direction = Literal["right", "down"]


@dataclass(frozen=True)
class QuantityFrame:
    """A box round a quantity: x, y, width, height, and the style that says what it is. `of` names the quantity, "" in the legend."""

    rect: Rect
    radius: float
    fill: str = "#ffffff"
    stroke: str = INK
    thickness: float = 1.0
    double: bool = False
    of: str = ""


@dataclass(frozen=True)
class Arrow:
    """A line of cubic curves that ends in a head; on the way back (`dashed`) too, it belongs to the edge from `parent` to `child`."""

    curves: tuple[Curve, ...]
    head: tuple[Point, Point, Point]
    colour: str
    dashed: bool = False
    thickness: float = 1.1
    parent: str = ""
    child: str = ""


@dataclass(frozen=True)
class Text:
    """A line of mathematics or words; (x, y) is its anchor on the baseline. `of` names the quantity or the error signal it stands for."""

    x: float
    y: float
    pieces: tuple[StyledText, ...]
    size: float
    colour: str = INK
    anchor: str = "middle"
    of: str = ""

    @property
    def rect(self) -> Rect:
        """The estimated box round the text."""
        wide = width(self.pieces) * self.size
        left = self.x - wide / 2 if self.anchor == "middle" else self.x
        up = max((p.top for p in self.pieces), default=0.7) * self.size + 1
        down = max((0.22 * p.size - p.shift for p in self.pieces), default=0.22) * self.size
        return left, self.y - up, wide, up + down


@dataclass(frozen=True)
class Separator:
    """A thin line between the graph and its legend."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = "#cccccc"


@dataclass
class Scene:
    """Everything on the page, from (0, 0) to (width, height)."""

    width: float = 0.0
    height: float = 0.0
    frames: list[QuantityFrame] = field(default_factory=list[QuantityFrame])
    arrows: list[Arrow] = field(default_factory=list[Arrow])
    texts: list[Text] = field(default_factory=list[Text])
    rules: list[Separator] = field(default_factory=list[Separator])


@dataclass(frozen=True)
class _Card:
    """A vertex with the sizes of its frame and of its signal."""

    vertex: Vertex
    name: tuple[StyledText, ...]
    space: tuple[StyledText, ...]
    signal: tuple[StyledText, ...]
    wide: float
    high: float


def scene(graph: Diagram, direction: Direction | None = None) -> Scene:
    """The diagram on a page, from left to right or, where that fits a page better, from top to bottom."""
    if direction:
        return _DrawingPage(graph, direction).scene()
    right, down = _DrawingPage(graph, "right").scene(), _DrawingPage(graph, "down").scene()
    return right if _scale(right) >= _scale(down) else down


def _scale(picture: Scene) -> float:
    return min(1.0, PAGE[0] / picture.width, PAGE[1] / picture.height)


class _DrawingPage:
    def __init__(self, graph: Diagram, direction: Direction) -> None:
        self.graph, self.direction = graph, direction
        self.across = direction == "right"
        self.spaces = any(v.space not in ("ℝ", "ℤ") for v in graph.vertices)
        self.cards = {v.name: self.card(v) for v in graph.vertices}
        self.labels = len(graph.edges) <= LABELLED

    def math(self, text: str) -> tuple[StyledText, ...]:
        return pieces(text, self.graph.words)

    def card(self, vertex: Vertex) -> _Card:
        name, signal = self.math(vertex.text), self.math(vertex.signal)
        space = self.math(vertex.space) if self.spaces else ()
        degree = max(
            sum(e.parent == vertex.name for e in self.graph.edges),
            sum(e.child == vertex.name for e in self.graph.edges),
        )
        wide = max(width(name) * NAME + 20, width(space) * SPACE + 16, 46)
        high = 50.0 if self.spaces else 38.0
        spread = min(16.0 * degree + 8, 150.0)
        return _Card(
            vertex,
            name,
            space,
            signal,
            wide if self.across else max(wide, spread),
            max(high, spread) if self.across else high,
        )

    def scene(self) -> Scene:
        boxes = {name: self.box(card) for name, card in self.cards.items()}
        links = [Link(e.parent, e.child, self.label_size(e.contribution)) for e in self.graph.edges]
        placed = layout(boxes, links)
        picture = Scene()
        for name, card in self.cards.items():
            self.place_card(picture, card, self.at(placed.middles[name]))
        for edge, route in zip(self.graph.edges, placed.routes, strict=True):
            self.place_edge(picture, edge, route)
        self.legend(picture, placed)
        return picture

    # places

    def at(self, point: Point) -> Point:
        """(along, across) on the page."""
        along, across = point
        return (along + MARGIN, across + MARGIN) if self.across else (across + MARGIN, along + MARGIN)

    def box(self, card: _Card) -> Box:
        wide, high, signal = card.wide, card.high, width(card.signal) * SIGNAL
        if self.across:
            below = 22.0 if card.signal else 0.0
            return Box(max(wide, signal), high / 2, high / 2 + below, high - 16)
        beside = signal + 8 if card.signal else 0.0
        return Box(high, wide / 2, wide / 2 + beside, wide - 16)

    def label_size(self, contribution: str) -> tuple[float, float] | None:
        if not contribution or not self.labels:
            return None
        wide, high = width(self.math(contribution)) * LABEL + 8, LABEL * 1.35
        return (wide, high) if self.across else (high, wide)

    # what is drawn

    def place_card(self, picture: Scene, card: _Card, at: Point) -> None:
        (x, y), wide, high = at, card.wide, card.high
        name, signal = card.vertex.name, bar(card.vertex.name)
        picture.frames.append(replace(frame(card.vertex.kind, (x - wide / 2, y - high / 2, wide, high)), of=name))
        baseline = y + (-2 if card.space else 6)
        picture.texts.append(Text(x, baseline, card.name, NAME, of=name))
        if card.space:
            picture.texts.append(Text(x, y + 17, card.space, SPACE, GREY, of=name))
        if card.signal and self.across:
            picture.texts.append(Text(x, y + high / 2 + 17, card.signal, SIGNAL, BACK, of=signal))
        elif card.signal:
            picture.texts.append(Text(x + wide / 2 + 6, y + 5, card.signal, SIGNAL, BACK, "start", signal))

    def place_edge(self, picture: Scene, edge: Signal, route: Route) -> None:
        contribution, ends = edge.contribution, {"parent": edge.parent, "child": edge.child}
        shift = LANE if contribution else 0.0
        picture.arrows.append(replace(self.arrow(route, -shift, INK, forward=True), **ends))
        if not contribution:
            return
        picture.arrows.append(replace(self.arrow(route, shift, BACK, forward=False), **ends))
        if route.label is not None:
            x, y = self.at(route.label)
            picture.texts.append(Text(x, y + 0.3 * LABEL, self.math(contribution), LABEL, BACK))

    def arrow(self, route: Route, shift: float, colour: str, *, forward: bool) -> Arrow:
        """The way of an edge, moved across by `shift`; on the way back from its end to its begin."""
        stretches = [((a, y + shift), (b, z + shift)) for (a, y), (b, z) in route.stretches]
        # Both lines of an edge leave room for a head at either end, so that they run in parallel and never cross.
        (begin, first), (last, end) = stretches[0], stretches[-1]
        stretches[0] = begin, (max(first[0], begin[0] + HEAD), first[1])
        stretches[-1] = (min(last[0], end[0] - HEAD), last[1]), end
        sign, tip = (1.0, end) if forward else (-1.0, begin)
        neck = (tip[0] - sign * HEAD, tip[1])
        if forward:
            stretches[-1] = stretches[-1][0], neck
        else:
            stretches[0] = neck, stretches[0][1]
        curves = _curves(stretches, shift)
        if not forward:
            curves = [curve[::-1] for curve in reversed(curves)]
        head = (tip, (neck[0] - sign, neck[1] - 3.4), (neck[0] - sign, neck[1] + 3.4))
        return Arrow(tuple(_each(self.at, curve) for curve in curves), _each(self.at, head), colour, dashed=not forward)

    # legend

    def legend(self, picture: Scene, placed: BoxPlacement) -> None:
        """Samples of the kinds and arrows that occur, in rows under the graph."""
        size = self.at((placed.along, placed.across))
        picture.width = max(size[0] + MARGIN, 360.0)
        if size[0] + MARGIN < picture.width:
            _move(picture, (picture.width - size[0] - MARGIN) / 2)
        top = size[1] + 16
        picture.rules.append(Separator(MARGIN, top, picture.width - MARGIN, top))
        x, y = MARGIN, top + 24
        for draw, words in self.samples():
            text = pieces(words)
            step = 34 + width(text) * LEGEND
            if x > MARGIN and x + step > picture.width - MARGIN:
                x, y = MARGIN, y + 24
            draw(picture, x, y)
            picture.texts.append(Text(x + 34, y + 4, text, LEGEND, INK, "start"))
            x += step + 28
        picture.height = y + 24

    def samples(self) -> Iterable[tuple[Callable[[Scene, float, float], None], str]]:
        for kind in self.graph.kinds:
            yield (lambda p, x, y, k=kind: p.frames.append(frame(k, (x, y - 8, 26, 16)))), KINDS[kind]
        yield (lambda p, x, y: p.arrows.append(_sample(x, x + 26, y, INK, dashed=False))), "forward"
        if any(e.contribution for e in self.graph.edges):
            words = "backward: error signal of the child" + " times local derivative" * self.labels
            yield (lambda p, x, y: p.arrows.append(_sample(x + 26, x, y, BACK, dashed=True))), words


def _sample(start: float, end: float, y: float, colour: str, *, dashed: bool) -> Arrow:
    sign = 1.0 if end > start else -1.0
    neck = end - sign * HEAD
    curve = ((start, y), (start, y), (neck, y), (neck, y))
    return Arrow((curve,), ((end, y), (neck - sign, y - 3.4), (neck - sign, y + 3.4)), colour, dashed)


def frame(kind: str, rect: Rect) -> QuantityFrame:
    """The frame of a kind of quantity; each differs in its outline, not only in its fill."""
    pill = min(rect[2], rect[3], 40.0) / 2
    match kind:
        case "parameter":
            return QuantityFrame(rect, 3, "#fff6dd", thickness=2.2)
        case "data":
            return QuantityFrame(rect, 0, "#ebebeb")
        case "loss":
            return QuantityFrame(rect, pill, double=True)
        case "input":
            return QuantityFrame(rect, 3)
        case "earlier":
            return QuantityFrame(rect, pill, "#f4f4f4", stroke=GREY)
        case _:
            return QuantityFrame(rect, pill)


def _curves(stretches: Sequence[tuple[Point, Point]], shift: float) -> list[Curve]:
    """Straight through each layer, an S from layer to layer; the S of the two lines of an edge lie apart along the edge too."""
    curves: list[Curve] = []
    for k, (a, b) in enumerate(stretches):
        if k:
            start = stretches[k - 1][1]
            rise = a[1] - start[1]
            aside = -2 * shift * max(-1.0, min(1.0, rise / 24))
            p, q = (start[0] + max(aside, 0.0), start[1]), (a[0] + min(aside, 0.0), a[1])
            half = (q[0] - p[0]) / 2
            parts = ((start, start, p, p), (p, (p[0] + half, p[1]), (q[0] - half, q[1]), q), (q, q, a, a))
            curves += [curve for curve in parts if curve[0] != curve[3]]
        if a != b:
            curves.append((a, a, b, b))
    return curves


def _each(change: Callable[[Point], Point], points: Sequence[Point]) -> tuple:  # type: ignore[type-arg]
    return tuple(change(p) for p in points)


def _move(picture: Scene, by: float) -> None:
    """Everything that is on the page so far, moved to the right."""

    def moved(point: Point) -> Point:
        return point[0] + by, point[1]

    picture.frames = [replace(f, rect=(f.rect[0] + by, *f.rect[1:])) for f in picture.frames]
    picture.texts = [replace(t, x=t.x + by) for t in picture.texts]
    picture.arrows = [
        replace(a, curves=tuple(_each(moved, c) for c in a.curves), head=_each(moved, a.head)) for a in picture.arrows
    ]
