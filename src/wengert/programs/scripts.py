"""Points of a script that is run from top to bottom: the names that it reads and does not assign."""

from __future__ import annotations

import ast
import builtins
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.inputs import SCALARS
from wengert.programs.names import TARGET
from wengert.programs.scenario import Point
from wengert.programs.source import Program


def free_names(tree: ast.Module) -> list[str]:
    """The names that a script reads before it assigns them, in the order of the text."""
    known = {*dir(builtins)}
    out: list[str] = []
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                known |= {(a.asname or a.name).split(".")[0] for a in node.names}
            elif isinstance(node, (ast.comprehension, ast.For)):
                known |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
            elif isinstance(node, ast.arg):
                known.add(node.arg)
        reads = [n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        out += [n for n in reads if n not in known and n not in out]
        known |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        known |= {n.name for n in [statement] if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    return out


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
