"""A layer in general, z^{(l)} = W^{(l)} a^{(l−1)} + b^{(l)}: read as two layers one after the other, l and l+1, of which the second may be
the last, L.

What claims say of the layer l then follows from the layer l+1, as they state it; the sizes of the layers may differ. It looks at labels
only, before names are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from wengert.notes.notation import names
from wengert.notes.notation.chunks import Chunk, relations
from wengert.notes.notation.expr import Expr, Line, Ref, Span, mapped_line
from wengert.notes.notation.tokens import Token, match_again

GENERAL = frozenset({"l", "ℓ"})
LAST = "L"
PLACES = (0, 1)
"""The layers l and l+1."""
OF_LAST = "about the last layer"
"""The note of an equation whose author counts layers from the last, L and L−1, only."""


def general_layer(chunks: Sequence[Chunk]) -> str:
    """The letter of a layer in general that left sides have, else the L of the last; "" where none has a letter."""
    letters = {label[0] for chunk in chunks if (label := _left_label(chunk)) is not None}
    return next(iter(sorted(letters & GENERAL)), LAST if LAST in letters else "")


def with_general_layers(chunks: Sequence[Chunk], layer: str, *, forward: bool) -> list[Chunk]:
    """The chunks with each label of a layer as one name; forward equations of a layer in general stand there for two layers."""
    if not layer:
        return list(chunks)
    places = [_place(chunk, layer) if forward else None for chunk in chunks]
    stated = {_left_text(chunk, layer, 0) for chunk, place in zip(chunks, places, strict=True) if place is None}
    last = max((k for k, place in enumerate(places) if place is not None), default=-1)
    out: list[Chunk] = []
    for k, (chunk, place) in enumerate(zip(chunks, places, strict=True)):
        if place is None:
            out.append(_shifted(chunk, layer, 0))
        if k == last:
            general = [(c, p) for c, p in zip(chunks, places, strict=True) if p is not None]
            shifts = [(c, wanted - p) for wanted in PLACES for c, p in general]
            out += [_shifted(c, layer, by) for c, by in shifts if _left_text(c, layer, by) not in stated]
    return out


def _left_label(chunk: Chunk) -> tuple[str, int] | None:
    """The letter and the number added to it that label a whole left side."""
    signs = relations(chunk.tokens)
    left = chunk.tokens[: signs[0]] if signs else []
    if not left or left[0].kind != "name" or left[0].bars or left[0].text == "δ":
        return None
    return next((label for start, _, label in _labels(left) if start > 0), None)


def _place(chunk: Chunk, layer: str) -> int | None:
    """Which layer a forward equation defines, l being 0; None where it defines no layer in general."""
    label = _left_label(chunk)
    return label[1] if label is not None and label[0] == layer and layer != LAST else None


def _left_text(chunk: Chunk, layer: str, by: int) -> str:
    shifted = _shifted(chunk, layer, by)
    signs = relations(shifted.tokens)
    return " ".join(token.text for token in shifted.tokens[: signs[0] if signs else 0])


def _labels(tokens: Sequence[Token]) -> Iterator[tuple[int, int, tuple[str, int]]]:
    """(start, end, (letter, number)) of what is a label of a layer in a superscript, without its brackets if it has some."""
    for at, token in enumerate(tokens):
        if token.kind != "sup" or at + 1 >= len(tokens):
            continue
        start, end = at + 1, at + 2
        for text in ("{", "("):
            if start < len(tokens) and tokens[start].kind == "open" and tokens[start].text == text:
                start, end = start + 1, start + tokens[start].reach
        label = _label(tokens[start:end])
        if label is not None:
            yield start, end, label


def _label(content: Sequence[Token]) -> tuple[str, int] | None:
    """l, l+1, L−1"""
    if not content or content[0].kind != "name" or content[0].text not in GENERAL | {LAST} or content[0].bars:
        return None
    if len(content) == 1:
        return content[0].text, 0
    plain = len(content) == 3 and content[1].kind == "op" and content[1].text in "+-" and content[2].kind == "num"
    if not plain or content[2].value is None or content[2].value.denominator != 1:
        return None
    return content[0].text, int(content[2].value) * (1 if content[1].text == "+" else -1)


def as_counted(line: Line, layer: str) -> Line:
    """A line with the last layer as L, where its author has it so, and not as the layer after one in general."""
    if not layer or OF_LAST not in line.notes:
        return line

    def change(tree: Expr) -> Expr:
        if not isinstance(tree, Ref):
            return tree
        parts = names.split(tree.name)
        counted = re.fullmatch(rf"{layer}([+-]\d+)?", parts.label)
        if counted is None:
            return tree
        number = int(counted[1] or 0) - 1
        return replace(tree, name=names.join(*parts._replace(label=LAST + (f"{number:+d}" if number else ""))))

    return mapped_line(line, change)


def _shifted(chunk: Chunk, layer: str, by: int) -> Chunk:
    """The chunk with its labels as names in round brackets, those of a layer in general moved on by some layers."""
    out: list[Token] = []
    at = 0
    letters = {letter for _, _, (letter, _) in _labels(chunk.tokens)}
    if layer != LAST and letters == {LAST} and OF_LAST not in chunk.notes:
        chunk = replace(chunk, notes=[*chunk.notes, OF_LAST])
    for start, end, (letter, number) in _labels(chunk.tokens):
        if layer != LAST and letter == LAST:
            letter, number = layer, number + 1
        elif letter == layer and layer != LAST:
            number += by
        first, last = chunk.tokens[start], chunk.tokens[end - 1]
        name = letter + (f"{number:+d}" if number else "")
        token = Token("name", name, Span(first.span.start, last.span.end), first.space)
        inside = start > 0 and chunk.tokens[start - 1].text == "("
        out += chunk.tokens[at:start]
        out += (
            [token]
            if inside
            else [replace(token, kind="open", text="("), token, replace(token, kind="close", text=")")]
        )
        at = end
    return replace(chunk, tokens=match_again([*out, *chunk.tokens[at:]])) if at else chunk
