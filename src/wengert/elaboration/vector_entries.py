"""Names with one index whose entries are vectors: the x_n of z_n = W x_n + b is row n of a matrix.

Indices alone say that x has one axis. Where no line makes sense so, or only with a capital that is a vector, the entries are read as the
lines suggest, bold ones first of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wengert.elaboration.context import KIND_OF_RANK, Context, trees_of
from wengert.elaboration.kinds import Mismatch
from wengert.elaboration.ranks import Tie, infer_kinds
from wengert.notation.expr import Expr, Index, Line, Ref, mapped_line

ROW = "row of "
RANKS = {"s": 1, "c": 2, "m": 3}


def infer_with_rows(
    context: Context, lines: Sequence[Line], claims: Sequence[Line], first: Mapping[str, str] | None
) -> dict[str, str] | None:
    """The kinds of all names where entries with one index may be vectors; None where that is not needed, or leads nowhere.

    `first` are the kinds if they are numbers, None where no line makes sense then.
    """
    names = _candidates(context, lines)
    bold = {tree.name for tree in trees_of(lines) if isinstance(tree, Ref) and tree.bold}
    if not names or (first is not None and not names & bold and not _has_odd_vector(first, lines, bold)):
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
    refs = [tree for tree in trees_of(lines) if isinstance(tree, Ref)]
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
    place = next(tree for tree in trees_of(lines) if isinstance(tree, Ref) and tree.name in names)
    listed = ", ".join(f"'{name}'" for name in names)
    what = f"The entries of {listed} with one index are read as vectors."
    context.warn(place, what, f"Declare it if that is not meant:  {names[0]} ∈ ℝ^n")


def _has_odd_vector(kinds: Mapping[str, str], lines: Sequence[Line], bold: set[str]) -> bool:
    """Whether a capital that stands whole is read as a vector."""
    whole = {tree.name for tree in trees_of(lines) if isinstance(tree, Ref) and tree.indices is None}
    return any(kinds.get(name) == "c" and name[0].isupper() and name not in bold for name in whole)


def _whole_rows(line: Line, names: set[str]) -> Line:
    """The line with entries x_n under a name of their own, as if one row stood alone."""

    def change(tree: Expr) -> Expr:
        if isinstance(tree, Ref) and tree.name in names and not tree.barred and tree.indices and len(tree.indices) == 1:
            return replace(tree, name=ROW + tree.name, indices=None)
        return tree

    return mapped_line(line, change)
