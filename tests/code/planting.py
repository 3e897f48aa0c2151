"""Mistakes planted in backward passes by a script: which lines can carry which kind is found in the tree, which are taken is drawn.

Run as a program it plants in every pair of `pairs.py` and says how many were found:  python tests/code/planting.py [SEED]
"""

from __future__ import annotations

import ast
import copy
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wengert.programs.files import check_text
from wengert.programs.pairs import pairs_of
from wengert.programs.report import Report
from wengert.programs.source import Program

PAIRS = Path(__file__).with_name("pairs.py")


@dataclass(frozen=True)
class Plant:
    """A mistake: the function, its line, its kind, and the program with it."""

    function: str
    line: int
    kind: str
    text: str
    old: str
    new: str


def sites(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """(kind, the statement with a mistake of that kind)."""
    value = getattr(statement, "value", None)
    if value is None:
        return
    nodes = list(ast.walk(value))
    inside = {
        id(n) for s in nodes if isinstance(s, ast.Slice) for n in ast.walk(s)
    }  # a window of another size is no mistake of calculus
    for i, node in enumerate(nodes):
        if id(node) in inside:
            continue
        for kind, new in mistakes(node, i == 0):
            made = copy.deepcopy(statement)
            target = list(ast.walk(made.value))[i]  # type: ignore[attr-defined]

            class Put(ast.NodeTransformer):
                def visit(self, n: ast.AST, target: ast.AST = target, new: ast.expr = new) -> ast.AST:
                    return new if n is target else self.generic_visit(n)

            made.value = Put().visit(made.value)  # type: ignore[attr-defined]
            yield kind, ast.unparse(ast.fix_missing_locations(made))
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        yield "overwritten", f"{ast.unparse(statement.target)} = {ast.unparse(statement.value)}"
    if isinstance(statement, ast.AugAssign):
        yield "missing line", "pass"
    if isinstance(statement, ast.Expr) and "np.add.at" in ast.unparse(value):
        a, i, v = (ast.unparse(e) for e in value.args)
        yield "overwritten", f"{a}[{i}] += {v}"


def mistakes(node: ast.AST, whole: bool) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign", node.operand
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add | ast.Sub)
        and not any(isinstance(n, ast.Constant) for n in (node.left, node.right))
    ):
        yield "sign", ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
        yield "path", node.left
    if whole and isinstance(node, ast.BinOp | ast.Call | ast.Name):
        yield "factor", ast.BinOp(ast.Constant(2), ast.Mult(), node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield "factor", node.left
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        inner = node.right
        if isinstance(inner, ast.Compare):
            yield "mask", node.left
        elif isinstance(inner, ast.BinOp) and isinstance(inner.left, ast.Constant) and isinstance(inner.op, ast.Sub):
            yield "slope", node.left
            if isinstance(inner.right, ast.BinOp):
                yield "slope", ast.BinOp(node.left, ast.Mult(), ast.BinOp(inner.left, ast.Sub(), inner.right.left))
        elif isinstance(inner, ast.Name) and inner.id == "mask":
            yield "mask", node.left
        elif isinstance(inner, ast.Name):
            yield "factor", node.left
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Gt):
        yield "mask", ast.Compare(node.left, [ast.Lt()], node.comparators)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean"):
        turned = copy.deepcopy(node)
        turned.func.attr = "mean" if node.func.attr == "sum" else "sum"  # type: ignore[attr-defined]
        yield "mean", turned
        if whole:
            yield (
                "sum",
                node.args[0]
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "np"
                else node.func.value,
            )
        if any(k.arg == "axis" and isinstance(k.value, ast.Constant) for k in node.keywords):
            turned = copy.deepcopy(node)
            axis = next(k for k in turned.keywords if k.arg == "axis")
            axis.value = ast.Constant(1 if axis.value.value == 0 else 0)  # type: ignore[attr-defined]
            yield "sum", turned
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.BinOp)
        and isinstance(node.slice.right, ast.Constant)
    ):
        yield "step", ast.Subscript(node.value, node.slice.left, ast.Load())


def backward_statements(function: ast.FunctionDef, both: bool) -> list[ast.stmt]:
    out = [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.AugAssign | ast.Expr)]
    out = [s for s in out if not isinstance(getattr(s, "value", None), ast.Tuple) and s.lineno == s.end_lineno]
    start = (
        next((s.lineno for s in out if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]).startswith("dx")), 0)
        if both
        else 0
    )
    zeros = ("zeros", ".shape", "cache")
    return [s for s in out if s.lineno >= start and not any(z in ast.unparse(s) for z in zeros)]


def plants(text: str, seed: int = 0, of_each: int = 1) -> list[Plant]:
    """For each pair up to `of_each` mistakes of each kind that applies."""
    rng = random.Random(seed)
    program = Program(ast.parse(text))
    lines = text.split("\n")
    out: list[Plant] = []
    for pair in pairs_of(program):
        function = program.functions[pair.cls, str(pair.backward or pair.forward)]
        found: dict[str, list[Plant]] = {}
        for statement in backward_statements(function, pair.combined):
            for kind, new in sites(statement):
                k = statement.lineno - 1
                made = [*lines[:k], " " * statement.col_offset + new, *lines[k + 1 :]]
                old = lines[k].strip()
                found.setdefault(kind, []).append(Plant(str(pair), k + 1, kind, "\n".join(made), old, new))
        for kind in found:
            out += rng.sample(found[kind], min(of_each, len(found[kind])))
    return out


def alone(text: str, pair: str) -> str:
    """The text with the functions of one pair only, on their lines."""
    names = {n.split(".")[0] for n in pair.split(" and ")}
    keep = [n for n in ast.parse(text).body if not isinstance(n, ast.FunctionDef | ast.ClassDef) or n.name in names]
    lines = {k for n in keep for k in range(n.lineno, (n.end_lineno or n.lineno) + 1)}
    return "\n".join(line if k in lines else "" for k, line in enumerate(text.split("\n"), 1))


def judged_plant(plant: Plant) -> Report:
    return check_text(alone(plant.text, plant.function), "planted.py")


SAME = {
    "mean": {"mean", "sum", "factor"},
    "sum": {"sum", "mean"},
    "overwritten": {"overwritten", "path"},
    "mask": {"mask", "slope", "factor"},
    "step": {"step", "cache"},
}
SAME |= {
    "missing line": {"path", "factor", "overwritten", "sum"},
    "factor": {"factor", "slope", "cache"},
    "slope": {"slope", "factor"},
    "path": {"path", "term"},
}


def main(seed: int) -> None:
    text = PAIRS.read_text(encoding="utf-8")
    counts = {
        "planted": 0,
        "unseen": 0,
        "called wrong": 0,
        "one line": 0,
        "at the line": 0,
        "there with a mend": 0,
        "kind": 0,
    }
    for plant in plants(text, seed):
        begun = time.process_time()
        report = judged_plant(plant)
        rows = [r for j in report.judged for r in j.rows if r.status == "wrong"]
        error = "".join(j.error for j in report.judged)
        here = bool(rows) and abs(rows[0].line - plant.line) <= (plant.kind == "missing line")
        mended = here and len(rows) == 1 and bool(rows[0].corrected)
        counts["planted"] += 1
        counts["called wrong"] += bool(rows)
        counts["one line"] += len(rows) == 1
        counts["at the line"] += here and len(rows) == 1
        counts["there with a mend"] += mended
        counts["kind"] += bool(rows) and rows[0].kind in SAME.get(plant.kind, {plant.kind})
        if not mended:
            said = [(r.line, r.kind, r.corrected, r.details[:1]) for r in rows]
            print(
                f"{plant.function}, line {plant.line}, {plant.kind}: {plant.old}  ->  {plant.new}\n    {said or error or 'all right'} {time.process_time() - begun:.1f}s",
                flush=True,
            )
    print(counts)


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
