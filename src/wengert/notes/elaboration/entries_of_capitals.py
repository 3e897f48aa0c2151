"""Entries with the small letter of a matrix that a line defines under its capital: the z_nk of Z = X W."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from wengert.notes.elaboration.context import capital
from wengert.notes.notation.expr import Expr, Line, Ref, mapped_line, refs_of


def with_entries_of_capitals(lines: Sequence[Line], declared: Collection[str]) -> list[Line]:
    """The lines in which z_nk, of a z that nothing defines, is an entry of a Z that a line defines and all use as a whole."""
    refs = refs_of(lines)
    defined = {line.left.name for line in lines if isinstance(line.left, Ref)}
    ranks: dict[str, set[int]] = {}
    for tree in refs:
        ranks.setdefault(tree.name, set()).add(len(tree.indices or ()))
    known = defined | set(declared)
    entries = {
        name: capital(name)
        for name, found in ranks.items()
        if found == {2} and name not in known and capital(name) in defined and ranks[capital(name)] == {0}
    }

    def change(tree: Expr) -> Expr:
        return replace(tree, name=entries[tree.name]) if isinstance(tree, Ref) and tree.name in entries else tree

    return [mapped_line(line, change) for line in lines] if entries else list(lines)
