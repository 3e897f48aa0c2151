"""The two-dimensional form for a terminal: stacked fractions, limits under Σ, cases behind a brace.

Widths are display cells: a combining mark has none. What is flat is printed as unicode.py prints it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from wengert.cells import cells
from wengert.notes.notation.expr import (
    Bars,
    BigOp,
    Call,
    Cases,
    Declaration,
    Expr,
    Inverse,
    Line,
    MatrixEntries,
    Neg,
    Norm,
    Power,
    Product,
    Quotient,
    Sum,
    Transpose,
    walk,
)
from wengert.notes.notation.precedence import ATOM, POWER, RUN, SIGNED
from wengert.notes.notation.printing import free_letters, has_bars, is_spaced, open_letters
from wengert.notes.notation.symbols import Symbols
from wengert.notes.notation.unicode import BIG_SIGNS, TextPrinter, show


@dataclass(frozen=True)
class TextBox:
    """Lines of one width, and which of them stands on the writing line."""

    lines: tuple[str, ...]
    base: int = 0

    @property
    def width(self) -> int:
        return max(cells(line) for line in self.lines)

    @property
    def height(self) -> int:
        return len(self.lines)


def pad(text: str, width: int, *, middle: bool = False) -> str:
    """The text with spaces to this many cells."""
    room = max(0, width - cells(text))
    left = room // 2 if middle else 0
    return " " * left + text + " " * (room - left)


def beside(*boxes: TextBox) -> TextBox:
    """Boxes side by side on one writing line."""
    above = max(box.base for box in boxes)
    below = max(box.height - box.base for box in boxes)
    rows = [""] * (above + below)
    for box in boxes:
        width = box.width
        for row in range(above + below):
            inner = row - above + box.base
            text = box.lines[inner] if 0 <= inner < box.height else ""
            rows[row] += pad(text, width)
    return TextBox(tuple(rows), above)


def stack(boxes: list[TextBox], base: int, *, middle: bool = True) -> TextBox:
    """Boxes one under the other; `base` is the writing line of the result."""
    width = max(box.width for box in boxes)
    rows = [pad(line, width, middle=middle) for box in boxes for line in box.lines]
    return TextBox(tuple(rows), base)


def text(content: str) -> TextBox:
    return TextBox((content,))


def render(tree: Expr | Line | Declaration, *, ascii: bool = False, symbols: Symbols | None = None) -> list[str]:
    """The lines of the two-dimensional form, without spaces at their ends."""
    if isinstance(tree, Declaration):
        return [show(tree, ascii, symbols)]
    layout = BoxPrinter(ascii, symbols)
    if isinstance(tree, Line):
        box = layout.box(tree.left)
        for right in tree.rights:
            box = beside(box, text(" = "), layout.box(right))
    else:
        box = layout.box(tree)
    return [unicodedata.normalize("NFC", line.rstrip()) for line in box.lines]


class BoxPrinter:
    """A tree to a box. Brackets follow the same table as the one-line form; a stacked fraction holds together by itself."""

    def __init__(self, ascii: bool, symbols: Symbols | None) -> None:
        self.flat = TextPrinter(ascii, symbols)
        self.ascii = ascii

    def is_tall(self, tree: Expr) -> bool:
        """Whether the tree has a part that takes several lines."""
        return any(
            isinstance(node, BigOp | Cases | MatrixEntries)
            or (isinstance(node, Quotient) and is_spaced(node.numerator, node.denominator))
            for node in walk(tree)
        )

    def level(self, tree: Expr) -> int:
        stacked = isinstance(tree, Quotient) and self.is_tall(tree)
        return POWER if stacked else self.flat.level(tree)

    def box(self, tree: Expr, floor: int = 0, *, last: bool = True) -> TextBox:
        if not self.is_tall(tree):
            return text(self.flat.show(tree, floor, last=last))
        if self.level(tree) < floor or (isinstance(tree, BigOp) and not last):
            return self.bracket(self.box(tree))
        match tree:
            case Sum(terms=terms):
                return self.sum(terms)
            case Neg(operand=operand):
                return beside(text(self.flat.minus()), self.box(operand, SIGNED, last=last))
            case Product():
                return self.product(tree, last)
            case Quotient():
                return self.fraction(tree)
            case Power() | Transpose() | Inverse():
                return self.raised(tree)
            case Call():
                return self.call(tree)
            case BigOp():
                return self.big(tree)
            case Bars() | Norm():
                return self.bars(tree)
            case Cases():
                return self.cases(tree)
            case MatrixEntries(rows=rows):
                return self.entries(rows)
            case _:
                return text(self.flat.show(tree))

    def bracket(self, box: TextBox) -> TextBox:
        return self.fence(box, "()", "⎛⎜⎝", "⎞⎟⎠")

    def fence(self, box: TextBox, flat: str, left: str, right: str) -> TextBox:
        """Brackets as high as the box."""
        height = box.height
        if height == 1:
            return beside(text(flat[0]), box, text(flat[1]))
        if self.ascii:
            left, right = flat[0] * 3, flat[1] * 3
        return beside(_column(left, height, box.base), box, _column(right, height, box.base))

    def sum(self, terms: tuple[tuple[int, Expr], ...]) -> TextBox:
        parts: list[TextBox] = []
        for place, (sign, term) in enumerate(terms):
            later = frozenset[str]().union(*(free_letters(t) for _, t in terms[place + 1 :]))
            sign_text = self.flat.minus() if sign < 0 else "+"
            if place:
                parts.append(text(f" {sign_text} "))
            elif sign < 0:
                parts.append(text(sign_text))
            parts.append(self.box(term, SIGNED, last=not (later & open_letters(term))))
        return beside(*parts)

    def product(self, tree: Product, last: bool) -> TextBox:
        parts: list[TextBox] = []
        floor = RUN if tree.sign else POWER
        for place, factor in enumerate(tree.factors):
            final = place == len(tree.factors) - 1
            if place:
                parts.append(self.between(tree, place))
            first = place == 0 and not tree.sign and self.level(factor) == RUN and not isinstance(factor, Product)
            parts.append(self.box(factor, RUN if first else floor, last=final and last))
        return beside(*parts)

    def between(self, tree: Product, place: int) -> TextBox:
        if tree.sign:
            return text(f" {self.flat.product_signs[tree.sign]} ")
        dotted = self.flat.begins_with_number(tree.factors[place]) and not self.is_tall(tree.factors[place])
        return text(f" {self.flat.product_signs['·']} " if dotted else " ")

    def fraction(self, tree: Quotient) -> TextBox:
        above, below = self.box(tree.numerator), self.box(tree.denominator)
        bar = text(("-" if self.ascii else "─") * (max(above.width, below.width) + 2))
        return stack([above, bar, below], above.height)

    def raised(self, tree: Power | Transpose | Inverse) -> TextBox:
        operand = tree.base if isinstance(tree, Power) else tree.operand
        base = self.box(operand, ATOM, last=False)
        if isinstance(tree, Transpose):
            sign = "T" if self.ascii else "ᵀ"
        elif isinstance(tree, Inverse):
            sign = "-1" if self.ascii else "⁻¹"
        else:
            sign = self.flat.exponent(tree.exponent).removeprefix("^")
        return beside(base, TextBox((sign, *[""] * base.base), base.base) if base.base else text(sign))

    def call(self, tree: Call) -> TextBox:
        if tree.function == "exp" and not tree.primes and tree.power is None and not self.is_tall(tree.args[0]):
            return text(self.flat.show(tree))
        head = self.flat.function(tree.function) + "'" * tree.primes
        head += self.flat.exponent(tree.power) if tree.power is not None else ""
        inner: list[TextBox] = []
        for place, argument in enumerate(tree.args):
            inner += [text(", ")] * bool(place) + [self.box(argument)]
        return beside(text(head), self.bracket(beside(*inner)))

    def big(self, tree: BigOp) -> TextBox:
        """The sign with its letters below and its upper limit above."""
        sign = tree.op if self.ascii else BIG_SIGNS.get(tree.op, tree.op)
        names, conditions = self.flat.limits(tree)
        letters = "".join(names)
        if conditions:
            letters = f"{','.join(names)}: {', '.join(conditions)}" if names else conditions[0]
        elif tree.lower is not None:
            letters += "=" + self.flat.index(tree.lower)
        rows = [text(self.flat.index(tree.upper))] if tree.upper is not None else []
        head = stack([*rows, text(sign), text(letters)], len(rows))
        return beside(head, text(" "), self.box(tree.body, SIGNED))

    def bars(self, tree: Bars | Norm) -> TextBox:
        inner = self.box(tree.operand)
        if has_bars(tree.operand):
            inner = self.bracket(inner)
        sign = "|" if isinstance(tree, Bars) else "||" if self.ascii else "‖"
        order = tree.order if isinstance(tree, Norm) and tree.order != "2" else ""
        side = TextBox((sign,) * inner.height, inner.base)
        return beside(side, inner, side, *([text("_" + order)] if order else []))

    def cases(self, tree: Cases) -> TextBox:
        values = [self.box(value) for value, _ in tree.branches]
        width = max(value.width for value in values)
        rows: list[TextBox] = []
        for value, (_, condition) in zip(values, tree.branches, strict=True):
            words = "otherwise" if condition is None else f"if {self.flat.show(condition)}"
            rows.append(beside(value, text(" " * (width - value.width + 2) + words)))
        body = stack(rows, 0, middle=False)
        body = TextBox(body.lines, body.height // 2 if body.height % 2 else (body.height - 1) // 2)
        return beside(_brace(body.height, body.base, self.ascii), text(" "), body)

    def entries(self, rows: tuple[tuple[Expr, ...], ...]) -> TextBox:
        grid = [[self.box(entry) for entry in row] for row in rows]
        widths = [max(row[column].width for row in grid) for column in range(len(grid[0]))]
        lines: list[TextBox] = []
        for row in grid:
            cells_of_row: list[TextBox] = []
            for column, entry in enumerate(row):
                cells_of_row += [text("  ")] * bool(column) + [stack([entry, text(" " * widths[column])], entry.base)]
            box = beside(*cells_of_row)
            lines.append(TextBox(box.lines[:-1], box.base))
        body = stack(lines, 0, middle=False)
        return self.fence(TextBox(body.lines, (body.height - 1) // 2), "[]", "⎡⎢⎣", "⎤⎥⎦")


def _column(signs: str, height: int, base: int) -> TextBox:
    """A bracket of this height from its top, middle and bottom piece."""
    return TextBox((signs[0], *[signs[1]] * (height - 2), signs[2]), base)


def _brace(height: int, base: int, ascii: bool) -> TextBox:
    if height == 1 or ascii:
        return TextBox(("{",) * height, base)
    if height == 2:
        return TextBox(("⎰", "⎱"), base)
    rows = ["⎧", *["⎪"] * (height - 2), "⎩"]
    rows[height // 2] = "⎨"
    return TextBox(tuple(rows), base)
