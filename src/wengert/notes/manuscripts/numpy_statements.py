"""Python code as assignments in their order, those of functions and methods that are called forward, backward and the like in their place.

What changes an array in place is an assignment of its new value. A statement that is more than an assignment stands as one that is
not read, with the reason, for each name that it gives a value.
"""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from wengert.notes.manuscripts.numpy_inline import Helper, helpers, opened
from wengert.notes.manuscripts.numpy_syntax import (
    ADD,
    ADD_AT,
    SET,
    SIZE,
    assigned_names,
    called,
    is_condition,
    is_whole,
    named,
    names_in,
    plain,
    where,
)
from wengert.notes.notation.expr import Span
from wengert.regex import regex

IGNORED = (ast.Import, ast.ImportFrom, ast.Assert, ast.Pass, ast.Global, ast.Delete, ast.Return, ast.FunctionDef)
HARMLESS = frozenset({"print", "seed", "manual_seed", "append", "assert_allclose", "plot", "show"})
"""Functions that are called for what they do, not to change an array."""
PASS = regex(r"forward|backward|backprop|loss|grad|cost|objective|mse|entropy", re.IGNORECASE)
MAX_DEPTH = 60


@dataclass(frozen=True)
class AssignedStep:
    """One assignment: the name, what is assigned, where it stands, and why it cannot be read, "" where nothing is known against it."""

    name: str
    value: ast.expr
    span: Span
    problem: str = ""
    barred: bool = False
    """Whether it states the error signal of the name."""


def steps_of(text: str, start: int) -> list[AssignedStep]:
    """The assignments of a block of code that begins at `start`; none where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of backslashes in texts, which are the author's affair
            body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = [0, *itertools.accumulate(len(line.encode()) for line in text.splitlines(keepends=True))]
    encoded = text.encode()

    def place(node: ast.stmt) -> Span:
        first = lines[node.lineno - 1] + node.col_offset
        last = lines[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        return Span(start + len(encoded[:first].decode()), start + len(encoded[:last].decode()))

    return Statements(place).block(body)


@dataclass
class Statements:
    """Takes statements as assignments; `place` says where each stands."""

    place: Callable[[ast.stmt], Span]
    conditions: set[str] = field(default_factory=set[str])
    """Names of arrays that are true or false."""

    def block(self, body: Sequence[ast.stmt]) -> list[AssignedStep]:
        """The assignments of a whole block."""
        passes = list(passes_of(body))
        known = helpers(body, passes)
        steps = [
            step
            for node in flat(body)
            if not calls_one_of(node, {each.name for each in passes})
            for step in self.statement(node)
            if step.name
        ]
        return [self.with_functions_opened(step, known) for step in steps]

    def with_functions_opened(self, step: AssignedStep, known: dict[str, Helper]) -> AssignedStep:
        """A step with what functions of the block return in the place of calls."""
        value, refused = opened(step.value, known)
        problem = f"The function '{refused}' is more than assignments and a return." if refused else step.problem
        return replace(step, value=value, problem=problem)

    def statement(self, node: ast.stmt) -> list[AssignedStep]:
        """The assignments that a statement is."""
        if isinstance(node, IGNORED):
            return []
        span = self.place(node)
        if is_deep(node):
            return [AssignedStep(name, ast.Constant(0), span, "It nests too deeply.") for name in assigned_names(node)]
        node = plain(node)
        if isinstance(node, ast.Expr):
            return self.call(node.value, span)
        if isinstance(node, ast.AugAssign):
            return [self.updated(node, span)]
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            return [self.one(node.target, node.value, span)]
        if isinstance(node, ast.Assign):
            return self.assignment(node.targets, node.value, span)
        what = {ast.For: "A loop", ast.While: "A loop", ast.If: "A condition"}.get(type(node), "This statement")
        problem = f"{what} is no arithmetic of arrays."
        read = ast.Tuple([ast.Name(name, ast.Load()) for name in sorted(names_in(node))], ast.Load())
        return [AssignedStep(name, read, span, problem) for name in assigned_names(node)]

    def call(self, call: ast.expr, span: Span) -> list[AssignedStep]:
        """np.add.at(x, s, v); of other functions it is not known what they change."""
        if not isinstance(call, ast.Call) or called(call) in HARMLESS:
            return []
        first = call.args[0] if call.args else None
        if called(call) == "at" and len(call.args) == 3 and isinstance(first, ast.Name):
            return [AssignedStep(first.id, named(ADD_AT, *call.args), span)]
        return [
            AssignedStep(name, call, span, "What this call changes is not known.")
            for name in sorted(names_in(call))[:1]
        ]

    def assignment(self, targets: Sequence[ast.expr], value: ast.expr, span: Span) -> list[AssignedStep]:
        first, *others = targets
        if others:  # a = b = x
            rest = [step for target in others for step in self.assignment([target], first, span)]
            return [*self.assignment([first], value, span), *rest]
        if isinstance(first, ast.Tuple | ast.List):
            return self.several(first.elts, value, span)
        packed = isinstance(value, ast.Tuple | ast.Dict)
        same = isinstance(first, ast.Name) and isinstance(value, ast.Name) and first.id == value.id
        return [] if packed or same else [self.one(first, value, span)]

    def several(self, targets: Sequence[ast.expr], value: ast.expr, span: Span) -> list[AssignedStep]:
        """a, b = x, y and n, d = X.shape; W, x = cache gives no new values."""
        if isinstance(value, ast.Name):
            return []
        values: Sequence[ast.expr] = ()
        if isinstance(value, ast.Tuple):
            values = value.elts
        elif isinstance(value, ast.Attribute) and value.attr == "shape":
            count = ast.Constant(len(targets))
            values = [named(SIZE, value.value, ast.Constant(axis), count) for axis in range(len(targets))]
        left = [target.id if isinstance(target, ast.Name) else "" for target in targets]
        if len(values) != len(targets) or any(set(left[:k]) & names_in(each) for k, each in enumerate(values)):
            problem = "Several names are given values at once."
            return [AssignedStep(target.id, value, span, problem) for target in targets if isinstance(target, ast.Name)]
        pairs = zip(targets, values, strict=True)
        return [step for target, each in pairs for step in self.assignment([target], each, span)]

    def one(self, target: ast.expr, value: ast.expr, span: Span) -> AssignedStep:
        """A single name, or entries of it, given a value."""
        if isinstance(target, ast.Name):
            found = is_condition(value, self.conditions)
            self.conditions = self.conditions | {target.id} if found else self.conditions - {target.id}
            return AssignedStep(target.id, value, span)
        if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
            return AssignedStep("", value, span)
        array, places = ast.Name(target.value.id, ast.Load()), target.slice
        if is_whole(places):
            return AssignedStep(array.id, value, span)
        if is_condition(places, self.conditions):
            return AssignedStep(array.id, where(places, value, array), span)
        return AssignedStep(array.id, named(SET, array, places, value), span)

    def updated(self, node: ast.AugAssign, span: Span) -> AssignedStep:
        """x *= y as x = x * y; x[s] += y and x[z < 0] *= y likewise."""
        target = node.target
        if isinstance(target, ast.Name):
            return AssignedStep(target.id, ast.BinOp(ast.Name(target.id, ast.Load()), node.op, node.value), span)
        if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
            return AssignedStep("", node.value, span)
        array, places = ast.Name(target.value.id, ast.Load()), target.slice
        after = ast.BinOp(array, node.op, node.value)
        if is_whole(places):
            return AssignedStep(array.id, after, span)
        if is_condition(places, self.conditions):
            return AssignedStep(array.id, where(places, after, array), span)
        if not isinstance(node.op, ast.Add | ast.Sub):
            return AssignedStep(array.id, node.value, span, "This assignment to entries is not read.")
        added = node.value if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.value)
        return AssignedStep(array.id, named(ADD, array, places, added), span)


# which statements


def flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block, those of its passes and of what only groups statements in their place; other functions are tools."""
    passes = list(passes_of(body))
    for node in body:
        if isinstance(node, ast.FunctionDef):
            inner = node.body if node in passes else []
        else:
            inner = grouped(node)
        if inner is None:
            yield node
        else:
            yield from flat(inner)


def passes_of(body: Sequence[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """The functions and methods that are passes: called forward, backward and the like, and by no other of them."""
    within = [inner for node in body if isinstance(node, ast.ClassDef) for inner in node.body]
    found = [node for node in (*body, *within) if isinstance(node, ast.FunctionDef) and PASS.search(node.name)]
    used = {called(n) for each in found for n in ast.walk(each) if isinstance(n, ast.Call)}
    yield from (node for node in found if node.name not in used)


def grouped(node: ast.stmt) -> list[ast.stmt] | None:
    """The statements of a class, of a loop whose turns are alike, and of what is done under a condition that a program is run as such."""
    is_main = isinstance(node, ast.If) and "__name__" in names_in(node.test)
    if isinstance(node, ast.ClassDef | ast.With) or (isinstance(node, ast.If) and is_main):
        return node.body
    return node.body if isinstance(node, ast.For | ast.While) and is_repeated(node) else None


def is_repeated(node: ast.For | ast.While) -> bool:
    """Whether every turn of a loop is a pass of its own: nothing goes from one to the next but what is updated at its end."""
    if any(isinstance(inner, ast.For | ast.While) for each in node.body for inner in ast.walk(each)):
        return False
    every = {name for each in node.body for name in assigned_names(each)}
    stored: set[str] = set()
    early: set[str] = set()
    updated: set[str] = set()
    for each in node.body:
        names = set(assigned_names(each))
        read = {n.id for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        if updated & (read - names) or grows_by_itself(each):
            return False
        updated |= {name for name in names - stored if name in read or isinstance(each, ast.AugAssign)}
        early |= (read & every) - stored - names
        stored |= names
    return early <= updated


def grows_by_itself(node: ast.stmt) -> bool:
    """h.append(… h[-1] …)"""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call) or called(node.value) != "append":
        return False
    return bool(set(assigned_names(node)) & {name for each in node.value.args for name in names_in(each)})


def calls_one_of(node: ast.stmt, functions: set[str]) -> bool:
    """Whether a statement calls a pass that the block has, whose lines stand already."""
    value = node.value if isinstance(node, ast.Assign | ast.Expr) else None
    return value is not None and called(value) in functions and bool(PASS.search(called(value)))


def is_deep(node: ast.AST) -> bool:
    """Whether a statement nests deeper than can be read."""
    level: list[ast.AST] = [node]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in ast.iter_child_nodes(each)]
        if not level:
            return False
    return True
