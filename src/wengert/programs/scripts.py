"""Points of a script that is run from top to bottom: the names that it reads and does not assign."""

from __future__ import annotations

import ast
import builtins
import copy
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.inputs import SCALARS
from wengert.programs.names import LOSS, TARGET, quantity
from wengert.programs.pairs import assigned
from wengert.programs.scenario import Point
from wengert.programs.source import Program


def free_names(tree: ast.Module) -> list[str]:
    """The names that a script reads before it assigns them, in the order of the text."""
    known, out = {*dir(builtins)}, list[str]()
    _read_in(tree.body, known, out)
    later = [n for n in out if n in known]  # a name is assigned after it was read: it has to be there before
    inside = [s for s in tree.body if isinstance(s, DEFINITION)]
    for definition in inside:  # what a function reads may be assigned until it is called
        own = {*_names(definition, ast.Store), *_arguments(definition)}
        out += [n for n in _names(definition, ast.Load) if n not in known | own and n not in out]
    return [n for n in out if n in later or n not in known]


DEFINITION = (ast.FunctionDef, ast.ClassDef)


def _names(node: ast.AST, context: type) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)]


def _arguments(node: ast.AST) -> set[str]:
    return {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}


def _read_in(block: list[ast.stmt], known: set[str], out: list[str]) -> None:
    """Add what the statements of a block read and nothing before them assigns to `out`, and what they assign to `known`."""
    for statement in block:
        if isinstance(statement, DEFINITION):
            known.add(statement.name)
            continue
        if isinstance(statement, ast.Import | ast.ImportFrom):
            known |= {(a.asname or a.name).split(".")[0] for a in statement.names}
        if isinstance(statement, ast.AugAssign):
            out += [n for n in _names(statement.target, ast.Store) if n not in known and n not in out]
        for field in ast.iter_child_nodes(statement):
            if isinstance(field, ast.stmt | ast.ExceptHandler):
                continue
            own = {n for c in ast.walk(field) if isinstance(c, ast.comprehension) for n in _names(c.target, ast.Store)}
            own |= _arguments(field)
            out += [n for n in _names(field, ast.Load) if n not in known | own and n not in out]
            known |= set(_names(field, ast.Store))
        for name in ("body", "orelse", "finalbody"):
            _read_in(getattr(statement, name, []), known, out)
        for handler in getattr(statement, "handlers", []):
            _read_in(handler.body, known, out)


class FirstStep(ast.NodeTransformer):
    """Loops that train, in which a loss and gradients are assigned anew at each turn, end after the first: the next has other parameters."""

    changed = False

    def _loop(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        names = [t for n in ast.walk(node) if isinstance(n, ast.Assign) for t in assigned(n)]
        if any(LOSS.match(n) for n in names) and any(quantity(n) for n in names):
            self.changed = True
            node.body.append(ast.copy_location(ast.Break(), node.body[-1]))
        return node

    visit_For = visit_While = _loop

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node


def take_first_step(program: Program) -> None:
    """Let the loops of a script that train make one step."""
    step = FirstStep()
    program.tree = step.visit(copy.deepcopy(program.tree))
    if step.changed:
        program.notes.append("of a loop that trains the first step is judged")


def script_points(program: Program, given: dict[str, Any]) -> list[Point]:
    """Two points of a script: with its own data, other parameters and other data come from other seeds; else names that are given.

    Raises CheckError where a name is not known.
    """
    missing = [n for n in free_names(program.tree) if n not in given and n not in ("np", "numpy", "math", "random")]
    program.names.setdefault("np", np)
    numbers = {n: SCALARS[n] for n in missing if n in SCALARS}
    unknown = [n for n in missing if n not in numbers]
    if unknown:
        raise CheckError(
            f"The script reads {', '.join(repr(n) for n in unknown[:4])}, which it does not define.",
            f"  {', '.join(unknown)}",
            'Say what they are:  --shapes "'
            + " ".join(f"{n}={'int(4,)<3' if TARGET.match(n) else '(4,3)'}" for n in unknown)
            + '"',
        )
    points = []
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        names = {
            n: rng.standard_normal(v.shape)
            if isinstance(v, np.ndarray) and v.dtype.kind == "f" and not _is_binary(v)
            else v
            for n, v in given.items()
        }
        points.append(Point({}, names={**names, **numbers}, seed=seed))
    return points


def _is_binary(value: np.ndarray) -> bool:
    return bool(np.all((value == 0) | (value == 1)))
