"""What is wrong in a part of a right side whose true value is known: each part is tried with what the line sees.

The line is a function of each of its parts; it is run with a factor, a slope or a term more in that part, and what gives the true value
is an edit. Where the part can be solved for, x·? = y or x + ? = y, the value that it should have says which term is missing.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.programs.edits import NODES, SLOPES, StatementEdit, binary, expression, named, opposite, put
from wengert.programs.references import close
from wengert.programs.terms import missing_parts

ATOMS = 60
Evaluate = Callable[[ast.expr, Mapping[str, Any]], Any]
HOLE = "hole_of_a_line"


@dataclass(frozen=True)
class KnownLine:
    """A statement with what it sees at each of its turns, and what its right side should be: at each, or in all."""

    statement: Any
    frames: list[dict[str, Any]]
    wanted: list[np.ndarray]
    total: bool  # wanted has one entry, the sum over the turns

    def holds(self, values: list[Any]) -> bool:
        arrays = [np.asarray(v, float) for v in values]
        if self.total:
            if any(a.shape != arrays[0].shape for a in arrays):
                return False
            return close(sum(arrays), self.wanted[0])
        return all(close(a, w) for a, w in zip(arrays, self.wanted, strict=True))


def edits_of_parts(line: KnownLine, texts: list[str], evaluate: Evaluate) -> list[StatementEdit]:
    """Edits that give a line its true value. `texts`: expressions that the author writes elsewhere; `evaluate`: of one in a frame."""
    value = line.statement.value
    nodes = [n for n in list(ast.walk(value))[:NODES] if isinstance(n, ast.expr) and not isinstance(n, ast.Lambda)]
    atoms = _atoms(line, texts, evaluate)
    out: list[StatementEdit] = []
    with np.errstate(all="ignore"):
        for node in nodes:
            had = _values(node, line, evaluate)
            if had is None or isinstance(node, ast.Constant):
                continue
            for kind, cost, new in _of_part(node, value, had, line, atoms, evaluate):
                made = put(line.statement, nodes_index(value, node), new)
                out.append(StatementEdit(kind, cost, made, spot=node, new=new))
        whole = _values(value, line, evaluate)
        if not line.total and whole is not None and whole[0].shape == line.wanted[0].shape:
            out += list(_solved(line, evaluate))
    return out


def nodes_index(value: ast.expr, node: ast.expr) -> int:
    return next(i for i, n in enumerate(ast.walk(value)) if n is node)


def _values(node: ast.expr, line: KnownLine, evaluate: Evaluate) -> list[Any] | None:
    """What a part is at each turn; None where it is no number."""
    out: list[Any] = []
    for frame in line.frames:
        try:
            value = evaluate(node, frame)
            array = np.asarray(value)
        except Exception:  # a part that is no number, or cannot be computed by itself
            return None
        if array.dtype.kind not in "biuf" or isinstance(value, str):
            return None
        out.append(array)
    return out


def _atoms(line: KnownLine, texts: list[str], evaluate: Evaluate) -> dict[str, list[Any]]:
    """What a line may be multiplied with or added to: the names that it sees, and expressions of the author."""
    out: dict[str, list[Any]] = {}
    names = [n for n, v in named(line.frames[0]).items() if not isinstance(v, int)]
    for text in [*names, *texts, *_turned(texts)]:
        if len(out) >= ATOMS:
            break
        values = _values(expression(text), line, evaluate)
        if values is None or any(not v.size for v in values):
            continue
        if not any(all(_same(a, b) for a, b in zip(values, known, strict=True)) for known in out.values()):
            out[text] = values
    return out


def _turned(texts: list[str]) -> Iterator[str]:
    """The opposites of the comparisons that an author writes: x <= 0 of x > 0."""
    for text in texts:
        if turned := opposite(expression(text)):
            yield f"({turned})"


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b))


def _of_part(
    node: ast.expr, value: ast.expr, had: list[Any], line: KnownLine, atoms: dict[str, list[Any]], evaluate: Evaluate
) -> Iterator[tuple[str, float, ast.expr]]:
    """Edits of one part: another atom in its place, a factor, a slope or a term more."""
    whole = _with_hole(value, node)
    own = ast.unparse(node)
    index = isinstance(node, ast.Name) and all(v.dtype.kind in "iu" and not v.ndim for v in had)
    if index:
        return
    for text, values in atoms.items():
        if text == own:
            continue
        for kind, cost, new, made in _forms(node, text, had, values):
            if made is not None and _gives(whole, made, line, evaluate):
                yield kind, cost, new
                break


def _forms(
    node: ast.expr, text: str, had: list[Any], values: list[Any]
) -> Iterator[tuple[str, float, ast.expr, list[Any] | None]]:
    other = expression(text)
    same = all(np.shape(a) == np.shape(b) for a, b in zip(had, values, strict=True))
    mask = all(v.dtype.kind == "b" for v in values)
    if same and not mask:
        yield "cache", 2.6, other, values
        yield "path", 2.8, binary(node, ast.Add(), other), _each(np.add, had, values)
        yield "path", 2.8, binary(node, ast.Sub(), other), _each(np.subtract, had, values)
    yield "mask" if mask else "factor", 2.4, binary(node, ast.Mult(), other), _each(np.multiply, had, values)
    if mask:
        return
    yield "factor", 2.5, binary(node, ast.Div(), other), _each(np.divide, had, values)
    for slope in SLOPES:
        made = [SLOPE_VALUES[slope](np.asarray(v, float)) for v in values]
        yield "slope", 2.7, binary(node, ast.Mult(), expression(slope.format(text))), _each(np.multiply, had, made)


SLOPE_VALUES: dict[str, Callable[[np.ndarray], np.ndarray]] = dict(
    zip(
        SLOPES,
        (lambda v: v > 0, lambda v: 1 - v**2, lambda v: v * (1 - v), np.exp, np.cos, lambda v: 1 / v),
        strict=True,
    )
)


def _each(function: Any, a: list[Any], b: list[Any]) -> list[Any] | None:
    try:
        return [function(x, y) for x, y in zip(a, b, strict=True)]
    except (ValueError, TypeError):
        return None


def _with_hole(value: ast.expr, node: ast.expr) -> ast.expr:
    """The right side with a name in place of one of its parts."""
    if value is node:
        return ast.Name(HOLE, ast.Load())
    index = nodes_index(value, node)
    made = copy.deepcopy(value)
    target = list(ast.walk(made))[index]

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return ast.Name(HOLE, ast.Load()) if node is target else self.generic_visit(node)

    return Put().visit(made)


def _gives(whole: ast.expr, made: list[Any], line: KnownLine, evaluate: Evaluate) -> bool:
    if isinstance(whole, ast.Name) and whole.id == HOLE:
        return line.holds(made)
    try:
        values: list[Any] = []
        for k, (frame, value) in enumerate(zip(line.frames, made, strict=True)):
            values.append(evaluate(whole, {**frame, HOLE: value}))
            if not line.total and not close(np.asarray(values[-1], float), line.wanted[k]):
                return False
        return line.holds(values)
    except Exception:  # shapes that do not fit
        return False


def _solved(line: KnownLine, evaluate: Evaluate) -> Iterator[StatementEdit]:
    """Terms and factors that are missing inside of a right side: of parts that can be solved for."""
    frame = line.frames[0]
    for node, wanted in _solvable(line.statement.value, line.wanted[0], frame, evaluate):
        if node is line.statement.value:
            continue
        had = np.asarray(evaluate(node, frame), float)
        for kind, sign, text in missing_parts(frame, had, wanted):
            new = ast.BinOp(copy.deepcopy(node), SIGNS[sign], expression(text))
            made = put(line.statement, nodes_index(line.statement.value, node), new)
            yield StatementEdit(kind, 3.1, made, spot=node, new=new)


SIGNS: dict[str, ast.operator] = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult()}


def _solvable(
    node: ast.expr, wanted: np.ndarray, frame: Mapping[str, Any], evaluate: Evaluate
) -> Iterator[tuple[ast.expr, np.ndarray]]:
    """Parts with the values that they should have."""
    yield node, wanted
    todo: list[tuple[ast.expr, np.ndarray]] = []
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        todo.append((node.operand, -wanted))
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        todo.append((node.value, wanted.T))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        try:
            left, right = (np.asarray(evaluate(n, frame), float) for n in (node.left, node.right))
        except Exception:  # a part that cannot be computed by itself
            return
        first, second = {
            ast.Add: (wanted - right, wanted - left),
            ast.Sub: (wanted + right, left - wanted),
            ast.Mult: (wanted / right, wanted / left),
            ast.Div: (wanted * right, left / wanted),
        }[type(node.op)]
        todo += [(node.left, _as(first, left.shape)), (node.right, _as(second, right.shape))]
    for part, value in todo:
        if value.size and np.all(np.isfinite(value)) and not isinstance(part, ast.Constant | ast.Name):
            yield from _solvable(part, value, frame, evaluate)


def _as(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A value as one of a smaller shape that was broadcast; of no entries where it is none."""
    if value.shape == shape:
        return value
    lead = value.ndim - len(shape)
    if lead < 0:
        return np.zeros(0)
    axes = (*range(lead), *(k + lead for k, n in enumerate(shape) if n == 1 != value.shape[k + lead]))
    small = value.mean(axis=axes, keepdims=True).reshape(shape)
    return small if close(np.broadcast_to(small, value.shape), value) else np.zeros(0)
