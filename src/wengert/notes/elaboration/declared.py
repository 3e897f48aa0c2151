"""What a text declares or lets be guessed before its lines are read: shapes, sizes, integers, and whether e and π are numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from wengert.core.ir.types import Dim, Size
from wengert.notes.elaboration.context import KIND_OF_RANK, Context
from wengert.notes.notation.expr import (
    BigOp,
    Compare,
    Expr,
    Index,
    Line,
    Num,
    Product,
    Quotient,
    Ref,
    Sum,
    trees_of,
    walk,
)


def defined_names(lines: Sequence[Line]) -> set[str]:
    """The names on the left sides."""
    return {line.left.name for line in lines if isinstance(line.left, Ref)}


def declare(context: Context, lines: Sequence[Line]) -> None:
    """Shapes and sizes that are declared; a line that defines a name takes it back from the sizes."""
    classes = context.classes
    named: dict[str, int] = {}
    for declaration in context.reading.declarations:
        if declaration.kind == "shape":
            for name in declaration.names:
                name = context.resolve(name)
                ids: list[int] = []
                for size in declaration.sizes:
                    number: Size = int(size) if size.isdigit() else Dim(size)
                    ids.append(named.setdefault(size, classes.fresh(number)))
                    if isinstance(number, Dim):
                        context.size_names.setdefault(size, named[size])
                context.axes[name] = tuple(ids)
                context.kinds[name] = KIND_OF_RANK.get(len(ids), "any")
        elif declaration.kind == "size":
            context.letter_sizes[declaration.letter] = declaration.names[0]
            context.size_names[declaration.names[0]] = classes.fresh(Dim(declaration.names[0]))
    for line in lines:
        if isinstance(line.left, Ref):
            context.size_names.pop(line.left.name, None)


def find_constants(context: Context, lines: Sequence[Line]) -> None:
    """e and π are numbers unless a line or a declaration names them."""
    declared = {name for declaration in context.reading.declarations for name in declaration.names}
    defined = defined_names(lines)
    context.constants -= declared | defined


def find_integers(context: Context, lines: Sequence[Line]) -> None:
    """Names used as an index or compared with an index letter are integers."""
    for tree in trees_of(lines):
        if isinstance(tree, Ref):
            names = [index.name for index in tree.indices or () if isinstance(index, Ref)]
        elif isinstance(tree, Compare) and tree.op in "=≠" and Index in (type(tree.left), type(tree.right)):
            names = [side.name for side in (tree.left, tree.right) if isinstance(side, Ref)]
        else:
            continue
        context.dtypes.update(dict.fromkeys(map(context.resolve, names), "int64"))


def guess_sizes(context: Context, lines: Sequence[Line]) -> None:
    """`1/N Σ_n` makes an unknown N the size of n, with a warning; so does an upper limit N of a Σ."""
    defined = defined_names(lines)
    declared = {name for d in context.reading.declarations if d.kind in ("params", "data", "shape") for name in d.names}
    tops = [t.upper for t in trees_of(lines) if isinstance(t, BigOp) and from_zero(t)]
    for top in tops:
        if isinstance(top, Ref) and top.indices is None and top.name not in defined | declared:
            context.size_names.setdefault(top.name, context.classes.fresh(Dim(top.name)))
    for line in lines:
        for right in line.rights:
            for name, letter, tree in size_guesses(right):
                if name in defined | declared | context.size_names.keys() or len(name) > 1:
                    continue
                if "α" <= name <= "ω":
                    continue  # 1/τ Σ_d is no mean
                context.letter_sizes[letter] = name
                context.size_names[name] = context.classes.fresh(Dim(name))
                context.warn(
                    tree,
                    f"'{name}' is read as the size of the index '{letter}'.",
                    f"Declare it:  {name} = size of {letter}",
                )


def size_guesses(tree: Expr) -> list[tuple[str, str, Expr]]:
    """(name, letter, place) wherever `1/N Σ_n …` or `Σ_{n=1}^N` stands."""
    found: list[tuple[str, str, Expr]] = []
    for part in walk(tree):
        if (
            isinstance(part, BigOp)
            and isinstance(part.upper, Ref)
            and part.upper.indices is None
            and len(part.letters) == 1
            and not from_zero(part)
        ):
            found.append((part.upper.name, part.letters[0], part.upper))
        if isinstance(part, BigOp) and len(part.letters) == 1 and (name := size_below(part)) is not None:
            found.append((name.name, part.letters[0], name))
        parts = flat_factors(part)
        for k, factor in enumerate(parts):
            if isinstance(factor, Quotient) and isinstance(factor.numerator, Num):
                for below in flat_factors(factor.denominator):
                    sums = [f for f in parts[k + 1 :] if isinstance(f, BigOp) and f.op == "sum"]
                    if (
                        isinstance(below, Ref)
                        and below.indices is None
                        and len(sums) == 1
                        and len(sums[0].letters) == 1
                    ):
                        found.append((below.name, sums[0].letters[0], below))
            if isinstance(factor, Quotient) and isinstance(factor.denominator, Ref):
                tops = [f for f in flat_factors(factor.numerator) if isinstance(f, BigOp) and f.op == "sum"]
                if len(tops) == 1 and len(tops[0].letters) == 1 and factor.denominator.indices is None:
                    found.append((factor.denominator.name, tops[0].letters[0], factor.denominator))
    return found


def from_zero(tree: BigOp) -> bool:
    """Whether a sum begins at 0: Σ_{i=0}^D runs over one entry more than D."""
    return isinstance(tree.lower, Num) and tree.lower.value == 0


def size_below(tree: BigOp) -> Ref | None:
    """K of Σ_{k=0}^{K−1}."""
    if not (isinstance(tree.lower, Num) and tree.lower.value == 0 and isinstance(tree.upper, Sum)):
        return None
    terms = tree.upper.terms
    ends = len(terms) == 2 and terms[1] == (-1, Num(Fraction(1)))
    name = terms[0][1]
    return name if ends and terms[0][0] > 0 and isinstance(name, Ref) and name.indices is None else None


def flat_factors(tree: Expr) -> list[Expr]:
    """The factors of a product side by side, nested ones opened."""
    if isinstance(tree, Product):
        return [f for factor in tree.factors for f in flat_factors(factor)]
    return [tree]
