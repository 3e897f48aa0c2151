"""Every rule of every table on 0, −0, ±1, subnormals, huge numbers, ±∞ and NaN: the tables are the parametrization.

An exact rule agrees to the last bit. Another lies within its stated ulps of the true value of its left side, computed with 400
digits, wherever it says that it holds; and it says so wherever the left side is undefined at finite numbers.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.thorough import part, rounds
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import bind_params, evaluate
from wengert.core.passes.algebra import IDENTITIES
from wengert.core.passes.dce import DEAD
from wengert.core.passes.patterns import Pattern, abs, build, exp, fill, log, softplus, sqrt, where
from wengert.core.passes.rewrite import Procedure, Rewrite, Rule, rewrite
from wengert.core.passes.stability import STABILITY
from wengert.core.passes.structure import NARROW

SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 40.0, -40.0, 800.0, -800.0, 1e-9, -1e-9, 0.1),
    *(5e-324, -5e-324, 2.3e-308, 1e-300, 1e150, -1e150, 1.7e308, -1.7e308, np.inf, -np.inf, np.nan),
]
PAIRS = [0.0, -0.0, 1.0, -2.0, 40.0, -800.0, 800.0, 5e-324, 1.7e308, np.inf, -np.inf, np.nan]
"""Where a rule has more than one variable."""
DRAWS = rounds(4, 8)
FREE = ArrayType((Dim("n"),))

TABLES = {"identities": IDENTITIES, "stability": STABILITY, "dead": DEAD, "narrow": NARROW}
RULES = [rule for table in TABLES.values() for rule in table]


@pytest.fixture(autouse=True)
def digits():
    """mpmath's precision is of the process, and other tests want theirs."""
    with mpmath.workdps(660):
        yield


# ---------------------------------------------------------------- samples


def samples(rule: Rewrite) -> list[list[Node]]:
    """For every example the left side, in every form in which the rule knows it."""
    if isinstance(rule, Procedure):
        return [[node] for node in rule.samples()]
    assert isinstance(rule, Rule)
    return [[left_side(rule, form, example) for form in rule.forms] for example in rule.examples]


def left_side(rule: Rule, form: Pattern, example: Any) -> Node:
    env = {name: example.get(name, FREE) for name in rule.names}
    env = {name: input_node(name, v) if isinstance(v, ArrayType) else v for name, v in env.items()}

    def make(op: str, inputs: tuple[Node, ...], params: Any) -> Node:
        return apply(op, *inputs, **params)

    return build(form, env, next((v.type for v in env.values() if isinstance(v, Node)), FREE), make)


def graph_of(node: Node) -> Graph:
    inputs = [item for item in topological([node]) if item.op.name == "input"]
    return Graph(tuple(inputs), (node,))


def values_of(graph: Graph) -> list[dict[str, Any]]:
    """One grid of all pairs, triples … of special numbers where inputs are free; else draws from them."""
    types = [node.type for node in graph.inputs]
    numbers = SPECIAL if sum(t.is_float for t in types) == 1 else PAIRS
    with np.errstate(all="ignore"):
        pools = [np.array([False, True]) if t.dtype == "bool" else np.array(numbers, dtype=t.dtype) for t in types]
    if all(t.shape == FREE.shape for t in types):
        grid = [side.ravel() for side in np.meshgrid(*pools, indexing="ij")]
        if len(grid) > 2:  # every day each pair of numbers of each two variables
            pairs = [lambda k, a=a, b=b: (repr(a[k]), repr(b[k])) for a, b in combinations(grid, 2)]
            chosen = part(range(grid[0].size), 1, *pairs)
            grid = [side[chosen] for side in grid]
        return [dict(zip(graph.input_names, grid, strict=True))]
    rng = np.random.default_rng(0)
    calm = np.array([-3.0, -0.5, 0.0, 0.25, 1.0, 2.0, 30.0])
    draws: list[dict[str, Any]] = []
    for k in range(DRAWS):
        chosen = [calm if k % 2 and t.is_float else pool for pool, t in zip(pools, types, strict=True)]
        arrays = [rng.choice(pool, size=bind_params(t.shape, {"n": 5})) for pool, t in zip(chosen, types, strict=True)]
        draws.append(dict(zip(graph.input_names, arrays, strict=True)))
    return draws


# ---------------------------------------------------------------- the true value


def _true(function: Callable[..., Any]) -> Any:
    def safe(*numbers: Any) -> Any:
        try:
            result = function(*numbers)
        except (ZeroDivisionError, ValueError):
            return mpmath.nan
        return mpmath.nan if isinstance(result, mpmath.mpc) else result

    return lambda *arrays: _silent(np.frompyfunc(safe, len(arrays), 1), *arrays)


def _silent(function: Any, *arrays: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.asarray(function(*arrays), dtype=object)


def _exactly(array: Any) -> Any:
    return _silent(np.frompyfunc(mpmath.mpf, 1, 1), array)


def _softmax(x: Any, axes: Any) -> Any:
    powers = _true(mpmath.exp)(x)
    return _true(operator.truediv)(powers, np.sum(powers, axis=axes, keepdims=True))


def _quantile(y: Any) -> Any:
    """erfinv to the digits of floats, where it is real."""
    with mpmath.workdps(60):
        return mpmath.erfinv(y) if mpmath.fabs(y) <= 1 else mpmath.nan


TRUE: dict[str, Callable[..., Any]] = {
    "add": _true(operator.add),
    "subtract": _true(operator.sub),
    "multiply": _true(operator.mul),
    "divide": _true(operator.truediv),
    "negative": _true(operator.neg),
    "reciprocal": _true(lambda x: 1 / x),
    "exp": _true(mpmath.exp),
    "log": _true(mpmath.log),
    "log1p": _true(lambda x: mpmath.log(1 + x)),
    "expm1": _true(lambda x: mpmath.exp(x) - 1),
    "logistic": _true(lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": _true(lambda x: mpmath.log(1 + mpmath.exp(x))),
    "sinh": _true(mpmath.sinh),
    "cosh": _true(mpmath.cosh),
    "einsum": lambda *xs, inputs, output: np.einsum(
        *(part for pair in zip(xs, inputs, strict=True) for part in pair), output
    ),
    "gather": lambda x, indices, axis, batch: np.take_along_axis(x, indices[:, None], axis)[:, 0],
    **{
        name: _true(getattr(mpmath, f"a{name[3:]}"))
        for name in ("arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh")
    },
    **{name: _true(getattr(mpmath, name)) for name in ("sin", "cos", "tan", "tanh", "erf", "log10")},
    "log2": _true(lambda x: mpmath.log(x, 2)),
    "exp2": _true(lambda x: mpmath.mpf(2) ** x),
    "cbrt": _true(lambda x: mpmath.sign(x) * mpmath.cbrt(mpmath.fabs(x))),
    "erfinv": _true(_quantile),
    "sqrt": _true(mpmath.sqrt),
    "arctan": _true(mpmath.atan),
    "abs": _true(mpmath.fabs),
    "power": _true(mpmath.power),
    "integer_power": lambda x, exponent: _true(lambda v: v**exponent)(x),
    "hypot": _true(mpmath.hypot),
    "norm": lambda x, axes: _true(mpmath.sqrt)(np.sum(x * x, axis=axes)),
    "softmax": _softmax,
    "logsumexp": lambda x, axes: _true(mpmath.log)(np.sum(_true(mpmath.exp)(x), axis=axes)),
}


def true_value(graph: Graph, values: dict[str, Any], n: int) -> Any:
    """The output with 660 digits, as an array of mpmath numbers."""
    with np.errstate(all="ignore"):
        return _true_value(graph, values, n)


def _true_value(graph: Graph, values: dict[str, Any], n: int) -> Any:
    found: dict[Node, Any] = {}
    for node in topological(graph.outputs):
        params = {name: bind_params(value, {"n": n}) for name, value in node.params.items()}
        if node.op.name == "input":
            array = values[params["name"]]
            found[node] = _exactly(array.astype(float)) if array.dtype.kind == "f" else array
        elif node.op.name in ("constant", "size_of"):
            exact = params.get("value") if isinstance(params.get("value"), Fraction) else None
            number = mpmath.mpf(exact.numerator) / exact.denominator if exact is not None else None
            array = np.asarray(node.op.value(np, **params))
            if array.dtype.kind != "f":
                found[node] = array
                continue
            found[node] = np.full(array.shape, number, dtype=object) if number is not None else _exactly(array)
        elif node.op.name in TRUE:
            found[node] = TRUE[node.op.name](*(found[x] for x in node.inputs), **params)
        else:
            found[node] = node.op.value(np, *(found[x] for x in node.inputs), **params)
    return np.asarray(found[graph.outputs[0]], dtype=object)


# ---------------------------------------------------------------- where a rule holds

_COMPARE = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.NotEq: operator.ne,
}
_COMBINE = {ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Add: operator.add, ast.Sub: operator.sub}


def holds(condition: str, values: dict[str, Any]) -> Any:
    """The condition of a rule, entry by entry."""
    return _read(ast.parse(condition, mode="eval").body, values) if condition else np.True_


def _read(tree: ast.expr, values: dict[str, Any]) -> Any:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return np.logical_and.reduce(np.broadcast_arrays(*(_read(part, values) for part in tree.values)))
    if isinstance(tree, ast.Compare):
        sides = [_read(side, values) for side in (tree.left, *tree.comparators)]
        facts = [_COMPARE[type(op)](a, b) for op, a, b in zip(tree.ops, sides[:-1], sides[1:], strict=True)]
        return np.logical_and.reduce(facts)
    if isinstance(tree, ast.BinOp):
        return _COMBINE[type(tree.op)](_read(tree.left, values), _read(tree.right, values))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return -_read(tree.operand, values)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return {"finite": np.isfinite, "abs": np.abs}[tree.func.id](_read(tree.args[0], values))
    if isinstance(tree, ast.Name):
        return values[tree.id]
    assert isinstance(tree, ast.Constant)
    return tree.value


# ---------------------------------------------------------------- the checks


def bits(array: Any) -> Any:
    """The bits of each entry; every NaN counts as one."""
    array = np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        return array
    whole = np.where(np.isnan(array), array.dtype.type(np.nan), array)
    return whole.view(f"i{array.dtype.itemsize}")


def run(graph: Graph, values: dict[str, Any]) -> tuple[Any, ...]:
    named = any(isinstance(size, Dim) for node in graph.inputs for size in node.shape)
    return evaluate(graph, values, None if named else {"n": 5})


def check_exact(before: Graph, after: Graph) -> None:
    for values in values_of(before):
        (a,), (b,) = run(before, values), run(after, values)
        np.testing.assert_array_equal(bits(a), bits(b))


def check_close(rule: Rewrite, before: Graph, after: Graph, true_values: list[Any]) -> None:
    for k, values in enumerate(values_of(before)):
        with np.errstate(all="ignore"):
            valid = holds(rule.valid, values)
        (a,), (b,) = run(before, values), run(after, values)
        if before.inputs[0].type.shape != FREE.shape:
            valid = np.all(valid)
        valid = np.broadcast_to(valid, np.shape(a))
        if rule.ulps == 0:
            np.testing.assert_array_equal(np.asarray(b)[valid], np.asarray(a)[valid])
            check_defined(values, np.asarray(a), np.asarray(b), valid)
            continue
        if len(true_values) <= k:
            n = len(next(iter(values.values()))) if before.inputs[0].type.shape == FREE.shape else 5
            true_values.append(true_value(before, values, n))
        check_near(rule, values, true_values[k], np.asarray(b), valid)
        check_defined(values, true_values[k].astype(float), np.asarray(b), valid)


def check_near(rule: Rewrite, values: dict[str, Any], true: Any, got: Any, valid: Any) -> None:
    """Where the true value is a number, the rewritten one is within the rule's ulps of it."""
    floats = [v for v in values.values() if v.dtype.kind == "f"]
    with np.errstate(all="ignore"):
        total = max([float(np.sum(np.abs(v[np.isfinite(v)]))) for v in floats] or [0.0])
    beyond = (
        np.any([np.isfinite(v) & (np.abs(v) > 1500) for v in floats], axis=0) if same_shape(floats, got) else got != got
    )
    for t, b, far in zip(true[valid], got[valid], np.broadcast_to(beyond, got.shape)[valid], strict=True):
        if mpmath.isnan(t) or (far and mpmath.isinf(t)):  # e^1500 has more digits than are kept
            continue
        if mpmath.isinf(t) or mpmath.fabs(t) > 1.79e308:
            assert np.isinf(b) or abs_float(b) > 1.78e308, f"{b} stands for {t}"
            continue
        size = max(float(mpmath.fabs(t)), total if rule.units == "inputs" else 0.0)
        if size > 1e308:
            continue
        error = float(mpmath.fabs(t - mpmath.mpf(float(b)))) if np.isfinite(b) else np.inf
        assert error <= rule.ulps * float(np.spacing(b.dtype.type(size))), f"{b!r} stands for {mpmath.nstr(t, 20)}"


def same_shape(arrays: list[Any], like: Any) -> bool:
    return bool(arrays) and all(v.shape == like.shape for v in arrays)


def abs_float(x: Any) -> float:
    return float(np.abs(x))


def check_defined(values: dict[str, Any], true: Any, got: Any, valid: Any) -> None:
    """NaN gives NaN; and what is undefined at finite numbers is not made a number, unless the rule says what it assumes."""
    arrays = [v for v in values.values() if v.dtype.kind == "f"]
    if same_shape(arrays, got):
        finite = np.logical_and.reduce([np.isfinite(v) for v in arrays])
        given_nan = np.logical_or.reduce([np.isnan(v) for v in arrays])
        undefined = np.isnan(true) & (finite | given_nan) & valid
        assert np.all(np.isnan(got[undefined]))


def check(rule: Rewrite) -> None:
    """What a rule promises, on every example in every form."""
    for forms in samples(rule):
        true_values: list[Any] = []
        for node in forms:
            before = graph_of(node)
            outcome = rewrite(before, [rule])
            assert outcome.complete
            assert outcome.applied, f"{rule} does not apply to its own left side"
            assert outcome.graph.outputs[0].type == node.type
            if rule.exact:
                check_exact(before, outcome.graph)
            else:
                check_close(rule, before, outcome.graph, true_values)


def _name(rule: Rewrite) -> str:
    return rule.name


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_every_rule_keeps_its_promise_on_special_numbers(rule: Rewrite) -> None:
    check(rule)


MORE_ULPS = 2
"""By so many units the rewritten form may be further off than the written one, where that is finite."""
SHIFTED = {"softmax": 1024}
"""What is more for rules whose right side subtracts the largest input first: the exponent is rounded, to |x| / 2 units."""
MOST_ENTRIES = 100


@pytest.mark.parametrize("rule", STABILITY, ids=_name)
def test_no_stable_formula_is_less_accurate_than_the_one_that_was_written(rule: Rewrite) -> None:
    more = SHIFTED.get(rule.name, MORE_ULPS)
    for forms in samples(rule):
        for node in forms:
            before = graph_of(node)
            after = rewrite(before, [rule]).graph
            for values in values_of(before):
                values = _within_range(values) if before.inputs[0].type.shape == FREE.shape else values
                (a,), (b,) = run(before, values), run(after, values)
                true = true_value(before, values, len(next(iter(values.values()))))
                size = _total(values) if rule.units == "inputs" else None
                for t, written, stable in zip(np.ravel(true), np.ravel(a), np.ravel(b), strict=True):
                    if mpmath.isfinite(t) and np.isfinite(written):
                        unit = float(np.spacing(min(float(mpmath.fabs(t)) if size is None else size, 1e308)))
                        assert _distance(t, stable) <= _distance(t, written) + more * unit, f"{stable} for {t}"


def _within_range(values: dict[str, Any]) -> dict[str, Any]:
    """Some of the values; where there are several variables, those whose products with a factor stay in the range of floats."""
    stack = np.abs(np.array(list(values.values())))
    inside = np.all((stack == 0) | ((stack > 1e-150) & (stack < 1e150)) | ~np.isfinite(stack), axis=0) | (
        len(stack) == 1
    )
    rng = np.random.default_rng(3)
    chosen = rng.permutation(np.flatnonzero(inside))[:MOST_ENTRIES]
    return {name: v[chosen] for name, v in values.items()}


def _total(values: dict[str, Any]) -> float:
    floats = [v[np.isfinite(v)] for v in values.values() if v.dtype.kind == "f"]
    return float(sum(np.sum(np.abs(v), dtype=np.longdouble) for v in floats))


def _distance(true: Any, got: Any) -> float:
    return float(mpmath.fabs(true - mpmath.mpf(float(got)))) if np.isfinite(got) else np.inf


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_every_rule_has_examples(rule: Rewrite) -> None:
    assert samples(rule)


WRONG = [
    Rule("sign", lambda x: log(1 + exp(x)), lambda x: softplus(-x), exact=False),
    Rule("slightly wrong", lambda x: x * 1, lambda x: 1.000001 * x, exact=False),
    Rule("minus zero", lambda x: x + 0, lambda x: x, exact=True),
    Rule("rounding", lambda x: x * Fraction(1, 3), lambda x: x / 3, exact=True),
    Rule("infinity", lambda x: x - x, lambda x: 0, exact=True),
    Rule("infinity", lambda x: x * 0, lambda x: 0, exact=False, ulps=0, valid="x < 1"),
    Rule("not a number", lambda x: x**0, lambda x: x / x, exact=True),
    Rule("hides the domain", lambda x: exp(log(x)), lambda x: x, exact=False),
    Rule("hides the domain", lambda x: sqrt(x) ** 2, lambda x: x, exact=False),
    Rule("hides the domain", lambda x: sqrt(x) ** 2, lambda x: x, exact=False, valid="x > -2"),
    Rule("overflows", lambda x, y: (x * 1e200) * 1e-200, lambda x, y: (x * 1e-200) * 1e200, exact=False),
    Rule("overflows", lambda x: abs(x), lambda x: sqrt(x * x), exact=False),
    Rule("loses digits", lambda x: softplus(x), lambda x: log(1 + exp(x)), exact=False),
    Rule("drops NaN", lambda x, y: x + (y - y), lambda x, y: x, exact=False, valid="x < 1e300"),
    Rule("other branch", lambda x, y: where(True, x, y), lambda x, y: y, exact=True),
    Rule("wrong constant", lambda x, c: fill(c) * x, lambda x, c: fill(c + c) * x, exact=False, examples=({"c": 2},)),
    Rule("does not apply", lambda x: exp(x), lambda x: exp(x), exact=True, when=lambda env: False),
]  # fmt: skip


@pytest.mark.parametrize("rule", WRONG, ids=_name)
def test_a_wrong_rule_fails_the_check(rule: Rewrite) -> None:
    with pytest.raises(AssertionError):
        check(rule)
