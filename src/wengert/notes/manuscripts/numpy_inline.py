"""Calls of functions that a block of code defines itself, with what the functions return in their place.

A function is opened if it consists of assignments to names and one return. A call of another one is not read, whatever its name is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass

from wengert.notes.manuscripts.numpy_syntax import called

MAX_DEPTH = 4
"""So deep may functions call each other."""
MAX_NODES = 1000
"""An expression that grows beyond stays a call."""
LOGISTIC = ("1 / (1 + np.exp(-{0}))", "1.0 / (1.0 + np.exp(-{0}))", "1.0 / (1 + np.exp(-{0}))")
"""What a function may return that is known by its name: σ."""


@dataclass(frozen=True)
class Helper:
    """A function: its parameters, what those are that a call leaves out, and what it returns; None where that is no expression."""

    parameters: tuple[str, ...]
    defaults: tuple[ast.expr, ...]
    returned: ast.expr | None


def helpers(body: Sequence[ast.stmt], passes: Sequence[ast.stmt]) -> dict[str, Helper]:
    """The functions of a block by their names, but those that stand as a pass."""
    found = {node.name: node for each in body for node in ast.walk(each) if isinstance(node, ast.FunctionDef)}
    return {name: helper(node) for name, node in found.items() if node not in passes}


def helper(node: ast.FunctionDef) -> Helper:
    """A function as one expression, where it is one."""
    given = node.args
    names = tuple(argument.arg for argument in given.args)
    plain = not (given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or node.decorator_list)
    values: dict[str, ast.expr] = {}
    for statement in node.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.Return) and statement.value is not None and plain:
            returned = Replacing(values).visit(copy.deepcopy(statement.value))
            is_logistic = any(ast.unparse(returned) == each.format(*names[:1], "") for each in LOGISTIC)
            value = (
                ast.Call(ast.Name("expit", ast.Load()), [ast.Name(names[0], ast.Load())], [])
                if is_logistic
                else returned
            )
            return Helper(names, tuple(given.defaults), value if size(value) <= MAX_NODES else None)
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        if not isinstance(statement, ast.Assign) or not isinstance(target, ast.Name):
            break
        values[target.id] = Replacing(values).visit(copy.deepcopy(statement.value))
        if size(values[target.id]) > MAX_NODES:
            break
    return Helper(names, tuple(given.defaults), None)


def size(node: ast.expr) -> int:
    return sum(1 for _ in ast.walk(node))


class Replacing(ast.NodeTransformer):
    """Puts expressions for names."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.values[node.id]) if node.id in self.values else node


class Opening(ast.NodeTransformer):
    """Puts what functions return for calls of them; `refused` is the name of one that is no expression."""

    def __init__(self, known: dict[str, Helper], depth: int = 0) -> None:
        self.known = known
        self.depth = depth
        self.refused = ""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        name = called(node)
        if not isinstance(node.func, ast.Name) or name not in self.known:
            return node
        found = self.known[name]
        missing = len(found.parameters) - len(node.args)
        if found.returned is None or node.keywords or not 0 <= missing <= len(found.defaults) or self.depth > MAX_DEPTH:
            self.refused = name
            return node
        arguments = [*node.args, *(found.defaults[-missing:] if missing else ())]
        opened = Replacing(dict(zip(found.parameters, arguments, strict=True))).visit(copy.deepcopy(found.returned))
        inner = Opening(self.known, self.depth + 1)
        opened = inner.visit(opened)
        self.refused = inner.refused or (name if size(opened) > MAX_NODES else self.refused)
        return opened


def opened(value: ast.expr, known: dict[str, Helper]) -> tuple[ast.expr, str]:
    """An expression with the functions of its block opened, and the name of one that cannot be."""
    opening = Opening(known)
    found = opening.visit(copy.deepcopy(value)) if known else value
    return found, opening.refused
