"""The drawing of `wengert draw` as data: frames, arrows and texts, each with the number of what it stands for.

The front end draws it; the legend, which is words, it writes itself in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wengert.core.ir.names import is_bar, unbar
from wengert.notes.show.diagram import Diagram
from wengert.notes.show.mathtext import StyledText
from wengert.notes.show.scene import BACK, GREY, Arrow, Curve, Direction, Text, scene


def picture(graph: Diagram, marks: Mapping[str, int], direction: Direction) -> dict[str, Any]:
    """The scene of a diagram in one direction, without its legend."""
    drawn = scene(graph, direction)
    height = drawn.rules[0].y1 if drawn.rules else drawn.height
    kinds = {v.name: v.kind for v in graph.vertices}
    titles = {v.name: f"{v.text} ∈ {v.space}" for v in graph.vertices}

    def mark(name: str) -> str | None:
        """4 for a quantity, 4b for its bar; None for a value of an earlier step."""
        bare = unbar(name) if is_bar(name) else name
        return None if bare not in marks else f"{marks[bare]}{'b' if is_bar(name) else ''}"

    return {
        "direction": direction,
        "width": round(drawn.width),
        "height": round(height),
        "describe": {
            "from": [list(each) for each in graph.computed()],
            "back": [list(each) for each in graph.sent_back()],
        },
        "kinds": list(graph.kinds),
        "frames": [
            {
                "q": mark(f.of),
                "kind": kinds[f.of],
                "rect": [round(x, 1) for x in f.rect],
                "radius": f.radius,
                "double": f.double,
                "title": titles[f.of],
            }
            for f in drawn.frames
            if f.of
        ],
        "arrows": [_arrow(a) | {"parent": mark(a.parent), "child": mark(a.child)} for a in drawn.arrows if a.parent],
        "texts": [_text(t) | {"q": mark(t.of) if t.of else None} for t in drawn.texts if t.y < height],
    }


def _arrow(arrow: Arrow) -> dict[str, Any]:
    head = [round(x, 1) for point in arrow.head for x in point]
    return {"back": arrow.dashed, "path": _path(arrow.curves), "head": head}


def _path(curves: tuple[Curve, ...]) -> str:
    steps = ["M{:.1f} {:.1f}".format(*curves[0][0])]
    steps += ["C" + " ".join(f"{x:.1f}" for point in curve[1:] for x in point) for curve in curves]
    return " ".join(steps)


def _text(text: Text) -> dict[str, Any]:
    tone = "back" if text.colour == BACK else "grey" if text.colour == GREY else ""
    return {
        "x": round(text.x, 1),
        "y": round(text.y, 1),
        "size": text.size,
        "anchor": text.anchor,
        "tone": tone,
        "pieces": [_piece(piece) for piece in text.pieces],
    }


def _piece(piece: StyledText) -> dict[str, Any]:
    found: dict[str, Any] = {"text": piece.text}
    if piece.italic:
        found["italic"] = True
    if piece.barred:
        found["barred"] = True
    if piece.size != 1.0:
        found["size"] = piece.size
    if piece.shift:
        found["shift"] = piece.shift
    if piece.back:
        found["back"] = round(piece.back, 3)
    return found
