"""Edits of a statement: each kind of mistake is undone by some. An edit that is accepted is diagnosis and correction at once."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.programs.arrays import is_array, is_tensor, numbers
from wengert.programs.source import copied_tree

KINDS = {
    "sign": "a sign is turned",
    "factor": "a factor is missing, too many or another number",
    "sum": "a sum is missing, too many or over another axis",
    "mean": "a mean stands for a sum, or a sum for a mean",
    "transpose": "a transpose is missing or too many, or the order of a product",
    "path": "a path is missing: a term of the sum over all that read the quantity",
    "term": "a term is too many",
    "slope": "the slope of the activation is missing or that of another",
    "cache": "another kept value belongs here",
    "mask": "a mask is missing or turned",
    "overwritten": "what is added to is overwritten, or the other way round",
    "step": "another step, or entry, belongs here",
    "order": "a parameter is updated before it is read",
}
SLOPES = ("({0} > 0)", "(1 - {0} ** 2)", "{0} * (1 - {0})", "np.exp({0})", "np.cos({0})", "1 / {0}")
TURNED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.LtE,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.LtE: ast.Gt,
}
FUNCTIONS = ("sin", "cos", "exp", "tanh", "cosh", "sinh", "log", "sqrt", "sign", "square")
AWAY = 1000  # columns between a statement and one that is put behind it
NODES = 40  # of a right side that are edited
FLAT_NAMES = ("np", "numpy", "torch", "jnp", "jax", "F", "self", "math")
MODULES = ("np", "numpy", "torch", "jnp")


@dataclass(frozen=True)
class StatementEdit:
    """A statement in place of another. `after`: it is put behind it; `last`: it goes to the end of its block."""

    kind: str
    cost: float
    node: Any
    after: bool = False
    last: bool = False
    spot: ast.expr | None = None  # what of the author's right side is replaced, and by what
    new: ast.expr | None = None

    @property
    def text(self) -> str:
        return ast.unparse(self.node)


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def binary(a: ast.expr, op: ast.operator, b: ast.expr) -> ast.BinOp:
    return ast.BinOp(copied_tree(a), op, copied_tree(b))


def named(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that a statement sees, by the text that reads them: names, attributes, entries under a constant key."""
    out: dict[str, Any] = {}
    for name, value in scope.items():
        if is_tensor(value):
            out[name] = numbers(value)
        elif isinstance(value, np.ndarray | float | np.floating | int | np.bool_) and not isinstance(value, bool):
            out[name] = value
        elif name == "self":
            out.update({f"self.{k}": v for k, v in named(vars(value)).items() if "(" not in k})
        elif isinstance(value, dict) and len(value) <= 30:
            out.update(
                {
                    f"{name}[{k!r}]": numbers(v) if is_tensor(v) else v
                    for k, v in value.items()
                    if isinstance(k, str) and (is_array(v) or isinstance(v, float))
                }
            )
    return out


def sizes_of(numbers: Mapping[str, Any], scope: Mapping[str, Any]) -> list[str]:
    """Whole numbers by name; where there is none, the first axis of an array."""
    found = [n for n, v in numbers.items() if isinstance(v, int) and v > 1]
    if found:
        return found[:6]
    return [f"{n}.shape[0]" for n, v in numbers.items() if isinstance(v, np.ndarray) and v.ndim > 1][:2]


def edits(
    statement: Any, scope: Mapping[str, Any], read: Mapping[str, Any] = {}, axes: Sequence[str] = ()
) -> list[StatementEdit]:
    """The edits of a statement that sees these variables, the cheapest first.

    `read`: values of what the author reads elsewhere, as h[t - 1]; `axes`: those that he sums over elsewhere.
    """
    numbers = {n: v for n, v in named(scope).items() if n not in FLAT_NAMES} | dict(read)
    out: list[StatementEdit] = []
    if getattr(statement, "value", None) is not None:
        nodes = list(ast.walk(statement.value))[:NODES]
        for i, node in enumerate(nodes):
            if isinstance(node, ast.Tuple) and i == 0:
                continue
            for kind, cost, new in [*_local(node), *_sums(node, i, axes), *_names(node, numbers)]:
                out.append(StatementEdit(kind, cost, put(statement, i, new), spot=node, new=new))  # type: ignore[arg-type]
        wholes = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
        for whole in wholes:
            for kind, cost, new in _whole(whole, numbers, sizes_of(numbers, scope)):
                out.append(StatementEdit(kind, cost, put(statement, nodes.index(whole), new), spot=whole, new=new))
    out += _statements(statement, sizes_of(numbers, scope), numbers)
    seen = {ast.unparse(statement)}
    best: list[StatementEdit] = []
    for edit in sorted(out, key=lambda e: e.cost):
        if edit.text not in seen or edit.last:
            seen.add(edit.text)
            best.append(edit)
    return best


def opposite(node: ast.expr) -> str | None:
    """The text of x <= 0 for x > 0; None for what is no comparison of two by size."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or type(node.ops[0]) not in OPPOSITE:
        return None
    return ast.unparse(ast.Compare(node.left, [OPPOSITE[type(node.ops[0])]()], node.comparators))


def put(statement: Any, index: int, new: ast.expr) -> Any:
    made = copied_tree(statement)
    target = list(ast.walk(made.value))[index]

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return copied_tree(new) if node is target else self.generic_visit(node)

    made.value = Put().visit(made.value)
    return ast.fix_missing_locations(ast.copy_location(made, statement))


Options = Iterator[tuple[str, float, ast.expr]]


def _local(node: ast.AST) -> Options:
    """Edits that change operators and constants."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", 1, node.operand
    if isinstance(node, ast.BinOp):
        yield from _binary(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in TURNED:
        yield "mask", 1, ast.Compare(node.left, [TURNED[type(node.ops[0])]()], node.comparators)
        for value in (0, 1):
            yield "mask", 1.5, ast.Compare(node.left, node.ops, [ast.Constant(value)])
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        v = node.value
        for other in {v + 1, v - 1, v * 2, v / 2, -v, v + 0.5, v - 0.5} - {v}:
            yield "factor", 2, ast.Constant(int(other) if float(other).is_integer() else other)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", 1, node.value
    elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp) and not _is_module(node):
        yield "transpose", 2, ast.Attribute(node, "T", ast.Load())
        yield "factor", 3, binary(node, ast.Pow(), ast.Constant(2))
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice | ast.Tuple):
        yield from _steps(node)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in FUNCTIONS
        and len(node.args) == 1
    ):
        for other in FUNCTIONS:
            if other != node.func.attr:
                yield "slope", 3, ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, [])
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("dot", "matmul", "outer")
    ):
        if len(node.args) == 2:
            yield "transpose", 2, ast.Call(node.func, node.args[::-1], [])
        elif len(node.args) == 1:
            yield "transpose", 2, ast.Call(ast.Attribute(node.args[0], "dot", ast.Load()), [node.func.value], [])


def _is_module(node: ast.expr) -> bool:
    text = ast.unparse(node)
    return text in FLAT_NAMES or text.startswith(tuple(f"{m}." for m in MODULES))


def _binary(node: ast.BinOp) -> Options:
    left, op, right = node.left, node.op, node.right
    if isinstance(op, ast.Add | ast.Sub):
        yield "sign", 1, binary(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right)
        yield "term", 3, left
        yield "term", 3, right
        if isinstance(op, ast.Sub):
            yield "sign", 1, binary(right, ast.Sub(), left)
            if isinstance(left, ast.Constant):
                yield "slope", 2, binary(left, ast.Sub(), binary(right, ast.Pow(), ast.Constant(2)))
                yield "slope", 2, binary(right, ast.Mult(), node)
                if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Pow | ast.Mult):
                    yield "slope", 2, binary(right.left, ast.Mult(), binary(left, ast.Sub(), right.left))
    if isinstance(op, ast.Mult | ast.Div):
        yield "factor", 1.9, left
        if isinstance(op, ast.Mult):
            yield "factor", 1.9, right
            yield from _of_tanh(left, right)
            for axis in ("0", "1", "-1"):
                total = f"np.sum({ast.unparse(node)}, axis={axis}, keepdims=True)"
                yield "path", 4, binary(node, ast.Sub(), binary(left, ast.Mult(), expression(total)))
        yield "factor", 2, binary(left, ast.Div() if isinstance(op, ast.Mult) else ast.Mult(), right)
    if isinstance(op, ast.Pow):
        yield "factor", 2, left
        for d in (1, -1):
            yield "factor", 2, binary(left, ast.Pow(), binary(right, ast.Add(), ast.Constant(d)))
    if isinstance(op, ast.MatMult):
        yield "transpose", 2, binary(right, ast.MatMult(), left)


def _of_tanh(left: ast.expr, right: ast.expr) -> Options:
    """a (1 − s²) of a tanh for a · s (1 − s) of a sigmoid."""
    if not (isinstance(left, ast.BinOp) and isinstance(right, ast.BinOp) and isinstance(right.op, ast.Sub)):
        return
    if ast.unparse(left.right) == ast.unparse(right.right):
        square = binary(right.right, ast.Pow(), ast.Constant(2))
        yield "slope", 2, binary(left.left, ast.Mult(), binary(right.left, ast.Sub(), square))


def _steps(node: ast.Subscript) -> Options:
    if isinstance(node.slice, ast.Constant):
        return
    for op in (ast.Sub(), ast.Add()):
        yield "step", 2, ast.Subscript(node.value, binary(node.slice, op, ast.Constant(1)), ast.Load())
    if isinstance(node.slice, ast.BinOp):
        yield "step", 1.5, ast.Subscript(node.value, node.slice.left, ast.Load())


AXES = ("0", "1", "-1", "(0, 1)", "(0, 2, 3)")


def _sums(node: ast.AST, index: int, axes: Sequence[str]) -> Options:
    """Sums over other axes, missing and too many; means."""
    other = [a for a in axes if a not in AXES]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean"):
        module = isinstance(node.func.value, ast.Name) and node.func.value.id in MODULES
        if module and not node.args:
            return
        inner = node.args[0] if module else node.func.value
        renamed = copied_tree(node)
        assert isinstance(renamed.func, ast.Attribute)
        renamed.func.attr = "mean" if node.func.attr == "sum" else "sum"
        yield "mean", 1, renamed
        yield "sum", 3, inner
        for axis in (*AXES[:3], "", *AXES[:2:-1], *other):
            for keep in (False, True):
                words = [*([f"axis={axis}"] if axis else []), *(["keepdims=True"] if keep else [])]
                head = [f"np.{node.func.attr}({ast.unparse(inner)}", *words] if module else words
                text = (
                    ", ".join(head) + ")" if module else f"({ast.unparse(inner)}).{node.func.attr}({', '.join(words)})"
                )
                yield "sum", 2, expression(text)
    elif index == 0 or isinstance(node, ast.BinOp):
        for axis in (*AXES, *other):
            for keep in ("", ", keepdims=True"):
                if index == 0 or axis in AXES[:3]:
                    yield "sum", 2 + (index > 0), expression(f"np.sum({ast.unparse(node)}, axis={axis}{keep})")


def _names(node: ast.AST, numbers: Mapping[str, Any]) -> Options:
    """Another value of the same shape; a slope that belongs to it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        for other, value in numbers.items():
            for axis in range(np.ndim(value)) if np.ndim(value) == 2 else ():
                yield "path", 3.5, expression(f"np.sum({other}, axis={axis})")
    if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return
    text = ast.unparse(node)
    if text in FLAT_NAMES or text.startswith(tuple(f"{m}." for m in MODULES)):
        return
    if text in numbers:
        shape = np.shape(numbers[text])
        for other, value in numbers.items():
            if other != text and np.shape(value) == shape and isinstance(value, int) == isinstance(numbers[text], int):
                yield "cache", 3, expression(other)
        if isinstance(numbers[text], int):
            for op in (ast.Sub(), ast.Add()):
                yield "factor", 2, binary(node, op, ast.Constant(1))
        else:
            for slope in SLOPES[:3]:
                yield "slope", 3, expression(slope.format(text))
                yield "slope", 3, binary(node, ast.Mult(), expression(slope.format(text)))
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name | ast.Attribute):
        yield from _other_lists(node, numbers)


def _other_lists(node: ast.Subscript, numbers: Mapping[str, Any]) -> Options:
    base = ast.unparse(node.value)
    for other, value in numbers.items():
        if other != base and base in numbers and np.shape(value) == np.shape(numbers[base]):
            yield "cache", 3, ast.Subscript(expression(other), node.slice, ast.Load())


def _whole(value: ast.expr, numbers: Mapping[str, Any], sizes: list[str]) -> Options:
    """Signs, factors, slopes, masks and terms of a whole right side."""
    yield "sign", 2, ast.UnaryOp(ast.USub(), value)
    yield "factor", 2, binary(ast.Constant(2), ast.Mult(), value)
    yield "factor", 2, binary(ast.Constant(0.5), ast.Mult(), value)
    for size in sizes:
        yield "factor", 2, binary(value, ast.Div(), expression(size))
        yield "factor", 2, binary(value, ast.Mult(), expression(size))
    whole = ast.unparse(value)
    for other, array in numbers.items():
        if isinstance(array, int):
            continue
        mask = isinstance(array, np.ndarray) and array.dtype.kind == "b"
        yield "mask" if mask else "factor", 3, binary(value, ast.Mult(), expression(other))
        if mask:
            continue
        yield "factor", 3.5, binary(value, ast.Div(), expression(other))
        for slope in SLOPES:
            yield "slope", 3.5 if other not in whole else 4, binary(value, ast.Mult(), expression(slope.format(other)))
        if other not in whole:
            yield "path", 3, binary(value, ast.Add(), expression(other))
            yield "path", 3, binary(value, ast.Sub(), expression(other))


def _statements(s: Any, sizes: list[str], numbers: Mapping[str, Any]) -> list[StatementEdit]:
    """Edits that make another statement: overwritten for added, np.add.at, a line that is missing, an update that comes too early."""
    out: list[StatementEdit] = []

    def add(kind: str, cost: float, node: Any, **how: Any) -> None:
        out.append(StatementEdit(kind, cost, ast.fix_missing_locations(ast.copy_location(node, s)), **how))

    if (
        isinstance(s, ast.Assign)
        and len(s.targets) == 1
        and isinstance(s.targets[0], ast.Name | ast.Subscript | ast.Attribute)
    ):
        add("overwritten", 1, ast.AugAssign(copied_tree(s.targets[0]), ast.Add(), copied_tree(s.value)))
    if isinstance(s, ast.AugAssign):
        add("overwritten", 1, ast.Assign([copied_tree(s.target)], copied_tree(s.value)))
        swapped = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(s.op))
        if swapped:
            add(
                "sign" if isinstance(s.op, ast.Add | ast.Sub) else "factor",
                1,
                ast.AugAssign(copied_tree(s.target), swapped(), copied_tree(s.value)),
            )
        if (
            isinstance(s.op, ast.Add)
            and isinstance(s.target, ast.Subscript)
            and not any(isinstance(n, ast.Slice) for n in ast.walk(s.target.slice))
        ):
            args = [ast.unparse(e) for e in (s.target.value, s.target.slice, s.value)]
            add("overwritten", 1, ast.Expr(expression(f"np.add.at({', '.join(args)})")))
        if isinstance(s.op, ast.Sub):
            add("order", 1, copied_tree(s), last=True)
    base = target_of(s)
    while isinstance(base, ast.Subscript) and not isinstance(base.slice, ast.Constant):
        base = base.value
    if isinstance(base, ast.Name | ast.Attribute | ast.Subscript):
        text = ast.unparse(base)
        for size in sizes:
            add("factor", 2.5, ast.parse(f"{text} /= {size}").body[0], after=True)
    return out


def target_of(s: Any) -> ast.expr | None:
    if isinstance(s, ast.Assign):
        return s.targets[0]
    return getattr(s, "target", None)


def in_block(tree: ast.AST, at: Callable[[ast.stmt], bool], new: StatementEdit) -> bool:
    """Carry out an edit in a tree. False where its statement is not there."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            for i, statement in enumerate(block):
                if at(statement):
                    made = copied_tree(new.node)
                    if new.after:
                        made.col_offset += AWAY  # another statement: its events are its own
                        made.end_lineno, made.end_col_offset = made.lineno, made.col_offset + 1
                        block.insert(i + 1, made)
                    elif new.last:
                        end = len(block) - isinstance(block[-1], ast.Return)
                        if i == end - 1:
                            return False
                        block.insert(end - 1, block.pop(i))
                    else:
                        block[i] = made
                    return True
    return False


def written(text: str, statement: Any, edit: StatementEdit) -> str:
    """The corrected line: the author's text but for what is replaced."""
    lines = text.split("\n")[statement.lineno - 1 : statement.end_lineno]
    spot = edit.spot
    if spot is None or edit.new is None or len(lines) != 1 or not hasattr(spot, "end_col_offset"):
        return edit.text
    line = lines[0].encode()
    new = ast.unparse(edit.new)
    for part in (new, f"({new})"):
        made = (line[: spot.col_offset] + part.encode() + line[spot.end_col_offset :]).decode()
        made = made.encode()[statement.col_offset :].decode().split("  #")[0].rstrip().rstrip(";")
        try:
            if ast.dump(ast.parse(made)) == ast.dump(ast.parse(edit.text)):
                return made
        except SyntaxError:
            continue
    return edit.text
