"""Names with one index whose entries are vectors: the x_n of z_n = W x_n + b is row n of a matrix.

Indices alone say that x has one axis. Where no line makes sense so, or only with a capital that is a vector, the entries are read as the
lines suggest, bold ones first of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wengert.notes.elaboration.context import KIND_OF_RANK, Context
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.ranks import Tie, infer_kinds
from wengert.notes.notation.expr import Expr, Index, Line, Ref, Transpose, mapped_line, refs_of, trees_of, walk

ROW = "row of "
RANKS = {"s": 1, "c": 2, "m": 3}


def infer_with_rows(
    context: Context, lines: Sequence[Line], claims: Sequence[Line], first: Mapping[str, str] | None
) -> dict[str, str] | None:
    """The kinds of all names where entries with one index may be vectors; None where that is not needed, or leads nowhere.

    `first` are the kinds if they are numbers, None where no line makes sense then.
    """
    names = _candidates(context, lines)
    bold = {tree.name for tree in refs_of(lines) if tree.bold}
    odd = first is None or names & bold or _has_odd_vector(first, lines, bold) or names & _arrays_in(claims)
    if not names or not odd:
        return None
    known = {name: kind for name, kind in context.kinds.items() if name not in names}
    spelled = bold | {ROW + name for name in bold & names}
    try:
        found = infer_kinds(
            [_whole_rows(line, names) for line in lines],
            known,
            spelled.__contains__,
            frozenset(context.hidden_names()),
            [_whole_rows(line, names) for line in claims],
        )
    except (Mismatch, Tie):
        return None
    rows = {name for name in names if found.get(ROW + name, "s") != "s"}
    if not rows or any(found[ROW + name] not in RANKS for name in rows):
        return None
    context.rows |= rows
    _warn(context, lines, sorted(rows - bold))
    ranks = {name: RANKS[found.get(ROW + name, "s")] for name in names}
    for name in rows:
        context.axes_of(name, ranks[name])
    kinds = {name: kind for name, kind in found.items() if not name.startswith(ROW)}
    return kinds | {name: KIND_OF_RANK.get(rank, "any") for name, rank in ranks.items()}


def _candidates(context: Context, lines: Sequence[Line]) -> set[str]:
    """Real quantities that always have one index, a letter."""
    refs = refs_of(lines)
    other = {
        tree.name
        for tree in refs
        if not (tree.indices and len(tree.indices) == 1 and isinstance(tree.indices[0], Index))
    }
    names = {tree.name for tree in refs} - other - context.axes.keys() - context.dtypes.keys()
    return {name for name in names if name not in context.spellings.values()}


def _warn(context: Context, lines: Sequence[Line], names: Sequence[str]) -> None:
    """Say which entries were taken for vectors."""
    if not names:
        return
    place = next(tree for tree in refs_of(lines) if tree.name in names)
    listed = ", ".join(f"'{name}'" for name in names)
    what = f"The entries of {listed} with one index are read as vectors."
    context.warn(place, what, f"Declare it if that is not meant:  {names[0]} ∈ ℝ^n")


def _has_odd_vector(kinds: Mapping[str, str], lines: Sequence[Line], bold: set[str]) -> bool:
    """Whether a capital that stands whole is read as a vector."""
    whole = {tree.name for tree in refs_of(lines) if tree.indices is None}
    return any(kinds.get(name) == "c" and name[0].isupper() and name not in bold for name in whole)


def _arrays_in(claims: Sequence[Line]) -> set[str]:
    """The names of which lines about error signals transpose an entry, E_eᵀ ȳ, or give one as an outer product, Ē_e = g_e ȳ xᵀ."""
    found: set[str] = set()
    for tree in trees_of(claims):
        if isinstance(tree, Transpose) and isinstance(tree.operand, Ref) and tree.operand.indices:
            found.add(tree.operand.name)
    for line in claims:
        turned = any(isinstance(tree, Transpose) for right in line.rights for tree in walk(right))
        if turned and isinstance(line.left, Ref) and line.left.indices:
            found.add(line.left.name)
    return found


def _whole_rows(line: Line, names: set[str]) -> Line:
    """The line with entries x_n under a name of their own, as if one row stood alone."""

    def change(tree: Expr) -> Expr:
        if isinstance(tree, Ref) and tree.name in names and tree.indices and len(tree.indices) == 1:
            return replace(tree, name=ROW + tree.name, indices=None)
        return tree

    return mapped_line(line, change)
