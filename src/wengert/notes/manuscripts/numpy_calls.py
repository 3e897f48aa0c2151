"""Calls in NumPy code: sums along axes, functions of entries, einsum, where, writing at places, transposes."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from wengert.notes.manuscripts.numpy_arrays import (
    Letter,
    LetteredArray,
    NotRead,
    einsum,
    entrywise,
    mean,
    own,
    product,
    reduced,
    scalar,
    size,
    spread,
    transposed,
)
from wengert.notes.manuscripts.numpy_surprise import surprise_of_reduction
from wengert.notes.manuscripts.numpy_syntax import ADD, ADD_AT, SET, SIZE, called, is_condition, is_module, whole_number
from wengert.notes.notation.expr import (
    Call,
    Cases,
    Compare,
    Expr,
    Index,
    Indicator,
    Num,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
)

FUNCTIONS = {
    "exp": "exp", "log": "log", "tanh": "tanh", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "abs": "abs", "absolute": "abs",
    "fabs": "abs", "sign": "sign", "log1p": "log1p", "expm1": "expm1", "sigmoid": "σ", "expit": "σ", "relu": "relu", "softplus": "softplus",
    "silu": "silu", "erf": "erf", "arctan": "arctan", "sinh": "sinh", "cosh": "cosh",
}  # fmt: skip
"""Functions of entries by their names in code, and in equations."""
DERIVATIVES = {
    "dsigmoid": "σ",
    "sigmoid_prime": "σ",
    "d_sigmoid": "σ",
    "sigmoid_derivative": "σ",
    "dtanh": "tanh",
    "tanh_prime": "tanh",
}
"""Functions that stand for derivatives of others."""
REDUCTIONS = {"sum": "sum", "max": "max", "amax": "max", "min": "min", "amin": "min", "prod": "prod"}
REDUCED = frozenset({*REDUCTIONS, "mean", "var", "argmax", "softmax"})
"""Functions along axes."""
ZERO, ONE = Num(Fraction(0)), Num(Fraction(1))


@dataclass
class Calls(ABC):
    """Reads calls; what else an expression may be is read by a class above.

    letter      index letters
    conditions  names of arrays that are true or false
    """

    letter: Letter
    conditions: frozenset[str]
    cost: float = 0.0

    @abstractmethod
    def read(self, node: ast.expr) -> LetteredArray:
        """Any expression."""

    @abstractmethod
    def places(self, inner: LetteredArray, inside: Sequence[ast.expr]) -> dict[int, LetteredArray]:
        """The integer arrays of x[s, :, y], by axis."""

    @abstractmethod
    def comparison(self, node: ast.Compare) -> tuple[str, list[LetteredArray]]:
        """The sign and the two sides."""

    def call(self, node: ast.Call) -> LetteredArray:
        name = called(node)
        if name in REDUCTIONS or name in ("mean", "var"):
            return self.reduction(node, name)
        special = _CALLS.get(name)
        if special is not None:
            return special(self, node)
        array, arguments = self.operand(node)
        if name in DERIVATIVES and not arguments:
            return entrywise(lambda tree: Call(DERIVATIVES[name], (tree,), 1), [array])
        if name in FUNCTIONS and not arguments:
            return entrywise(lambda tree: Call(FUNCTIONS[name], (tree,)), [array])
        raise NotRead(f"The function '{name}' is not read.")

    def place_of_largest(self, node: ast.Call) -> LetteredArray:
        array, arguments = self.operand(node)
        axes, keep = self.over(node, arguments)
        if axes is None or keep:
            raise NotRead("This argmax is not read.", "Write, for example:  X.argmax(axis=1)")
        return reduced("argmax", array, axes, False, self.letter)

    def operand(self, node: ast.Call) -> tuple[LetteredArray, list[ast.expr]]:
        """What a function or method is applied to, and its other arguments."""
        if isinstance(node.func, ast.Attribute) and not is_module(node.func.value):
            return self.read(node.func.value), list(node.args)
        if not node.args:
            raise NotRead("This call has no argument.")
        return self.read(node.args[0]), list(node.args[1:])

    def over(self, node: ast.Call, arguments: Sequence[ast.expr]) -> tuple[list[int] | None, bool]:
        """The axes of a reduction, None for all, and whether they are kept."""
        words = {word.arg: word.value for word in node.keywords}
        if set(words) - {"axis", "keepdims", "dim", "keepdim"} or len(arguments) > 1:
            raise NotRead("These arguments are not read.", "Write axis and keepdims only.")
        given = words.get("axis", words.get("dim", arguments[0] if arguments else None))
        kept = words.get("keepdims", words.get("keepdim"))
        keep = isinstance(kept, ast.Constant) and bool(kept.value)
        if given is None or (isinstance(given, ast.Constant) and given.value is None):
            return None, keep
        parts = given.elts if isinstance(given, ast.Tuple | ast.List) else [given]
        axes = [axis for part in parts if (axis := whole_number(part)) is not None]
        if len(axes) != len(parts):
            raise NotRead("This axis is no number.")
        return axes, keep

    def reduction(self, node: ast.Call, name: str) -> LetteredArray:
        array, arguments = self.operand(node)
        axes, keep = self.over(node, arguments)
        if not array.rank or any(not -array.rank <= axis < array.rank for axis in axes or ()):
            raise NotRead("This axis is not there.")
        self.cost += surprise_of_reduction(array, axes, keep)
        if name in REDUCTIONS:
            return reduced(REDUCTIONS[name], array, axes, keep, self.letter)
        if name == "mean":
            return mean(array, axes, keep, self.letter)
        centre = mean(array, axes, True, self.letter)
        square = entrywise(lambda x, m: Power(Sum(((1, x), (-1, m))), Num(Fraction(2))), [array, centre])
        return mean(square, axes, keep, self.letter)

    def arguments(self, node: ast.Call, count: int) -> list[LetteredArray]:
        if len(node.args) != count or node.keywords:
            raise NotRead(f"'{called(node)}' takes {count} arguments here.")
        return [self.read(argument) for argument in node.args]

    def where(self, node: ast.Call) -> LetteredArray:
        condition, first, second = self.three(node)
        if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Invert | ast.Not):
            condition, first, second = condition.operand, second, first
        if not is_condition(condition, self.conditions):
            raise NotRead("The condition of 'where' is not read.", "Write a comparison:  np.where(z > 0, z, 0)")
        parts = [self.read(first), self.read(second)]
        if isinstance(condition, ast.Compare):
            sign, sides = self.comparison(condition)
        else:  # an array of 0 and 1
            sign, sides = ">", [self.read(condition), scalar(Num(Fraction(1, 2)))]
        return entrywise(lambda a, b, x, y: Cases(((x, Compare(sign, a, b)), (y, None))), [*sides, *parts])

    def three(self, node: ast.Call) -> tuple[ast.expr, ast.expr, ast.expr]:
        if len(node.args) != 3 or node.keywords:
            raise NotRead("'where' takes three arguments here.", "Write, for example:  np.where(z > 0, z, 0)")
        return node.args[0], node.args[1], node.args[2]

    def larger(self, node: ast.Call) -> LetteredArray:
        function = {"maximum": "max", "minimum": "min"}[called(node)]
        return entrywise(lambda a, b: Call(function, (a, b)), self.arguments(node, 2))

    def logaddexp(self, node: ast.Call) -> LetteredArray:
        def make(a: Expr, b: Expr) -> Expr:
            if a == Num(Fraction(0)):
                return Call("softplus", (b,))
            return Call("log", (Sum(((1, Call("exp", (a,))), (1, Call("exp", (b,))))),))

        return entrywise(make, self.arguments(node, 2))

    def outer(self, node: ast.Call) -> LetteredArray:
        a, b = self.arguments(node, 2)
        if a.rank != 1 or b.rank != 1:
            raise NotRead("'outer' is of two vectors.", "Write '@' or einsum for other products.")
        return einsum("i,j->ij", [a, b], self.letter)

    def dot(self, node: ast.Call) -> LetteredArray:
        array, arguments = self.operand(node)
        if len(arguments) != 1:
            raise NotRead("'dot' is of two arrays.")
        return product(array, self.read(arguments[0]), self.letter)

    def einsum(self, node: ast.Call) -> LetteredArray:
        if not node.args or not isinstance(node.args[0], ast.Constant) or not isinstance(node.args[0].value, str):
            raise NotRead("The letters of einsum are not read.", "Write them as a text, as in 'ij,jk->ik'.")
        return einsum(node.args[0].value, [self.read(argument) for argument in node.args[1:]], self.letter)

    def trace(self, node: ast.Call) -> LetteredArray:
        array, _ = self.operand(node)
        if array.rank != 2:
            raise NotRead("'trace' is of a matrix.")
        return einsum("ii->", [array], self.letter)

    def diagonal(self, node: ast.Call) -> LetteredArray:
        """np.diag of a matrix, and of a vector."""
        (array,) = self.arguments(node, 1)
        if array.rank == 2 and not any(array.ones):
            return einsum("ii->i", [array], self.letter)
        if array.rank != 1 or array.ones[0]:
            raise NotRead("'diag' is of a matrix or of a vector.")

        def build(letters: tuple[str, ...]) -> Expr:
            return Product((array.build(letters[:1]), Indicator(Compare("=", Index(letters[0]), Index(letters[1])))))

        return LetteredArray((False, False), build)

    def power(self, node: ast.Call) -> LetteredArray:
        return entrywise(Power, self.arguments(node, 2))

    def square(self, node: ast.Call) -> LetteredArray:
        return entrywise(lambda tree: Power(tree, Num(Fraction(2))), self.arguments(node, 1))

    def softmax(self, node: ast.Call) -> LetteredArray:
        array, arguments = self.operand(node)
        axes, _ = self.over(node, arguments)
        if not array.rank:
            raise NotRead("'softmax' is of an array.")
        powers = entrywise(lambda tree: Call("exp", (tree,)), [array])
        return entrywise(Quotient, [powers, reduced("sum", powers, axes or [-1], True, self.letter)])

    def copy(self, node: ast.Call) -> LetteredArray:
        return self.operand(node)[0]

    def filled(self, node: ast.Call) -> LetteredArray:
        """zeros_like(x), ones_like(x), zeros(x.shape)"""
        name = called(node)
        argument = node.args[0] if node.args else None
        if isinstance(argument, ast.Attribute) and argument.attr == "shape":
            argument = argument.value
        elif not name.endswith("_like"):
            argument = None if isinstance(argument, ast.Name | ast.Call) else argument
        if argument is None:
            raise NotRead("The shape of this array is not read.", f"Write:  np.{name.removesuffix('_like')}_like(x)")
        ones = self.shape(argument) if isinstance(argument, ast.Tuple | ast.List) else self.read(argument).ones
        number = Num(Fraction(int(name.startswith("ones"))))
        return LetteredArray(ones, lambda letters: number)

    def shape(self, node: ast.Tuple | ast.List) -> tuple[bool, ...]:
        """The axes of (n, 1, d), for each whether it has one entry only."""
        if any(isinstance(part, ast.Starred) for part in node.elts):
            raise NotRead("This shape is not read.", "Write every size, as in (n, 1, d).")
        return tuple(isinstance(part, ast.Constant) and part.value == 1 for part in node.elts)

    def identity(self, node: ast.Call) -> LetteredArray:
        """np.eye(n)"""
        self.arguments(node, 1)
        return LetteredArray((False, False), lambda letters: Indicator(Compare("=", *map(Index, letters))))

    def repeated(self, node: ast.Call) -> LetteredArray:
        """np.broadcast_to(x, y.shape), and np.repeat(x, n, axis=k) of an axis of one entry."""
        array = self.read(node.args[0]) if node.args else scalar(ZERO)
        if called(node) == "repeat":
            axes, _ = self.over(node, []) if len(node.args) == 2 else (None, False)
            if axes is None or len(axes) != 1 or not -array.rank <= axes[0] < array.rank or not array.ones[axes[0]]:
                raise NotRead("Only an axis of one entry is repeated here.", "Write:  np.repeat(x[:, None], n, axis=1)")
            ones = tuple(one and k != axes[0] % array.rank for k, one in enumerate(array.ones))
        else:
            to = node.args[1] if len(node.args) == 2 else None
            if isinstance(to, ast.Attribute) and to.attr == "shape":
                ones = self.read(to.value).ones
            elif isinstance(to, ast.Tuple | ast.List):
                ones = self.shape(to)
            else:
                raise NotRead("This shape is not read.", "Write:  np.broadcast_to(x, y.shape)")
        if len(ones) < array.rank:
            raise NotRead("An array is not broadcast to one with fewer axes.")
        return LetteredArray(ones, lambda letters: array.build(own(array, letters)))

    def written(self, node: ast.Call) -> LetteredArray:
        """What x is after np.add.at(x, s, v), x[s] += v or x[s] = v."""
        before = self.read(node.args[0])
        places = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        if called(node) == SET and not is_zero(before):
            raise NotRead("An assignment to entries of what is not zero is not read.")
        at = self.places(before, places)
        added = spread(self.read(node.args[2]), at, before, self.letter, last_only=called(node) != ADD_AT)
        return entrywise(plus, [before, added])

    def length(self, node: ast.Call) -> LetteredArray:
        array, _ = self.operand(node)
        if not array.rank:
            raise NotRead("A number has no length.")
        return size(array, 0, self.letter)

    def determinant(self, node: ast.Call) -> LetteredArray:
        if len(node.args) != 1 or not isinstance(node.args[0], ast.Name) or self.read(node.args[0]).rank != 2:
            raise NotRead("The determinant is of a matrix with a name.", "Give the matrix a line of its own.")
        return scalar(Call("det", (Ref(node.args[0].id),)))

    def transpose(self, node: ast.Call) -> LetteredArray:
        array, arguments = self.operand(node)
        parts = arguments[0].elts if len(arguments) == 1 and isinstance(arguments[0], ast.Tuple) else arguments
        order = [axis for part in parts if (axis := whole_number(part)) is not None]
        if parts and (len(order) != len(parts) or {axis % (array.rank or 1) for axis in order} != {*range(array.rank)}):
            raise NotRead("This order of axes is not read.", "Name each axis once:  x.transpose(0, 2, 1)")
        if array.rank < 2:
            raise NotRead("An array with fewer than two axes has no transpose.", "Leave it out.")
        return transposed(array, order or None)

    def swapped(self, node: ast.Call) -> LetteredArray:
        """x.swapaxes(-1, -2)"""
        array, arguments = self.operand(node)
        axes = [axis for part in arguments if (axis := whole_number(part)) is not None]
        if len(axes) != 2 or len(arguments) != 2 or any(not -array.rank <= axis < array.rank for axis in axes):
            raise NotRead("These axes are not there.")
        order = list(range(array.rank))
        first, second = (axis % array.rank for axis in axes)
        order[first], order[second] = order[second], order[first]
        return transposed(array, order)

    def size_of(self, node: ast.Call) -> LetteredArray:
        """n of n, d = x.shape"""
        array, axis, count = self.read(node.args[0]), whole_number(node.args[1]), whole_number(node.args[2])
        if axis is None or count != array.rank:
            raise NotRead(f"This array has {array.rank} axes here.")
        return size(array, axis, self.letter)


def plus(a: Expr, b: Expr) -> Expr:
    """a + b; what is zero is left out."""
    return b if a == ZERO else a if b == ZERO else Sum(((1, a), (1, b)))


def minus(a: Expr, b: Expr) -> Expr:
    """a − b"""
    return a if b == ZERO else Sum(((-1, b),)) if a == ZERO else Sum(((1, a), (-1, b)))


def is_zero(array: LetteredArray) -> bool:
    return array.build(("?",) * array.rank) == ZERO


_CALLS: dict[str, Callable[[Calls, ast.Call], LetteredArray]] = {
    "where": Calls.where,
    "maximum": Calls.larger,
    "minimum": Calls.larger,
    "logaddexp": Calls.logaddexp,
    "outer": Calls.outer,
    "dot": Calls.dot,
    "matmul": Calls.dot,
    "einsum": Calls.einsum,
    "trace": Calls.trace,
    "diag": Calls.diagonal,
    "power": Calls.power,
    "square": Calls.square,
    "softmax": Calls.softmax,
    "copy": Calls.copy,
    "float": Calls.copy,
    "astype": Calls.copy,
    "asarray": Calls.copy,
    "array": Calls.copy,
    "zeros_like": Calls.filled,
    "ones_like": Calls.filled,
    "zeros": Calls.filled,
    "ones": Calls.filled,
    "eye": Calls.identity,
    "identity": Calls.identity,
    "repeat": Calls.repeated,
    "broadcast_to": Calls.repeated,
    ADD: Calls.written,
    ADD_AT: Calls.written,
    SET: Calls.written,
    SIZE: Calls.size_of,
    "swapaxes": Calls.swapped,
    "t": Calls.transpose,
    "mm": Calls.dot,
    "len": Calls.length,
    "det": Calls.determinant,
    "transpose": Calls.transpose,
}
