"""Statements that are not there: what is never added to a gradient, in a loop or behind a line, put together from what is in sight."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.programs.edits import StatementEdit, expression, named
from wengert.programs.references import close
from wengert.programs.terms import ALONE, TOGETHER

SCALES = {1.0: "{0}", -1.0: "-{0}", 2.0: "2 * {0}", 0.5: "{0} / 2"}
ARRAYS = 40


@dataclass(frozen=True)
class Absent:
    """What a gradient lacks: `name` is what the author calls it, `rest` the true value less his."""

    name: str
    rest: np.ndarray


def additions(
    absent: Absent, frames: list[dict[str, Any]], texts: list[str], evaluate: Any, claimed: set[str]
) -> Iterator[str]:
    """Statements that, run at each turn with what it sees, add up to what is absent; results (`claimed`) are no part of them."""
    seen = _seen(frames, texts, evaluate, claimed)
    forms = [(form, (n,)) for n in seen for form in ALONE]
    forms += [(form, (a, b)) for a in seen for b in seen for form in TOGETHER]
    with np.errstate(all="ignore"):
        for form, names in forms:
            total = _total(form, [seen[n] for n in names], absent.rest.shape)
            scale = _scale(total, absent.rest) if total is not None else None
            if scale is not None:
                written = SCALES[scale].format(form.format(*names))
                sign = "-=" if written.startswith("-") else "+="
                yield f"{absent.name} {sign} {written.removeprefix('-')}"


def _seen(
    frames: list[dict[str, Any]], texts: list[str], evaluate: Any, claimed: set[str]
) -> dict[str, list[np.ndarray]]:
    """Arrays by the text that reads them, at each turn: names, and entries and parts that the author writes elsewhere."""
    out: dict[str, list[np.ndarray]] = {}
    names = [n for n, v in named(frames[0]).items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    for text in [*names, *texts]:
        if len(out) >= ARRAYS:
            break
        if text in claimed:
            continue
        try:
            values = [np.asarray(evaluate(expression(text), f), float) for f in frames]
        except Exception:  # what cannot be computed at each turn
            continue
        if all(v.ndim and v.size for v in values):
            out[text] = values
    return out


def _total(form: str, parts: list[list[np.ndarray]], shape: tuple[int, ...]) -> np.ndarray | None:
    """The sum of a form over all turns; None where it does not fit."""
    code = FORMS[form]
    total: Any = 0.0
    for values in zip(*parts, strict=True):
        try:
            made = code(*values)
        except (ValueError, IndexError):
            return None
        if made.shape != shape:
            return None
        total = total + made
    return total


def _scale(total: np.ndarray, rest: np.ndarray) -> float | None:
    weight = float(np.sum(total * total))
    if not (weight > 0 and np.isfinite(weight)):
        return None
    found = float(np.sum(total * rest)) / weight
    return next((s for s in SCALES if abs(found - s) < 1e-6 and close(s * total, rest)), None)


FORMS: dict[str, Any] = {
    "{0}": lambda a: a,
    "{0}.T": lambda a: a.T,
    "{0}.sum(axis=0)": lambda a: a.sum(axis=0),
    "{0}.sum(axis=1)": lambda a: a.sum(axis=1),
    "{0}.sum(axis=0, keepdims=True)": lambda a: a.sum(axis=0, keepdims=True),
    "{0}.sum(axis=1, keepdims=True)": lambda a: a.sum(axis=1, keepdims=True),
    "{0} * {1}": np.multiply,
    "{0} @ {1}": np.matmul,
    "{0}.T @ {1}": lambda a, b: a.T @ b,
    "{0} @ {1}.T": lambda a, b: a @ b.T,
    "{0} * {1}.sum(axis=0)": lambda a, b: a * b.sum(axis=0),
    "{0} * {1}.sum(axis=1, keepdims=True)": lambda a, b: a * b.sum(axis=1, keepdims=True),
}


def steps(target: str, texts: list[str]) -> Iterator[str]:
    """target[index] -= 1 and += 1 with the indices that the author writes elsewhere: a one that a one-hot target takes away."""
    found = dict.fromkeys(i for text in texts for i in _indices(text))
    for index in found:
        for sign in ("-=", "+="):
            yield f"{target}[{index}] {sign} 1"


def _indices(text: str) -> Iterator[str]:
    for node in ast.walk(expression(text)):
        if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Constant):
            continue
        if not any(isinstance(n, ast.Slice) for n in ast.walk(node.slice)):
            yield ast.unparse(node)[len(ast.unparse(node.value)) + 1 : -1]


def behind(statement: Any, text: str) -> StatementEdit:
    """An edit that puts a statement behind another."""
    node = ast.copy_location(ast.parse(text).body[0], statement)
    return StatementEdit("path", 3.6, ast.fix_missing_locations(node), after=True)


def written_in(function: ast.AST) -> list[str]:
    """The expressions that an author writes in a function, the shorter first."""
    kinds = (ast.Subscript, ast.Attribute, ast.BinOp, ast.Compare, ast.Call)
    nodes = [
        n for n in ast.walk(function) if isinstance(n, kinds) and isinstance(getattr(n, "ctx", ast.Load()), ast.Load)
    ]
    return sorted((text for text in {ast.unparse(n): None for n in nodes} if len(text) < 60), key=len)


def neighbours(function: ast.AST) -> list[tuple[ast.stmt, ast.stmt]]:
    """Simple statements with the next of their block: what is seen behind the first is seen before the second.

    Those that add come first: what is missing is likely beside them.
    """
    out: list[tuple[ast.stmt, ast.stmt]] = []
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)
    for node in ast.walk(function):
        for block in (getattr(node, name, None) for name in ("body", "orelse")):
            here = [s for s in block if not isinstance(s, ast.Pass)] if isinstance(block, list) else []
            for first, second in itertools.pairwise(here):
                if isinstance(first, simple) and isinstance(second, simple):
                    out.append((first, second))
    return sorted(out, key=lambda pair: not isinstance(pair[0], ast.AugAssign))
