"""np.linalg.solve and np.linalg.inv as A⁻¹ b and A⁻¹ of whole arrays."""

from __future__ import annotations

import ast
from dataclasses import replace

from wengert.notes.manuscripts.numpy_arrays import NotRead
from wengert.notes.manuscripts.numpy_code import Values
from wengert.notes.manuscripts.numpy_syntax import called, is_module
from wengert.notes.notation.expr import Expr, Inverse, Product, Ref, Transpose


def solver_of(node: ast.expr) -> str | None:
    """solve or inv, of np.linalg"""
    if (
        isinstance(node, ast.Call)
        and called(node) in ("solve", "inv")
        and isinstance(node.func, ast.Attribute)
        and is_module(node.func.value)
    ):
        return called(node)
    return None


def solved_vector(node: ast.expr) -> ast.expr:
    """What has the axes of the result."""
    assert isinstance(node, ast.Call)
    return node.args[-1]


def whole_solution(node: ast.expr, values: Values) -> Expr | None:
    """A⁻¹ b or A⁻¹ as whole arrays; None where the statement is another.

    Raises NotRead.
    """
    kind = solver_of(node)
    if kind is None:
        return None
    assert isinstance(node, ast.Call)
    parts = [whole(argument, values) for argument in node.args]
    if len(parts) != (2 if kind == "solve" else 1):
        raise NotRead("This call is not read.", "Write, for example:  np.linalg.solve(A, b)")
    inverse = Inverse(parts[0])
    return inverse if kind == "inv" else Product((inverse, parts[1]))


def whole(node: ast.expr, values: Values) -> Expr:
    """A name, or the transpose of one, without indices."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return Transpose(whole(node.value, values))
    array = values.read(node)
    if not isinstance(node, ast.Name) or any(array.ones):
        raise NotRead(
            "This is solved for arrays with names only.", "Give the matrix and the right side lines of their own."
        )
    tree = array.build(("?",) * array.rank)
    assert isinstance(tree, Ref)
    return replace(tree, indices=None)
