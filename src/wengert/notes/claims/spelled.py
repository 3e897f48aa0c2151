"""Claims as their author writes them: ∂L/∂w, dW, ∇_W L or δ in place of the bar that stands for all of them inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wengert.notes.notation import names
from wengert.notes.notation.expr import Expr, Line, Partial, Ref, Spelling, mapped_line, refs_of


def defined_letters(lines: Sequence[Line]) -> dict[str, str]:
    """By quantity, the δ that some line defines to be its error signal."""
    return {t.name: t.spelling.name for t in refs_of(lines) if t.spelling is not None and t.spelling.sign == "δ"}


def spelled(line: Line, letters: Mapping[str, str]) -> Line:
    """A line with its error signals as they were written; one that was put in by a correction is written with its δ, or
    as the left side is."""
    usual = line.left.spelling if isinstance(line.left, Ref) and line.left.barred else None

    def change(tree: Expr) -> Expr:
        if not (isinstance(tree, Ref) and tree.barred):
            return tree
        own = tree.spelling
        if own is None and tree.span.start >= 0:
            return tree  # the author wrote a bar
        return written(tree, own or (Spelling("δ") if tree.name in letters else usual), letters)

    return mapped_line(line, change)


def written(signal: Ref, spelling: Spelling | None, letters: Mapping[str, str]) -> Expr:
    """An error signal in a spelling; with its bar where the spelling has no letter for it."""
    plain = replace(signal, barred=False, spelling=None)
    if spelling is None:
        return signal
    if spelling.sign == "δ":
        letter = letters.get(signal.name)
        return signal if letter is None else replace(plain, name=letter)
    if not spelling.name:
        parts = names.split(signal.name)
        return replace(plain, name=names.join("d" + parts.base, parts.label, parts.subscript, parts.primes))
    return Partial(Ref(spelling.name), plain, spelling.sign, span=signal.span)
