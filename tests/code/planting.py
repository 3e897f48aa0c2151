"""Mistakes planted in backward passes by a script: which lines can carry which kind is found in the tree, which are taken is drawn.

Run as a program it plants in every pair of `pairs.py` and `networks.py`, or of files, and says how many were found:
python -m tests.code.planting one|two|single SEED [FILE …]
"""

from __future__ import annotations

import ast
import copy
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wengert.programs.files import check_text
from wengert.programs.judging import JudgedLine
from wengert.programs.names import LOSS
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


def assigned_names(node: ast.AST) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    return [ast.unparse(t) for t in targets]


def backward_statements(function: ast.AST, both: bool) -> list[ast.stmt]:
    out = [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.AugAssign | ast.Expr)]
    out = [s for s in out if not isinstance(getattr(s, "value", None), ast.Tuple) and s.lineno == s.end_lineno]
    losses = [n.lineno for n in ast.walk(function) if any(map(LOSS.match, assigned_names(n)))]
    start = max(losses, default=0) + 1 if both else 0
    zeros = ("zeros", ".shape", "cache")
    return [s for s in out if s.lineno >= start and not any(z in ast.unparse(s) for z in zeros)]


def plants(text: str, seed: int = 0, of_each: int = 1) -> list[Plant]:
    """For each pair up to `of_each` mistakes of each kind that applies."""
    rng = random.Random(seed)
    program = Program(ast.parse(text))
    lines = text.split("\n")
    out: list[Plant] = []
    for pair in pairs_of(program):
        function = program.tree if pair.flat else program.functions[pair.cls, str(pair.backward or pair.forward)]
        found: dict[str, list[Plant]] = {}
        for statement in backward_statements(function, pair.combined or pair.flat):
            for kind, new in sites(statement):
                k = statement.lineno - 1
                made = [*lines[:k], " " * statement.col_offset + new, *lines[k + 1 :]]
                old = lines[k].strip()
                found.setdefault(kind, []).append(Plant(str(pair), k + 1, kind, "\n".join(made), old, new))
        for kind in found:
            out += rng.sample(found[kind], min(of_each, len(found[kind])))
    return out


def alone(text: str, pair: str) -> str:
    """The text without the functions of the other pairs, on its lines."""
    if pair == "the script":
        return text
    tree = ast.parse(text)
    others = {n.split(".")[0] for p in pairs_of(Program(tree)) if str(p) != pair for n in str(p).split(" and ")}
    others -= {n.split(".")[0] for n in pair.split(" and ")}
    keep = [n for n in tree.body if not isinstance(n, ast.FunctionDef | ast.ClassDef) or n.name not in others]
    lines = {k for n in keep for k in range(first_line(n), (n.end_lineno or n.lineno) + 1)}
    return "\n".join(line if k in lines else "" for k, line in enumerate(text.split("\n"), 1))


def first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


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


def two_at_once(text: str, seed: int) -> list[tuple[Plant, Plant]]:
    """Two mistakes of different lines of one pair each, the second planted beside the first."""
    rng = random.Random(seed)
    groups: dict[str, list[Plant]] = {}
    for plant in plants(text, seed, of_each=2):
        if plant.new != "pass":  # a line that is taken out moves nothing, and has no line of its own
            groups.setdefault(plant.function, []).append(plant)
    out: list[tuple[Plant, Plant]] = []
    for group in groups.values():
        rng.shuffle(group)
        pairs = [(a, b) for a in group for b in group if a.line < b.line]
        for first, second in pairs[:2]:
            lines = first.text.split("\n")
            lines[second.line - 1] = second.text.split("\n")[second.line - 1]
            out.append((first, replace(second, text="\n".join(lines))))
    return out


SINGLE = {
    "np.zeros(": "np.zeros(dtype=np.float32, shape=",
    ".copy()": ".astype(np.float32)",
    "np.random.rand(*x.shape)": "np.float32(np.random.rand(*x.shape))",
}
"""How a program in single precision is written: the judge has to take it for what it means."""


def in_single_precision(text: str) -> str:
    for double, single in SINGLE.items():
        text = text.replace(double, single)
    return text


def said(report: Report) -> list[JudgedLine]:
    return [row for judged in report.judged for row in judged.rows if row.status == "wrong"]


def count_single(text: str, seed: int) -> dict[str, int]:
    counts = dict.fromkeys(("planted", "called wrong", "one line", "at the line", "there with a mend", "kind"), 0)
    for plant in plants(text, seed):
        begun = time.process_time()
        report = judged_plant(plant)
        rows = said(report)
        here = len(rows) == 1 and abs(rows[0].line - plant.line) <= (plant.kind == "missing line")
        mended = here and bool(rows[0].corrected)
        counts["planted"] += 1
        counts["called wrong"] += bool(rows)
        counts["one line"] += len(rows) == 1
        counts["at the line"] += here
        counts["there with a mend"] += mended
        counts["kind"] += bool(rows) and rows[0].kind in SAME.get(plant.kind, {plant.kind})
        if not mended:
            found = [(r.line, r.kind, r.corrected, r.details[:1]) for r in rows]
            error = "".join(j.error for j in report.judged)
            place = f"{plant.function}, line {plant.line}, {plant.kind}: {plant.old}  ->  {plant.new}"
            print(f"{place}\n    {found or error or 'all right'} {time.process_time() - begun:.1f}s", flush=True)
    return counts


def count_two(text: str, seed: int) -> dict[str, int]:
    counts = dict.fromkeys(("planted twice", "called wrong", "both lines and no other"), 0)
    for first, second in two_at_once(text, seed):
        lines = [row.line for row in said(judged_plant(second))]
        counts["planted twice"] += 1
        counts["called wrong"] += bool(lines)
        counts["both lines and no other"] += lines == [first.line, second.line]
        if lines != [first.line, second.line]:
            print(f"{first.function}: {first.line} {first.new}; {second.line} {second.new}\n    {lines}", flush=True)
    return counts


def main(how: str, seed: int, files: list[str]) -> None:
    """`how`: one, two (mistakes at once) or single (precision); `files`: those of this folder where none is named."""
    texts = [Path(f).read_text(encoding="utf-8") for f in files] or [
        (PAIRS.parent / name).read_text(encoding="utf-8") for name in ("pairs.py", "networks.py")
    ]
    total: dict[str, int] = {}
    for text in texts:
        if how == "single":
            text = in_single_precision(text)
        for key, number in (count_two if how == "two" else count_single)(text, seed).items():
            total[key] = total.get(key, 0) + number
        print(total, flush=True)


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
