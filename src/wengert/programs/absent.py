"""Statements that are not there: what is never added to a gradient, in a loop or behind a line, put together from what is in sight."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.programs.edits import StatementEdit, expression, named, opposite
from wengert.programs.references import close
from wengert.programs.terms import ALONE, TOGETHER

SCALES = {1.0: "{0}", -1.0: "-{0}", 2.0: "2 * {0}", 0.5: "{0} / 2"}
ARRAYS = 40
PLACES = "places_of_a_part"
FEW = 8  # turns with which many pairs of arrays are tried
TURNS = 200  # of a loop, that are looked at


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
        yield from _contracted(absent, seen)
        for form, names in forms:
            total = _total(form, [seen[n] for n in names], absent.rest.shape)
            scale = _scale(total, absent.rest) if total is not None else None
            if scale is not None:
                written = SCALES[scale].format(form.format(*names))
                sign = "-=" if written.startswith("-") else "+="
                yield f"{absent.name} {sign} {written.removeprefix('-')}"


def _contracted(absent: Absent, seen: dict[str, list[np.ndarray]]) -> Iterator[str]:
    """Sums of products of arrays of three axes and more, where the sizes say which axes are one."""
    shape = absent.rest.shape
    for a, b in itertools.combinations(seen, 2):
        sizes = [seen[a][0].shape, seen[b][0].shape]
        both = {n for part in sizes for n in part}
        if max(map(len, sizes)) < 3 or not shape or not set(shape) < both:
            continue
        if any(len(set(part)) < len(part) for part in (*sizes, shape)):
            continue
        letter = dict(zip(sorted(both), "abcdefghij", strict=False))
        spell = ["".join(letter[n] for n in part) for part in (*sizes, shape)]
        rule = f"{spell[0]},{spell[1]}->{spell[2]}"
        total = sum(np.einsum(rule, x, y) for x, y in zip(seen[a], seen[b], strict=True))
        if _scale(np.asarray(total), absent.rest) == 1.0:
            yield f"{absent.name} += np.einsum('{rule}', {a}, {b})"


def _seen(
    frames: list[dict[str, Any]], texts: list[str], evaluate: Any, claimed: set[str]
) -> dict[str, list[np.ndarray]]:
    """Arrays by the text that reads them, at each turn: names, and entries and parts that the author writes elsewhere."""
    out: dict[str, list[np.ndarray]] = {}
    names = [n for n, v in named(frames[0]).items() if isinstance(v, np.ndarray) and v.dtype.kind in "fb"]
    for text in [*names, *texts, *_other_steps(texts)]:
        if len(out) >= (ARRAYS if len(frames) <= FEW else ARRAYS // 3):
            break
        if text in claimed:
            continue
        try:
            values = [np.asarray(evaluate(expression(text), f), float) for f in frames]
        except Exception:  # what cannot be computed at each turn
            continue
        if all(v.ndim and v.size for v in values) or (values[0].ndim == 0 and "[" in text):
            out[text] = values
    return out


def _other_steps(texts: list[str]) -> Iterator[str]:
    """h[t] and h[t - 1] where an author writes h[t + 1]."""
    for text in texts:
        node = expression(text)
        if not isinstance(node, ast.Subscript):
            continue
        index = node.slice.left if isinstance(node.slice, ast.BinOp) else node.slice
        if isinstance(index, ast.Name):
            base = ast.unparse(node.value)
            yield from (f"{base}[{index.id}{step}]" for step in ("", " - 1", " + 1"))


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
    "{0}.sum()": lambda a: a.sum(),
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


def into_parts(
    absent: Absent, frames: list[dict[str, Any]], texts: list[str], evaluate: Any, claimed: set[str]
) -> Iterator[str]:
    """Statements that add to a part of a gradient at each turn, dW[i] += …, with the indices that the author writes elsewhere."""
    seen = _seen(frames, texts, evaluate, claimed)
    ones = [(form, (n,)) for n in seen for form in (*ALONE, "{0}.sum()")]
    pairs = [("{0} * {1}", (a, b)) for a, b in itertools.combinations(seen, 2)]
    with np.errstate(all="ignore"):
        for index in _indices(texts):
            parts = _parts(index, frames, absent.rest.shape, evaluate)
            if parts is None or np.any(np.delete(absent.rest.reshape(-1), np.concatenate([p.ravel() for p in parts]))):
                continue
            lone = _lone(parts, absent.rest.size)
            for form, names in [*ones, *pairs]:
                if lone is not None:
                    at = [[seen[n][lone]] for n in names]
                    here = _scattered(form, at, [parts[lone]], absent.rest)
                    if here is None or _scale(here, _only(absent.rest, parts[lone])) is None:
                        continue
                total = _scattered(form, [seen[n] for n in names], parts, absent.rest)
                scale = _scale(total, absent.rest) if total is not None else None
                if scale is not None:
                    value = SCALES[scale].format(form.format(*names))
                    sign = "-=" if value.startswith("-") else "+="
                    yield f"{absent.name}[{index}] {sign} {value.removeprefix('-')}"


def _lone(parts: list[np.ndarray], size: int) -> int | None:
    """A turn that alone changes its part: with it most forms are soon seen not to fit."""
    count = np.zeros(size, int)
    for part in parts:
        np.add.at(count, part.ravel(), 1)
    return next((k for k, part in enumerate(parts) if part.size and np.all(count[part] == 1)), None)


def _only(rest: np.ndarray, part: np.ndarray) -> np.ndarray:
    """What is absent of one part, and nothing elsewhere."""
    out = np.zeros(rest.size)
    out[part.ravel()] = rest.reshape(-1)[part.ravel()]
    return out.reshape(rest.shape)


def _parts(index: str, frames: list[dict[str, Any]], shape: tuple[int, ...], evaluate: Any) -> list[np.ndarray] | None:
    """The places of the entries that an index reads at each turn; None where it does not fit."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    try:
        return [np.asarray(evaluate(expression(f"{PLACES}[{index}]"), {**f, PLACES: places}), int) for f in frames]
    except Exception:  # another rank, or names that are not in sight
        return None


def _scattered(form: str, values: list[list[np.ndarray]], parts: list[np.ndarray], rest: np.ndarray) -> Any:
    """The sum of a form over all turns, each added to its part; None where it does not fit."""
    code, total = FORMS[form], np.zeros(rest.size)
    for place, each in zip(parts, zip(*values, strict=True), strict=True):
        try:
            made = np.asarray(code(*each), float)
            if np.broadcast_shapes(made.shape, place.shape) != place.shape:
                return None
        except (ValueError, IndexError):
            return None
        np.add.at(total, place.ravel(), np.broadcast_to(made, place.shape).ravel())
    return total.reshape(rest.shape)


def changes(target: str, frame: dict[str, Any], texts: list[str], evaluate: Any) -> Iterator[str]:
    """Statements that change a part of an array: a one that a one-hot target takes away, a count, a slope where x is negative."""
    array = frame.get(target)
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return
    numbers = {n: v for n, v in named(frame).items() if n != target and not n.startswith("_")}
    for index in _indices(texts):
        parts = _parts(index, [frame], array.shape, evaluate)
        if parts is None or parts[0].size == array.size:
            continue
        mask = parts[0].ndim == 1 < array.ndim and any(sign in index for sign in "<>=")
        like = [n for n, v in numbers.items() if np.ndim(v) and np.shape(v) == parts[0].shape]
        for value in ("1", *like[:4]):
            yield f"{target}[{index}] -= {value}"
            yield f"{target}[{index}] += {value}"
        for value in [n for n, v in numbers.items() if not np.ndim(v) and not isinstance(v, int)][:3] if mask else ():
            yield f"{target}[{index}] *= {value}"


def _indices(texts: list[str]) -> list[str]:
    """What an author writes between brackets, and the comparisons that he makes."""
    found: dict[str, None] = {}
    for text in texts:
        node = expression(text)
        if turned := opposite(node):
            found |= {text: None, turned: None}
        elif isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
            found[ast.unparse(node)[len(ast.unparse(node.value)) + 1 : -1]] = None
    return list(found)


def behind(statement: Any, text: str) -> StatementEdit:
    """An edit that puts a statement behind another."""
    node = ast.copy_location(ast.parse(text).body[0], statement)
    return StatementEdit("path", 3.6, ast.fix_missing_locations(node), after=True)


def written_in(function: ast.AST) -> list[str]:
    """The expressions that an author writes in a function, the shorter first; parts that he writes to can be read too."""
    kinds = (ast.Subscript, ast.Attribute, ast.BinOp, ast.Compare, ast.Call)
    nodes = [n for n in ast.walk(function) if isinstance(n, kinds)]
    return sorted((text for text in {ast.unparse(n): None for n in nodes} if len(text) < 60), key=len)


def positions(function: ast.AST) -> list[tuple[ast.stmt, ast.stmt]]:
    """Simple statements, each with one before which what is seen behind it is seen: the next, or itself at the end of a block.

    Those that add come first: what is missing is likely beside them.
    """
    out: list[tuple[ast.stmt, ast.stmt]] = []
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)
    for node in ast.walk(function):
        for block in (getattr(node, name, None) for name in ("body", "orelse")):
            if not isinstance(block, list):
                continue
            here = [s for s in block if not isinstance(s, ast.Pass)] or block
            for first, second in itertools.zip_longest(here, here[1:]):
                if isinstance(first, ast.Return) or not isinstance(first, (*simple, ast.Pass)):
                    continue
                out.append((first, second if isinstance(second, simple) else first))
    return sorted(out, key=lambda pair: not isinstance(pair[0], ast.AugAssign))


def likelier(text: str, where: list[ast.stmt]) -> ast.stmt:
    """The statement behind which a line is likeliest missing: in an empty loop, behind one of its form, behind another that adds."""
    new = ast.parse(text).body[0]

    def cost(statement: ast.stmt) -> tuple[float, ...]:
        if isinstance(statement, ast.Pass):
            return (-1, 0, 0)
        alike = isinstance(statement, ast.AugAssign) and type(statement.target) is type(_target(new))
        form = alike and _form(statement) == _form(new)
        pairs = zip(ast.unparse(_target(statement) or new), text, strict=False)
        begins = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
        return (0 if form else 1 if alike else 2, -begins if form else 0, -statement.lineno)

    return min(where, key=cost)


def _target(statement: ast.stmt) -> Any:
    return getattr(statement, "target", None) or getattr(statement, "targets", [None])[0]


def _form(statement: Any) -> str:
    """A statement without its names."""
    return re.sub(r"(id|attr)='\w+'|value='[^']*'", "", ast.dump(statement))


def axes_in(texts: list[str]) -> list[str]:
    """The axes that an author sums over, as text."""
    found = [
        ast.unparse(k.value)
        for text in texts
        if "axis=" in text
        for n in ast.walk(expression(text))
        if isinstance(n, ast.Call)
        for k in n.keywords
        if k.arg == "axis"
    ]
    return list(dict.fromkeys(found))
