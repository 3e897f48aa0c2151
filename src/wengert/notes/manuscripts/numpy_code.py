"""Expressions of NumPy code as arrays with axes: names, arithmetic, @, .T, reductions, einsum, functions of entries, look-ups.

What is not read raises NotRead with the reason; a name whose number of axes is not known raises Unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from wengert.notes.manuscripts.numpy_arrays import (
    LetteredArray,
    NotRead,
    entrywise,
    looked_up,
    product,
    quantity,
    scalar,
    size,
    transposed,
)
from wengert.notes.manuscripts.numpy_calls import ONE, Calls, minus, plus
from wengert.notes.manuscripts.numpy_surprise import (
    NOT_PLACES,
    surprise_of_broadcast,
    surprise_of_product,
)
from wengert.notes.manuscripts.numpy_syntax import (
    MODULES,
    SIGNAL,
    called,
    is_condition,
    is_new_axis,
    is_whole,
    whole_number,
)
from wengert.notes.notation.expr import (
    Compare,
    Expr,
    Index,
    Indicator,
    Neg,
    Num,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
)

COMPARISONS = {ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠"}
LARGEST = 1e300


class UnknownAxes(Exception):
    """The number of axes of a name is needed and not known."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(kw_only=True)
class Values(Calls):
    """Reads expressions where the axes of names are known.

    names       by name, whether each axis of the quantity has one entry
    sizes       what names of numbers and sizes stand for
    inputs      names that are read and nowhere computed
    """

    names: Mapping[str, tuple[bool, ...]]
    sizes: Mapping[str, ast.expr]
    inputs: frozenset[str]

    def read(self, node: ast.expr) -> LetteredArray:
        """An expression.

        Raises NotRead, Unknown.
        """
        method = _METHODS.get(type(node))
        if method is None and isinstance(node, ast.List | ast.ListComp | ast.GeneratorExp):
            raise NotRead("A list or a loop inside of a statement is no arithmetic of arrays.")
        if method is None:
            raise NotRead("This is no arithmetic of arrays.")
        return method(self, node)

    def name(self, node: ast.Name) -> LetteredArray:
        if node.id in self.sizes:
            return self.read(self.sizes[node.id])
        of = node.id.removeprefix(SIGNAL)
        if of not in self.names:
            raise UnknownAxes(of)
        return quantity(of, self.names[of], barred=of != node.id)

    def constant(self, node: ast.Constant) -> LetteredArray:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise NotRead("This is no number.")
        if not abs(node.value) < LARGEST:
            raise NotRead("This number is too large.")
        return scalar(Num(Fraction(str(node.value)), str(node.value)))

    def binary(self, node: ast.BinOp) -> LetteredArray:
        a, b = self.read(node.left), self.read(node.right)
        if isinstance(node.op, ast.MatMult):
            self.cost += surprise_of_product(a, b)
            return product(a, b, self.letter)
        make = _OPERATORS.get(type(node.op))
        if make is None:
            raise NotRead("This operator is not read.")
        self.cost += surprise_of_broadcast(a, b, node, self.inputs, set(self.sizes))
        return entrywise(make, [a, b])

    def unary(self, node: ast.UnaryOp) -> LetteredArray:
        inner = self.read(node.operand)
        if isinstance(node.op, ast.UAdd):
            return inner
        if isinstance(node.op, ast.Invert | ast.Not) and is_condition(node.operand, self.conditions):
            return entrywise(lambda tree: Sum(((1, ONE), (-1, tree))), [inner])
        if not isinstance(node.op, ast.USub):
            raise NotRead("This operator is not read.")
        return entrywise(Neg, [inner])

    def compare(self, node: ast.Compare) -> LetteredArray:
        """z > 0 as 1 where it holds and 0 where not."""
        sign, sides = self.comparison(node)
        return entrywise(lambda a, b: Indicator(Compare(sign, a, b)), sides)

    def comparison(self, node: ast.Compare) -> tuple[str, list[LetteredArray]]:
        """The sign and the two sides."""
        sign = COMPARISONS.get(type(node.ops[0]))
        if sign is None or len(node.ops) != 1:
            raise NotRead("This comparison is not read.", "Write one sign, as in:  z > 0")
        return sign, [self.read(node.left), self.read(node.comparators[0])]

    def attribute(self, node: ast.Attribute) -> LetteredArray:
        if isinstance(node.value, ast.Name) and node.value.id in MODULES and node.attr == "pi":
            return scalar(Ref("π"))
        if node.attr == "T":
            inner = self.read(node.value)
            if inner.rank < 2:
                raise NotRead("'.T' of an array with fewer than two axes changes nothing.", "Leave it out.")
            return transposed(inner)
        if node.attr == "size":
            inner = self.read(node.value)
            sizes = [size(inner, axis, self.letter) for axis in range(inner.rank)]
            return entrywise(lambda *trees: Product(trees), sizes) if sizes else scalar(Num(Fraction(1)))
        raise NotRead(f"'.{node.attr}' is not read.")

    def subscript(self, node: ast.Subscript) -> LetteredArray:
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            axis = whole_number(inside[0])
            inner = self.read(node.value.value)
            if axis is None or not -inner.rank <= axis < inner.rank:
                raise NotRead("This axis is not there.")
            return size(inner, axis, self.letter)
        if any(isinstance(part, ast.Slice) and not is_whole(part) for part in inside):
            raise NotRead("A slice of an array is not read.", "Give the parts names of their own, and join none.")
        inner = self.read(node.value)
        if all(is_whole(part) or is_new_axis(part) for part in inside):
            return with_new_axes(inner, inside)
        return looked_up(inner, self.places(inner, inside), self.letter)

    def places(self, inner: LetteredArray, inside: Sequence[ast.expr]) -> dict[int, LetteredArray]:
        """The integer arrays of x[s, :, y], by axis."""
        if len(inside) > inner.rank:
            raise NotRead("There are more indices than axes.")
        found = {axis: self.integer(part, inner, axis) for axis, part in enumerate(inside) if not is_whole(part)}
        if not found or min(found) + len(found) - 1 != max(found) or min(found):
            raise NotRead(
                "These indices are not read.",
                "Write integer arrays for the first axes, as in x[s] or x[np.arange(n), y].",
            )
        usual = int(inner.rank > 1)  # one place of a vector, a list of places of what has more axes
        unusual = sum(abs(array.rank - usual) + inner.ones[axis] for axis, array in found.items())
        self.cost += NOT_PLACES * unusual  # lists of places along axes of many entries are usual
        return found

    def integer(self, node: ast.expr, inner: LetteredArray, axis: int) -> LetteredArray:
        """An array of integers that indexes: a name, arange(n), or where the largest entry is."""
        if isinstance(node, ast.Call) and called(node) in ("arange", "range"):
            return LetteredArray((False,), lambda letters: Index(letters[0]))
        if isinstance(node, ast.Call) and called(node) == "argmax" and axis:
            return self.place_of_largest(node)
        if isinstance(node, ast.Name) and node.id not in self.sizes:
            if node.id not in self.names:
                raise UnknownAxes(node.id)
            return quantity(node.id, self.names[node.id])
        raise NotRead("This index is not read.", "Write an array of integers by its name.")


def with_new_axes(array: LetteredArray, inside: Sequence[ast.expr]) -> LetteredArray:
    """x[:, None]: axes of one entry between those that there are."""
    if sum(map(is_whole, inside)) > array.rank:
        raise NotRead("There are more indices than axes.")
    new: list[bool] = []
    given = iter(array.ones)
    for part in inside:
        new.append(True if is_new_axis(part) else next(given))
    added = [k for k, part in enumerate(inside) if is_new_axis(part)]
    ones = (*new, *given)
    return LetteredArray(ones, lambda letters: array.build(tuple(q for k, q in enumerate(letters) if k not in added)))


_OPERATORS: dict[type[ast.operator], Callable[[Expr, Expr], Expr]] = {
    ast.Add: plus,
    ast.Sub: minus,
    ast.Mult: lambda a, b: Product((a, b)),
    ast.Div: Quotient,
    ast.Pow: Power,
}
_METHODS: dict[type[ast.expr], Callable[..., LetteredArray]] = {
    ast.Name: Values.name,
    ast.Constant: Values.constant,
    ast.BinOp: Values.binary,
    ast.UnaryOp: Values.unary,
    ast.Compare: Values.compare,
    ast.Attribute: Values.attribute,
    ast.Subscript: Values.subscript,
    ast.Call: Values.call,
}
