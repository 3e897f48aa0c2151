"""Signs that go over an index: Σ, ∏, max and min with their ranges and conditions, argmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wengert.core.ir.graph import apply, constant
from wengert.notes.elaboration.exponents import exact_value
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.shifts import kept_inside
from wengert.notes.elaboration.values import Val
from wengert.notes.notation.expr import BigOp, Expr, Ref, Sum

if TYPE_CHECKING:
    from wengert.notes.elaboration.meaning import LineMeaning


REDUCTIONS = {"sum": "sum", "max": "max", "min": "min", "prod": "prod"}
SIGNS = {"sum": "Σ", "prod": "∏"}
NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": float("-inf"), "min": float("inf")}
"""What a term is that does not count."""


def big(line: LineMeaning, tree: BigOp) -> Val:
    """Σ_k f_k, and max, min, ∏ and argmax in place of Σ."""
    if tree.op in ("argmax", "argmin") and line.context.derivative is None:
        raise Mismatch(
            tree,
            f"'{tree.op}' has no derivative, so it cannot stand in a forward equation.",
            "Give the index as an integer input.",
        )
    bind_range(line, tree)
    body = body_of(line, tree)
    absent = [q for q in tree.letters if q not in body.letters]
    if absent:
        raise Mismatch(
            tree,
            f"Nothing in this '{SIGNS.get(tree.op, tree.op)}' depends on the index '{absent[0]}'.",
            "Leave the sign out, or put the index on a factor.",
        )
    if tree.op in ("argmax", "argmin"):
        return place_of_extreme(tree, body)
    if tree.condition is not None:
        neutral = NEUTRAL[tree.op]
        condition = line.read(tree.condition)
        body = line.combine.entrywise(
            lambda c, x: apply("where", c, x, constant(neutral, x.type)), [condition, body], tree
        )
    return line.combine.reduce(REDUCTIONS[tree.op], body, tree.letters, tree)


def body_of(line: LineMeaning, tree: BigOp) -> Val:
    """What a sign goes over; a term with an index outside of its axis does not count."""
    before, line.loose = line.loose, []
    line.bound += tree.letters
    val = line.number(tree.body)
    del line.bound[len(line.bound) - len(tree.letters) :]
    own = [loose for loose in line.loose if not loose.letters.isdisjoint(tree.letters)]
    line.loose = [*before, *(loose for loose in line.loose if loose not in own)]
    neutral = NEUTRAL[tree.op] if tree.op in NEUTRAL else NEUTRAL[tree.op.removeprefix("arg")]
    return kept_inside(line, val, own, neutral, tree.body)


def place_of_extreme(tree: BigOp, body: Val) -> Val:
    """argmax_k x_k: the index at which the largest entry stands."""
    if len(tree.letters) != 1 or tree.condition is not None:
        raise Mismatch(tree, f"'{tree.op}' is over one index, without a condition.", "Write:  argmax_k x_k")
    axis = body.letters.index(tree.letters[0])
    rest = tuple(q for q in body.letters if q != tree.letters[0])
    sizes = tuple(size for k, size in enumerate(body.sizes) if k != axis)
    return Val(rest, body.kind, sizes, lambda: apply(tree.op, body.make(), axis=axis), tree)


def bind_range(line: LineMeaning, tree: BigOp) -> None:
    """Σ_{n=1}^N: the upper limit is the size of n."""
    if tree.upper is None or tree.lower is None or len(tree.letters) != 1:
        return
    low, high = exact_value(tree.lower), exact_value(tree.upper)
    size = line.letter(tree.letters[0], tree)
    if low is not None and high is not None and low in (0, 1):
        line.context.classes.unite(size, line.context.classes.fresh(int(high - low + 1)), tree)
        return
    if low == 0 and isinstance(tree.upper, Sum):
        first, *rest = tree.upper.terms
        if (
            len(rest) == 1
            and rest[0][0] < 0
            and exact_value(rest[0][1]) == 1
            and unite_name(line, first[1], size, tree)
        ):
            return
    if low == 1 and unite_name(line, tree.upper, size, tree):
        return
    if low == 0 and isinstance(tree.upper, Ref) and tree.upper.name in line.context.size_names:
        return  # 0 … D: one more than D
    raise Mismatch(
        tree,
        "This range of a sum is not read.",
        "Let the index run over the whole axis, from 1 to N or from 0 to N − 1, or write a condition:  Σ_{k ≥ 2}",
    )


def unite_name(line: LineMeaning, name: Expr, size: int, tree: Expr) -> bool:
    """Whether an upper limit is the name of a size, which the axis has then."""
    if not (isinstance(name, Ref) and name.name in line.context.size_names):
        return False
    line.context.classes.unite(size, line.context.size_names[name.name], tree)
    return True
