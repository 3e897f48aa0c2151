"""The computation graph as SVG: forward edges dark, error signals on the way back dashed in another colour, a legend.

What a quantity is shows in the frame as well as in the fill, so that the picture survives a black-and-white printer. There are
no style sheets and no ids: several pictures in one page do not disturb each other. The text is laid out in scene.py.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from wengert.atomic import write_atomically
from wengert.errors import DataError
from wengert.notes.derive.backward import Backward
from wengert.notes.elaboration.system import SystemData
from wengert.notes.show.diagram import Diagram, diagram
from wengert.notes.show.dot import dot
from wengert.notes.show.mathtext import SAFETY, StyledText, width
from wengert.notes.show.scene import Arrow, QuantityFrame, Scene, Separator, Text, scene

FONT = "'Times New Roman',Times,'Liberation Serif','STIX Two Text',serif"
"""Fonts with the widths that mathtext.py reckons with; converters that look at the first name only find it or its twin."""


def draw(system: SystemData, backward: Backward | None = None) -> str:
    """The graph of a system as one SVG element for a page (`_repr_svg_`); with a backward pass, its error signals too."""
    return render(diagram(system, backward), inline=True)


def save(path: str | Path, system: SystemData, backward: Backward | None = None) -> None:
    """Write the graph to a file: DOT where the name ends in .dot or .gv, else SVG.

    Raises DataError where the file cannot be written; the one that was there is then unchanged.
    """
    text = (
        dot(diagram(system, backward))
        if Path(path).suffix.lower() in (".dot", ".gv")
        else render(diagram(system, backward))
    )
    write_atomically(path, text.encode(), "picture", DataError)


def render(graph: Diagram, *, inline: bool = False) -> str:
    """The SVG of a diagram; `inline` lets it shrink with the page it stands in, which converters of files do not know."""
    style = ' style="max-width:100%;height:auto"' if inline else ""
    return svg(scene(graph), f"Computation graph of {graph.loss}", graph.describe(), style)


def svg(picture: Scene, title: str, description: str, style: str = "") -> str:
    """The SVG of a scene."""
    wide, high = f"{picture.width:.0f}", f"{picture.height:.0f}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
        f'{style} font-family="{FONT}">'
    )
    lines = [
        head,
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description)}</desc>",
        f'<rect width="{wide}" height="{high}" fill="#ffffff"/>',
    ]
    lines += [_rule(rule) for rule in picture.rules]
    lines += [_arrow(arrow) for arrow in picture.arrows]
    lines += [_frame(frame) for frame in picture.frames]
    lines += [_text(text) for text in picture.texts]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _points(*values: float) -> str:
    return " ".join(map(_number, values))


def _rule(rule: Separator) -> str:
    return (
        f'<path d="M{_points(rule.x1, rule.y1)} L{_points(rule.x2, rule.y2)}" stroke="{rule.colour}" stroke-width="1"/>'
    )


def _arrow(arrow: Arrow) -> str:
    start = arrow.curves[0][0]
    steps = [f"M{_points(*start)}"]
    for a, b, c, d in arrow.curves:
        straight = a == b and c == d
        steps.append(f"L{_points(*d)}" if straight else f"C{_points(*b, *c, *d)}")
    dash = ' stroke-dasharray="5 3"' if arrow.dashed else ""
    line = f'<path d="{" ".join(steps)}" fill="none" stroke="{arrow.colour}" stroke-width="{arrow.thickness}"{dash}/>'
    head = " ".join(f"{_number(x)},{_number(y)}" for x, y in arrow.head)
    return f'{line}<polygon points="{head}" fill="{arrow.colour}"/>'


def _frame(frame: QuantityFrame) -> str:
    x, y, w, h = frame.rect
    common = f'rx="{_number(frame.radius)}" stroke="{frame.stroke}"'
    out = (
        f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(w)}" height="{_number(h)}" {common}'
        f' fill="{frame.fill}" stroke-width="{frame.thickness}"/>'
    )
    if frame.double:
        out += (
            f'<rect x="{_number(x + 3)}" y="{_number(y + 3)}" width="{_number(w - 6)}" height="{_number(h - 6)}"'
            f' rx="{_number(max(frame.radius - 3, 0))}" stroke="{frame.stroke}" fill="none" stroke-width="1"/>'
        )
    return out


def _text(text: Text) -> str:
    """A text element, and a path for each bar; a barred piece begins at a place of its own, so that its bar lies over it."""
    # Text of several pieces is centred here: some converters centre each piece by itself.
    several = sum(bool(piece.text) for piece in text.pieces) > 1 or any(piece.barred for piece in text.pieces)
    left = text.x if text.anchor == "start" else text.x - width(text.pieces) / SAFETY * text.size / 2
    x, anchor = (left, "start") if several else (text.x, text.anchor)
    spans, bars, at = "", "", left
    level = back = 0.0
    for piece in text.pieces:
        at -= piece.back * text.size
        back += piece.back
        if not piece.text:
            continue
        style = ' font-style="italic"' if piece.italic else ""
        style += f' font-size="{_number(piece.size * text.size)}"' if piece.size != 1 else ""
        drop = (level - piece.shift) * text.size
        style += f' dy="{_number(drop)}"' if abs(drop) > 0.04 else ""
        if piece.barred:
            style += f' x="{_number(at)}"'
            bars += _bar(piece, at, text)
        elif back:
            style += f' dx="{_number(-back * text.size)}"'
        spans += f"<tspan{style}>{escape(piece.text)}</tspan>"
        at += piece.width * text.size
        level, back = piece.shift, 0.0
    return (
        f'<text x="{_number(x)}" y="{_number(text.y)}" font-size="{_number(text.size)}" fill="{text.colour}"'
        f' text-anchor="{anchor}" xml:space="preserve">{spans}</text>{bars}'
    )


def _bar(piece: StyledText, left: float, text: Text) -> str:
    """The line over a letter, moved to the right as the slant of tall italic letters asks."""
    em = piece.size * text.size
    slant = (0.16 if piece.height > 0.6 else 0.09) if piece.italic else 0.04
    y = text.y - piece.shift * text.size - (piece.height + 0.11) * em
    length = max(piece.width * text.size - 0.09 * em, 0.28 * em)
    start = left + slant * em
    return f'<path d="M{_points(start, y)} H{_number(start + length)}" stroke="{text.colour}" stroke-width="{max(0.055 * em, 0.8):.2f}"/>'
