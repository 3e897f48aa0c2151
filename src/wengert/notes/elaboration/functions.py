"""Functions with a rule of their own: max, softmax, tr, norms …"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wengert.core.ir.graph import Node, apply
from wengert.notes.elaboration.exponents import exact_value
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.values import WHOLE_RANK, Val
from wengert.notes.notation.expr import Call, Norm, Partial, Ref

if TYPE_CHECKING:
    from wengert.notes.elaboration.meaning import LineMeaning


def extremum(line: LineMeaning, tree: Call) -> Val:
    """max(0, z) is relu and min(0, z) is −relu(−z); else the larger or smaller, two at a time."""
    vals = [line.number(arg) for arg in tree.args]
    if len(vals) == 1:
        if vals[0].kind == "s":
            return vals[0]
        return line.combine.reduce_whole(tree.function, vals[0], range(WHOLE_RANK[vals[0].kind]), "s", tree)
    rest = [val for arg, val in zip(tree.args, vals, strict=True) if exact_value(arg) != 0]
    if len(vals) == 2 and len(rest) == 1:
        if tree.function == "max":
            return line.combine.map(lambda node: apply("relu", node), rest[0], tree)
        return line.combine.map(lambda node: -apply("relu", -node), rest[0], tree)

    def fold(*nodes: Node) -> Node:
        node = nodes[0]
        for other in nodes[1:]:
            node = apply({"max": "maximum", "min": "minimum"}[tree.function], node, other)
        return node

    return line.combine.entrywise(fold, vals, tree)


def softmax(line: LineMeaning, tree: Call) -> Val:
    """softmax(z) = e^z / Σ e^z along the last whole axis."""
    val = line.number(tree.args[0])
    if val.kind == "s":
        raise Mismatch(
            tree, "'softmax' takes a vector or a matrix, not a scalar.", "Write the indices out:  e^(z_k) / Σ_l e^(z_l)"
        )

    def make(node: Node) -> Node:
        last = node.type.rank - 1
        powers = apply("exp", node)
        return powers / apply(
            "broadcast", apply("sum", powers, axes=(last,)), shape=node.shape, axes=tuple(range(last))
        )

    return line.combine.map(make, val, tree)


def logsumexp(line: LineMeaning, tree: Call) -> Val:
    val = line.combine.map(lambda node: apply("exp", node), line.number(tree.args[0]), tree)
    if val.kind == "s":
        raise Mismatch(
            tree, "'logsumexp' takes a vector or a matrix, not a scalar.", "Write the sum out:  log Σ_l e^(z_l)"
        )
    last = WHOLE_RANK[val.kind] - 1
    summed = line.combine.reduce_whole("sum", val, [last], {"m": "c"}.get(val.kind, "s"), tree)
    return line.combine.map(lambda node: apply("log", node), summed, tree)


def trace(line: LineMeaning, tree: Call) -> Val:
    val = line.number(tree.args[0])
    if val.kind != "m":
        raise Mismatch(tree, "'tr' takes a matrix.", "Write the sum out:  Σ_i A_ii")
    n = len(val.letters)
    line.context.classes.unite(val.sizes[n], val.sizes[n + 1], tree)

    def make() -> Node:
        return apply("einsum", val.make(), inputs=((*range(n), n, n),), output=tuple(range(n)))

    return Val(val.letters, "s", val.sizes[:n], make, tree)


def determinant(line: LineMeaning, tree: Call) -> Val:
    """det A."""
    return line.determinant(line.number(tree.args[0]), tree)


def diagonal(line: LineMeaning, tree: Call) -> Val:
    """diag(v)_ij = v_i ⟦i = j⟧ of a vector; the diagonal A_ii of a matrix."""
    val = line.number(tree.args[0])
    if val.kind == "s":
        raise Mismatch(tree, "'diag' takes a vector or a matrix, not a scalar.", "Give it a vector or a matrix.")
    n = len(val.letters)
    if val.kind == "m":
        line.context.classes.unite(val.sizes[n], val.sizes[n + 1], tree)

        def make_vector() -> Node:
            return apply("einsum", val.make(), inputs=((*range(n), n, n),), output=tuple(range(n + 1)))

        return Val(val.letters, "c", val.sizes[: n + 1], make_vector, tree)

    def make_matrix() -> Node:
        size = line.context.classes.size(val.sizes[n])
        place = apply("position", size=size, dtype="int64")
        rows, columns = (apply("broadcast", place, shape=(size, size), axes=(axis,)) for axis in (0, 1))
        identity = apply("cast", apply("equal", rows, columns), dtype="float64")
        return apply(
            "einsum", val.make(), identity, inputs=(tuple(range(n + 1)), (n, n + 1)), output=tuple(range(n + 2))
        )

    return Val(val.letters, "m", (*val.sizes, val.sizes[n]), make_matrix, tree)


def total(line: LineMeaning, tree: Call) -> Val:
    """sum(x), mean(x) over all entries of a whole array."""
    val = line.number(tree.args[0])
    if val.kind == "s":
        raise Mismatch(tree, f"'{tree.function}' takes a vector or a matrix, not a scalar.", "Write 'Σ' with an index.")
    axes = range(WHOLE_RANK[val.kind])
    sizes = val.sizes[len(val.letters) :]
    result = line.combine.reduce_whole("sum", val, axes, "s", tree)
    if tree.function == "sum":
        return result

    def divide(node: Node) -> Node:
        for size in sizes:
            count = apply("size_of", size=line.context.classes.size(size), dtype="float64")
            node = node / apply("broadcast", count, shape=node.shape, axes=())
        return node

    return line.combine.map(divide, result, tree)


def sum_of_rows(line: LineMeaning, tree: Call) -> Val:
    """rowsum(A)_i = Σ_j A_ij, colsum(A)_j = Σ_i A_ij."""
    val = line.number(tree.args[0])
    if val.kind != "m":
        raise Mismatch(tree, f"'{tree.function}' takes a matrix.", "Write 'Σ' with an index.")
    return line.combine.reduce_whole("sum", val, [1 if tree.function == "rowsum" else 0], "c", tree)


def norm(line: LineMeaning, tree: Norm, *, squared: bool = False) -> Val:
    val = line.number(tree.operand)
    if val.kind == "s":
        raise Mismatch(tree, "A norm takes a vector or a matrix, not a scalar.", "Write the absolute value:  |x|")
    entry = (
        (lambda node: apply("abs", node))
        if tree.order == "1"
        else (lambda node: apply("integer_power", node, exponent=2))
    )
    axes = range(WHOLE_RANK[val.kind])
    summed = line.combine.reduce_whole("sum", line.combine.map(entry, val, tree), axes, "s", tree)
    if squared or tree.order == "1":
        return summed
    return line.combine.map(lambda node: apply("sqrt", node), summed, tree)


def chained(line: LineMeaning, tree: Call) -> Val:
    """prod(ū, ∂u/∂v): the part Σ ū ∂u/∂v of the signal of v that u sends back, whatever the axes of u and v are."""
    if isinstance(tree.args[0], Partial):
        raise Mismatch(tree.args[0], "'prod' begins with a derivative of the loss.", "Write:  prod(∂L/∂u, ∂u/∂v)")
    for link in tree.args[1:]:
        above = link.numerator if isinstance(link, Partial) else None
        below = link.denominator if isinstance(link, Partial) else None
        if not isinstance(above, Ref) or not isinstance(below, Ref) or above.indices or below.indices:
            raise Mismatch(link, "'prod' takes a signal and derivatives ∂u/∂v.", "Write:  prod(∂L/∂u, ∂u/∂v)")
    return line.derivative(tree)


FUNCTIONS: dict[str, Callable[[LineMeaning, Call], Val]] = {
    "max": extremum,
    "min": extremum,
    "softmax": softmax,
    "logsumexp": logsumexp,
    "tr": trace,
    "det": determinant,
    "diag": diagonal,
    "sum": total,
    "mean": total,
    "rowsum": sum_of_rows,
    "colsum": sum_of_rows,
    "prod": chained,
}
