"""Statements of NumPy code with one small change, as a mistake in them may be mended: a transpose, a sign, a sum, a factor, a comparison."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping

from wengert.notes.manuscripts.numpy_syntax import called, whole_number

OTHER_WAY: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt}
WITH_EQUAL: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


def edits(value: ast.expr) -> Iterator[ast.expr]:
    """An expression with one change, of the whole first and then of its parts."""
    yield from summed(value)
    count = sum(isinstance(node, ast.expr) for node in ast.walk(value))
    for number in range(count):
        for change in (transposed, signed, reduced_otherwise, without_factor, compared_otherwise):
            yield from changed_at(value, number, change)


def changed_at(value: ast.expr, number: int, change: Callable[[ast.expr], Iterator[ast.expr]]) -> Iterator[ast.expr]:
    """An expression with the changes of one of its parts."""
    nodes = [node for node in ast.walk(value) if isinstance(node, ast.expr)]
    for new in change(nodes[number]):
        yield Putting(nodes[number], new).visit(value) if number else new


class Putting(ast.NodeTransformer):
    """Puts one part in the place of another, in a copy."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old = old
        self.new = new

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if node is self.old:
            return self.new
        return super().generic_visit(copy.copy(node_with_own_lists(node)))

    visit = generic_visit


def node_with_own_lists(node: ast.AST) -> ast.AST:
    """A node whose lists are no longer shared, so that a change of them is one of the copy."""
    made = copy.copy(node)
    for name, part in ast.iter_fields(node):
        if isinstance(part, list):
            setattr(made, name, list(part))
    return made


def method(of: ast.expr, name: str, **words: int) -> ast.expr:
    """x.sum(axis=0)"""
    keywords = [ast.keyword(word, ast.Constant(value)) for word, value in words.items()]
    return ast.Call(ast.Attribute(of, name, ast.Load()), [], keywords)


def summed(value: ast.expr) -> Iterator[ast.expr]:
    """x.sum(axis=0) for x, and x for x.sum(axis=0)."""
    for axis in (0, 1, -1):
        yield method(value, "sum", axis=axis)
    yield method(value, "sum")


def transposed(node: ast.expr) -> Iterator[ast.expr]:
    """a.T @ b, a @ b.T, b @ a for a @ b; what has .T without it."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.MatMult):
        return
    a, b = node.left, node.right
    for left, right in (
        (turned(a), b),
        (a, turned(b)),
        (turned(a), turned(b)),
        (b, a),
        (turned(b), a),
        (b, turned(a)),
        (turned(b), turned(a)),
    ):
        yield ast.BinOp(left, node.op, right)


def turned(node: ast.expr) -> ast.expr:
    """x.T for x and x for x.T."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def signed(node: ast.expr) -> Iterator[ast.expr]:
    """a − b for a + b and the other way, −x for x."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
        if isinstance(node.op, ast.Sub):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def reduced_otherwise(node: ast.expr) -> Iterator[ast.expr]:
    """A sum for a mean and the other way, and along another axis."""
    if not isinstance(node, ast.Call) or called(node) not in ("sum", "mean"):
        return
    other = copy.deepcopy(node)
    name = "mean" if called(node) == "sum" else "sum"
    if isinstance(other.func, ast.Attribute):
        other.func.attr = name
        yield other
    if isinstance(node.func, ast.Attribute) and node.args and whole_number(node.args[-1]) is not None:
        for axis in (0, 1, -1):
            along = copy.deepcopy(node)
            along.args[-1] = ast.Constant(axis)
            yield along
    for k, word in enumerate(node.keywords):
        if word.arg == "axis":
            for axis in (0, 1, -1):
                along = copy.deepcopy(node)
                along.keywords[k].value = ast.Constant(axis)
                yield along


def without_factor(node: ast.expr) -> Iterator[ast.expr]:
    """a for a * b and a / b, 2 * a and a / 2."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        yield node.left
        if isinstance(node.op, ast.Mult):
            yield node.right
            yield ast.BinOp(node.left, ast.Div(), node.right)
        else:
            yield ast.BinOp(node.left, ast.Mult(), node.right)
    elif isinstance(node, ast.BinOp | ast.Call | ast.Name):
        yield ast.BinOp(ast.Constant(2), ast.Mult(), node)


def compared_otherwise(node: ast.expr) -> Iterator[ast.expr]:
    """h <= 0 and h >= 0 for h < 0."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for table in (WITH_EQUAL, OTHER_WAY):
            if (other := table.get(type(node.ops[0]))) is not None:
                yield ast.Compare(node.left, [other()], node.comparators)


def text_of(value: ast.expr, spelled: Mapping[str, str]) -> str:
    """An expression as code, with its author's names; "" where it holds what Python has no name for."""
    own = copy.deepcopy(value)
    for node in ast.walk(own):
        if isinstance(node, ast.Name):
            node.id = spelled.get(node.id, node.id)
    text = ast.unparse(ast.fix_missing_locations(own))
    return "" if "@" in text.replace(" @ ", "") or "∂" in text or "⁽" in text else text
