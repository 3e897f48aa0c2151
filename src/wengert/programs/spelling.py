"""Edits are found in the words of NumPy; a program of another library gets them in its own."""

from __future__ import annotations

import ast
import copy
from dataclasses import replace

from wengert.programs.arrays import Library
from wengert.programs.edits import StatementEdit


def spelled(edit: StatementEdit, library: Library) -> StatementEdit:
    """An edit in the words of a library: torch.sum(x, dim=0), jnp.exp(x)."""
    if library.name == "numpy":
        return edit
    made = Words(library).visit(copy.deepcopy(edit.node))
    new = Words(library).visit(copy.deepcopy(edit.new)) if edit.new is not None else None
    return replace(edit, node=ast.fix_missing_locations(made), new=new)


class Words(ast.NodeTransformer):
    """Modules, keywords and the scattered sum of NumPy in the words of another library."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id == "np":
            node.id = self.library.module
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        self.generic_visit(node)
        node.arg = {"axis": self.library.axis, "keepdims": self.library.keepdims}.get(str(node.arg), node.arg)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """np.add.at(a, i, v): a.index_add_(0, i, v), a = a.at[i].add(v)."""
        call = node.value
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "np.add.at"):
            return ast.copy_location(ast.Expr(self.visit(call)), node)
        a, i, v = (ast.unparse(argument) for argument in call.args)
        text = f"{a}.index_add_(0, {i}, {v})" if self.library.name == "torch" else f"{a} = {a}.at[{i}].add({v})"
        return ast.copy_location(ast.parse(text).body[0], node)
