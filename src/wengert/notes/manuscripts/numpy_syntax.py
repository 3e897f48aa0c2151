"""Small questions about the syntax of NumPy code: which function is called, whether an index is a condition, which names are assigned."""

from __future__ import annotations

import ast
from collections.abc import Iterator

MODULES = frozenset({"np", "numpy", "jnp", "torch", "scipy", "special", "F", "math", "cp"})
PARTS_OF_MODULES = ("linalg", "special", "add", "functional", "nn", "random")
SIGNAL = "∂"
"""What the name of an error signal begins with in the trees of the code."""
ADD_AT, ADD, SET = "@add.at", "@add", "@set"
"""Functions of an array, places and values: the array with the values added, added where of equal places the last one counts, or
put there. Python has no such names."""
SIZE = "@size"
"""The size of an array along an axis, with how many axes it has: of n in n, d = x.shape."""
MADE = frozenset({"zeros", "ones", "empty", "full", "linspace", "loadtxt", "load"})
"""Functions that make arrays of what is no array."""


def called(node: ast.expr) -> str:
    """The name of the function or method that is called, without its module; "" where nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def is_module(node: ast.expr) -> bool:
    """np, np.linalg, scipy.special"""
    if isinstance(node, ast.Attribute):
        return is_module(node.value) and node.attr in PARTS_OF_MODULES
    return isinstance(node, ast.Name) and node.id in MODULES


def whole_number(node: ast.expr) -> int | None:
    """The value of 1 and −1."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = whole_number(node.operand)
        return None if value is None else -value
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def is_whole(node: ast.expr) -> bool:
    """The : of x[:, None], and x[...]."""
    if isinstance(node, ast.Constant):
        return node.value is ...
    return isinstance(node, ast.Slice) and node.lower is node.upper is node.step is None


def is_new_axis(node: ast.expr) -> bool:
    """None or np.newaxis."""
    if isinstance(node, ast.Constant):
        return node.value is None
    return isinstance(node, ast.Attribute) and node.attr == "newaxis"


def is_condition(node: ast.expr, known: frozenset[str] | set[str] = frozenset()) -> bool:
    """z > 0, ~(z > 0), mask & (z > 0), or one of the names that are known to be such."""
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert | ast.Not):
        return is_condition(node.operand, known)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        return is_condition(node.left, known) and is_condition(node.right, known)
    return isinstance(node, ast.Compare)


def is_constant(node: ast.expr) -> bool:
    """2, 1e-5, -0.5"""
    return not any(isinstance(part, ast.Name | ast.Call | ast.Tuple | ast.List) for part in ast.walk(node))


def is_size(node: ast.expr) -> bool:
    """X.shape[0], len(x), x.size, and products of such."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return is_size(node.left) and is_size(node.right)
    return called(node) in ("len", SIZE) or (isinstance(node, ast.Attribute) and node.attr == "size")


def is_made(node: ast.AST) -> bool:
    """Whether a call gives an array that is computed of no other: random numbers, zeros, a list of numbers."""
    if not isinstance(node, ast.Call):
        return False
    if called(node) == "array":
        return bool(node.args) and isinstance(node.args[0], ast.List) and is_module_function(node)
    return is_random(node) or (called(node) in MADE and is_module_function(node))


def is_module_function(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and is_module(node.func.value)


def is_random(node: ast.Call) -> bool:
    """np.random.randn(n, d), rng.normal(size=(n, d))"""
    of = node.func.value if isinstance(node.func, ast.Attribute) else None
    generator = isinstance(of, ast.Name) and of.id in ("rng", "rs", "random", "gen", "generator")
    return generator or (isinstance(of, ast.Attribute) and of.attr == "random" and is_module(of.value))


def made_axes(node: ast.Call) -> tuple[bool, ...] | None:
    """The axes of such an array, for each whether it has one entry only; None where the call does not tell."""
    words = [word.value for word in node.keywords if word.arg in ("size", "shape")]
    if called(node) in ("randn", "rand") and node.args:
        shape: list[ast.expr] = list(node.args)
    elif called(node) in ("zeros", "ones", "empty", "full") and node.args:
        shape = elements(node.args[0])
    elif words:
        shape = elements(words[0])
    else:
        return None
    if any(isinstance(each, ast.Starred | ast.Attribute) for each in shape):
        return None
    return tuple(isinstance(each, ast.Constant) and each.value == 1 for each in shape)


def elements(node: ast.expr) -> list[ast.expr]:
    """The sizes in a shape that is written as (n, d), [n, d] or n."""
    return list(node.elts) if isinstance(node, ast.Tuple | ast.List) else [node]


def named(function: str, *arguments: ast.expr) -> ast.Call:
    """A call of a function by its name."""
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def where(condition: ast.expr, value: ast.expr, other: ast.expr) -> ast.Call:
    """np.where(condition, value, other)"""
    return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "where", ast.Load()), [condition, value, other], [])


def names_in(node: ast.AST) -> set[str]:
    """The names in a part of the code that are no modules and functions."""
    functions = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in functions and n.id not in MODULES}


def assigned_names(node: ast.stmt) -> Iterator[str]:
    """The names that a statement gives a value, also within it, each once."""
    stored = [n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Subscript) and isinstance(n.ctx, ast.Store)]
    targets = [n.value if isinstance(n, ast.Subscript) else n for n in stored]
    appended = [
        n.func.value
        for n in ast.walk(node)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "append"
    ]
    yield from dict.fromkeys(target.id for target in (*targets, *appended) if isinstance(target, ast.Name))


class _PlainNames(ast.NodeTransformer):
    """self.W, cache["W"] and params['W'] as W."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return ast.copy_location(ast.Name(node.attr, node.ctx), node)
        self.generic_visit(node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        key = node.slice
        word = key.value if isinstance(key, ast.Constant) else None
        if isinstance(node.value, ast.Name) and isinstance(word, str) and word.isidentifier():
            return ast.copy_location(ast.Name(word, node.ctx), node)
        return node


def plain(node: ast.stmt) -> ast.stmt:
    """A statement with the names of what stands in an object or in a dictionary; it is changed in place."""
    found = _PlainNames().visit(node)
    assert isinstance(found, ast.stmt)
    return found
