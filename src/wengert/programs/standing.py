"""The program that functions stand in which are given as objects: their text, their helpers and what they see."""

from __future__ import annotations

import ast
import copy
import inspect
import types
from collections.abc import Callable
from typing import Any

from wengert.errors import CheckError
from wengert.programs.arrays import LIBRARIES
from wengert.programs.pairs import Pair, library_of
from wengert.programs.rules import is_function, is_vjp
from wengert.programs.source import Program, source_of

Found = tuple[ast.Module, str, types.FunctionType]


def standing(forward: Any, backward: Callable[..., Any] | None, tensors: bool) -> tuple[Program, Pair, Any, str]:
    """The program, the pair, the object of its methods and the text. `tensors`: the inputs are arrays of another library than NumPy.

    Raises CheckError where a function is none of Python, EquationError where its text cannot be read.
    """
    this: Any = getattr(forward, "__self__", None)
    rule, plain = "", 0
    holder: Any = None
    if is_function(forward):
        holder, rule, forward, backward = forward, "function", vars(forward)["forward"], vars(forward)["backward"]
    elif is_vjp(forward):
        rule, plain = "vjp", len(forward.nondiff_argnums)
        forward, backward = forward.fwd, forward.bwd
    else:
        holder = _class_of(forward)
        rule = "function" if is_function(holder) else ""
    functions = [getattr(f, "__func__", f) for f in (forward, backward) if f is not None]
    trees = [_found(function) for function in functions]
    holder = type(this) if this is not None else holder if rule else None
    program = Program(ast.Module(_body(trees, holder), []))
    program.prepare_names()
    for _, _, function in trees:
        program.names.update({k: v for k, v in function.__globals__.items() if k != "__builtins__"})
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        program.names.update({n: c.cell_contents for n, c in cells})
    program.names.update({n: v.fun for n, v in program.names.items() if is_vjp(v)})
    if holder is not None:
        this = _copied(program, holder, this)
    for owner in list(program.functions):
        program.install(owner)
    names = [f.__name__ for f in functions]
    context = rule == "function" and "setup_context" not in vars(holder)
    pair = Pair(
        holder.__name__ if holder is not None else None,
        names[0],
        names[1] if len(names) > 1 else None,
        rule=rule,
        plain=plain,
        context=context,
    )
    if tensors or rule:
        used = library_of(Program(trees[0][0]), pair)
        program.library = LIBRARIES[used]()
    return program, pair, this, "".join(inspect.findsource(functions[-1])[0])


def _found(function: Any) -> Found:
    if not isinstance(function, types.FunctionType):
        raise CheckError(
            f"'{getattr(function, '__name__', function)}' is no function of Python.",
            f"  it is of type {type(function).__name__}",
            "Give functions that are written with def.",
        )
    tree, file = source_of(function)
    return tree, file, function


def _class_of(function: Any) -> Any:
    """The class of a static method, by its full name."""
    head, dot, _ = getattr(function, "__qualname__", "").rpartition(".")
    return getattr(function, "__globals__", {}).get(head) if dot else None


def _body(trees: list[Found], holder: Any) -> list[ast.stmt]:
    """The two functions with the others of their files; or the class that they are methods of."""
    nodes: list[ast.stmt] = [] if holder is not None else [_definition(tree, function) for tree, _, function in trees]
    body = list(nodes)
    for tree, file, function in trees:
        known = {b.name for b in body if isinstance(b, ast.FunctionDef)}
        body += [n for n in _helpers(tree, file, function) if n.name not in known]
    if holder is None:
        return body
    classes = [n for n in ast.walk(trees[0][0]) if isinstance(n, ast.ClassDef) and n.name == holder.__name__]
    return [*body, *classes[:1]]


def _copied(program: Program, holder: Any, this: Any) -> Any:
    """A class of the same name whose methods can be changed, and a copy of the object as one of it."""
    cls = holder.__name__
    made = type(cls, (holder,), {"__module__": holder.__module__})
    program.names[cls] = made
    for name in [n for c, n in program.functions if c == cls]:
        setattr(made, name, vars(holder).get(name))
    if this is not None:
        this = copy.deepcopy(this)
        this.__class__ = made
    return this


def _definition(tree: ast.Module, function: types.FunctionType) -> ast.FunctionDef:
    line = function.__code__.co_firstlineno
    for node in ast.walk(tree):
        starts = (
            {node.lineno, *(d.lineno for d in node.decorator_list)} if isinstance(node, ast.FunctionDef) else set[int]()
        )
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__ and line in starts:
            return copy.deepcopy(node)
    raise CheckError(
        f"'{function.__name__}' is not found in its file.",
        f"  line {line}",
        "Write it with def, and load the file again.",
    )


def _helpers(tree: ast.Module, file: str, function: types.FunctionType) -> list[ast.FunctionDef]:
    """The other functions of the file, as they are known to the function now."""
    out: list[ast.FunctionDef] = []
    for node in tree.body:
        known = function.__globals__.get(node.name) if isinstance(node, ast.FunctionDef) else None
        if (
            isinstance(node, ast.FunctionDef)
            and isinstance(known, types.FunctionType)
            and known.__code__.co_filename == file
            and not known.__closure__
        ):
            out.append(node)
    return out
