"""What is missing in a line whose true value is known: a term or a factor, looked for among what the line sees."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wengert.programs.edits import StatementEdit, binary, expression, named, sizes_of, target_of
from wengert.programs.source import copied_tree

FACTORS = (
    "{0}",
    "1 / {0}",
    "({0} > 0)",
    "(1 - {0} ** 2)",
    "{0} * (1 - {0})",
    "np.exp({0})",
    "2 * {0}",
    "(1 - {0})",
    "{0} ** 2",
)
ALONE = (
    "{0}",
    "{0}.T",
    "{0}.sum(axis=0)",
    "{0}.sum(axis=1)",
    "{0}.sum(axis=0, keepdims=True)",
    "{0}.sum(axis=1, keepdims=True)",
)
TOGETHER = (
    "{0} * {1}",
    "{0} @ {1}",
    "{0}.T @ {1}",
    "{0} @ {1}.T",
    "{0} * {1}.sum(axis=0)",
    "{0} * {1}.sum(axis=1, keepdims=True)",
)
SCALED = (
    "{0} * {1} * ({2} * {1}).mean(axis=-1, keepdims=True)",
    "{0} * {1}.mean(axis=-1, keepdims=True)",
    "{0} * {1} * ({2} * {1}).sum(axis=-1, keepdims=True)",
    "{0} * {1} * {2}",
)
WITH_SLOPES = ("{0} * {1} * (1 - {1})", "{0} * (1 - {1} ** 2)", "{0} * ({1} > 0)", "{0} * np.exp({1})")
SLOPED = ("{0} * (1 - {1} ** 2) * {2}", "{0} * {1} * (1 - {1}) * {2}")
"""Terms of a function times its own slope, as of x · tanh(x)."""
MEANS = (
    "{0}.mean(axis=1, keepdims=True)",
    "{0}.mean(axis=0)",
    "{0} * ({1} * {0}).mean(axis=1, keepdims=True)",
    "{0} * ({1} * {0}).sum(axis=1, keepdims=True)",
)
SIGNS: dict[str, Any] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
MULTIPLES = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)


def missing(statement: Any, scope: Mapping[str, Any], had: np.ndarray, wanted: np.ndarray) -> list[StatementEdit]:
    """Statements that give what is wanted: with a term or a factor more, or one after this one, `x += term` or `x *= factor`."""
    target = target_of(statement)
    out: list[StatementEdit] = []
    if isinstance(statement, ast.Assign) and had.shape != wanted.shape:
        return [_edit("sum", statement, new) for new in _reduced(statement.value, had, wanted)]
    if had.shape == wanted.shape and getattr(statement, "value", None) is not None:
        out += [_edit("factor", statement, new) for new in _scaled(statement.value, scope, had, wanted)]
    if not isinstance(target, ast.Name | ast.Attribute) or had.shape != wanted.shape:
        return out
    text = ast.unparse(target)
    with np.errstate(all="ignore"):
        for kind, sign, value in missing_parts(scope, had, wanted):
            if isinstance(statement, ast.Assign):
                new = ast.BinOp(statement.value, SIGNS[sign](), expression(value))
                node: Any = ast.Assign(statement.targets, new)
                made = ast.fix_missing_locations(ast.copy_location(node, statement))
                out.append(StatementEdit(kind, 3.2, made, spot=statement.value, new=new))
                continue
            node = ast.parse(f"{text} {sign}= {value}").body[0]
            out.append(
                StatementEdit(kind, 3.2, ast.fix_missing_locations(ast.copy_location(node, statement)), after=True)
            )
    return out[:16]


def _edit(kind: str, statement: Any, new: ast.expr) -> StatementEdit:
    made = copied_tree(statement)
    made.value = new
    return StatementEdit(kind, 2.2, ast.fix_missing_locations(made), spot=statement.value, new=new)


def _reduced(value: ast.expr, had: np.ndarray, wanted: np.ndarray) -> Iterator[ast.expr]:
    """Sums of a right side that give what is wanted: over the axes that it has too many."""
    for count in range(1, had.ndim + 1):
        for axes in itertools.combinations(range(had.ndim), count):
            total = had.sum(axis=axes)
            if total.size != wanted.size or not _equal(total.reshape(wanted.shape), wanted):
                continue
            keep = ", keepdims=True" if had.sum(axis=axes, keepdims=True).shape == wanted.shape else ""
            axis = axes[0] if len(axes) == 1 else axes
            yield expression(f"np.sum({ast.unparse(value)}, axis={axis}{keep})")


def _scaled(value: ast.expr, scope: Mapping[str, Any], had: np.ndarray, wanted: np.ndarray) -> Iterator[ast.expr]:
    """A right side times or divided by sizes: where all entries are off by one factor."""
    weight = float(np.sum(had * had))
    factor = float(np.sum(had * wanted)) / weight if weight > 0 else 0.0
    if not factor or not np.isfinite(factor) or abs(factor - 1) < 1e-6 or not _equal(factor * had, wanted):
        return
    sizes = {n: v for n, v in named(scope).items() if isinstance(v, int) and v > 1}
    forms = {n: float(v) for n, v in sizes.items()} | {f"{n} ** 2": float(v) ** 2 for n, v in sizes.items()}
    forms |= {f"({a} * {b})": float(u * v) for (a, u), (b, v) in itertools.combinations(sizes.items(), 2)}
    forms |= {f"({n} - 1)": v - 1.0 for n, v in sizes.items()} | {f"np.sqrt({n})": v**0.5 for n, v in sizes.items()}
    for text, number in forms.items():
        for op, made in ((ast.Mult(), number), (ast.Div(), 1 / number)):
            if abs(made - factor) < 1e-7 * abs(factor):
                yield binary(value, op, expression(text))


def missing_parts(scope: Mapping[str, Any], had: np.ndarray, wanted: np.ndarray) -> list[tuple[str, str, str]]:
    """(kind, sign, text) of factors and terms with which a value is what is wanted."""
    arrays = {
        n: np.asarray(v, float)
        for n, v in named(scope).items()
        if not isinstance(v, int) and np.size(v) and np.ndim(v) <= max(2, wanted.ndim) and not n.startswith("np")
    }
    sizes = sizes_of(named(scope), scope)
    return [*_factors(arrays, had, wanted), *_terms(arrays, had, wanted, sizes, scope)]


def _factors(arrays: Mapping[str, np.ndarray], had: np.ndarray, wanted: np.ndarray) -> Iterator[tuple[str, str, str]]:
    for name, value in arrays.items():
        for form in FACTORS:
            factor = _values(form, value)
            if factor is not None and _fits(had, factor) and _equal(had * factor, wanted):
                kind = "slope" if form not in ("{0}", "1 / {0}", "2 * {0}") else "factor"
                yield kind, "*", form.format(name)


def _terms(
    arrays: Mapping[str, np.ndarray], had: np.ndarray, wanted: np.ndarray, sizes: list[str], scope: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    rest = wanted - had
    forms = [(f, (n,)) for n in arrays for f in (*ALONE, *MEANS[:2])]
    forms += [(f, (a, b)) for a in arrays for b in arrays for f in (*TOGETHER, *MEANS[2:])]
    forms += [(f, (a, b)) for a in arrays for b in arrays for f in WITH_SLOPES]
    if len(arrays) <= 12:
        forms += [(f, (a, b, c)) for a in arrays for b in arrays for c in arrays for f in SLOPED]
        forms += [(f, (a, b)) for a in arrays for b in arrays for f in SCALED[1:2]]
        forms += [(f, (a, b, c)) for a in arrays for b in arrays for c in arrays for f in (SCALED[0], *SCALED[2:])]
    numbers = {s: float(_size(s, scope)) for s in sizes}
    for form, names in forms:
        term = _values(form, *(arrays[n] for n in names))
        if term is None or not _fits(rest, term):
            continue
        full = np.broadcast_to(term, rest.shape)
        weight = float(np.sum(full * full))
        if weight <= 0 or not np.isfinite(weight):
            continue
        scale = float(np.sum(full * rest)) / weight
        if _equal(scale * full, rest):
            text = form.format(*names)
            for known, written in _multiples(numbers, arrays):
                if abs(scale - known) < 1e-7 * abs(scale):
                    yield "path", "+" if not written.startswith("-") else "-", written.lstrip("-").replace("?", text)
                    break


def _multiples(numbers: Mapping[str, float], arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[float, str]]:
    for m in MULTIPLES:
        head = "-" if m < 0 else ""
        size = "" if abs(m) == 1 else f"{abs(m):g} * "
        yield m, f"{head}{size}?"
        for name, value in numbers.items():
            yield m / value, f"{head}{size}? / {name}"
        for name, array in arrays.items():
            if array.ndim == 0 and array:
                yield m * float(array), f"{head}{size}{name} * ?"


def _size(text: str, scope: Mapping[str, Any]) -> int:
    name, dot, _ = text.partition(".shape")
    value = named(scope)[name]
    return value.shape[0] if dot else value


def _values(form: str, *arrays: np.ndarray) -> np.ndarray | None:
    """The value of a form, computed by its tree; None where the shapes do not fit."""
    try:
        return _value(expression(form.format(*(f"a{i}" for i in range(len(arrays))))), arrays)
    except (ValueError, IndexError):
        return None


def _value(node: ast.expr, arrays: tuple[np.ndarray, ...]) -> Any:
    if isinstance(node, ast.Name):
        return arrays[int(node.id[1:])]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Attribute):
        return _value(node.value, arrays).T
    if isinstance(node, ast.Compare):
        return _value(node.left, arrays) > 0
    if isinstance(node, ast.BinOp):
        a, b = _value(node.left, arrays), _value(node.right, arrays)
        return OPERATIONS[type(node.op)](a, b)
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    if node.func.attr == "exp":
        return np.exp(_value(node.args[0], arrays))
    how = {str(k.arg): k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
    return getattr(_value(node.func.value, arrays), node.func.attr)(**how)


OPERATIONS: dict[type, Any] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.MatMult: np.matmul,
}


def _fits(wanted: np.ndarray, value: np.ndarray) -> bool:
    try:
        return np.broadcast_shapes(wanted.shape, value.shape) == wanted.shape
    except ValueError:
        return False


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(
        np.all(np.isfinite(a))
        and np.max(np.abs(a - b), initial=0) <= 1e-8 * max(float(np.max(np.abs(b), initial=0)), 1e-12)
    )
