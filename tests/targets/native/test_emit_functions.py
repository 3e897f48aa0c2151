"""Every function of the vocabulary in a nest: in lanes, in one lane, with a ragged end, inline and called."""

from __future__ import annotations

import numpy as np
import pytest

from tests.targets.native.nests import native
from tests.thorough import everyday
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.targets import compiled
from wengert.targets.native import inlining
from wengert.targets.native.calling import OUTLINED_FUNCTIONS
from wengert.targets.native.emit import emit
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.interpret import run
from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Buffer,
    Compute,
    Constant,
    For,
    Load,
    NestProgram,
    Store,
    along,
)
from wengert.targets.native.processor import host
from wengert.targets.stages import stage

UNARY = {
    (
        -3.0,
        3.0,
    ): "negative abs sign floor round exp exp2 expm1 logistic softplus erf erfc sin cos tan arctan sinh cosh tanh arcsinh cbrt",
    (0.1, 4.0): "reciprocal sqrt log log2 log10 log1p",
    (-0.9, 0.9): "erfinv arcsin arccos arctanh",
    (1.1, 5.0): "arccosh",
}
BINARY = {
    (-3.0, 3.0): "add subtract multiply divide maximum minimum hypot logaddexp arctan2",
    (0.1, 3.0): "power xlogy",
}
COMPARISONS = "less less_equal greater greater_equal equal not_equal"
ULPS = 6
"""How far a result may be from NumPy's and SciPy's, which are wrong by a few units themselves."""

CASES = [
    (name, arity, domain)
    for arity, table in ((1, UNARY), (2, BINARY))
    for domain, names in table.items()
    for name in names.split()
]
EXACT = {
    "negative",
    "abs",
    "sign",
    "floor",
    "round",
    "sqrt",
    "reciprocal",
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
}


def mapped(name, arity, dtype, n, result=None, kind="vector", exponent=None):
    inputs = tuple(Buffer(f"x{k}", dtype, (n,), "input") for k in range(arity))
    y, i = Buffer("y", result or dtype, (n,), "output"), Axis(n)
    loads = tuple(Load(x, along(i)) for x in inputs)
    value = Compute(name, loads, result or dtype, exponent)
    return NestProgram(inputs, (y,), (For(i, (*loads, value, Store(y, along(i), value)), kind),))


@everyday(1, "name", "dtype")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arity", "domain"), CASES, ids=[case[0] for case in CASES])
def test_every_function_is_that_of_the_interpreter(name, arity, domain, dtype):
    for n, kind in ((71, "vector"), (3, "vector"), (5, "serial")):
        program = mapped(name, arity, dtype, n, kind=kind)
        arrays = [np.random.default_rng(k).uniform(*domain, n).astype(dtype) for k in range(arity)]
        status, (found,) = native(program, arrays)
        (wanted,) = run(program, arrays)
        assert status == 0
        if name in EXACT:
            np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_max_ulp(found, wanted, ULPS)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("name", COMPARISONS.split())
def test_every_comparison(name, dtype):
    program = mapped(name, 2, dtype, 71, "bool")
    x = np.random.default_rng(0).integers(-2, 3, 71).astype(dtype)
    y = np.random.default_rng(1).integers(-2, 3, 71).astype(dtype)
    if dtype != "int64":
        x[::7] = np.nan
    np.testing.assert_array_equal(native(program, [x, y])[1][0], run(program, [x, y])[0])


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "minimum", "negative", "abs", "sign"])
def test_integers_wrap_around(name):
    arity = 2 if name in ("add", "subtract", "multiply", "maximum", "minimum") else 1
    program = mapped(name, arity, "int64", 71)
    ends = np.iinfo("int64")
    arrays = [np.random.default_rng(k).integers(ends.min, ends.max, 71) for k in range(arity)]
    np.testing.assert_array_equal(native(program, arrays)[1][0], run(program, arrays)[0])


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_not"])
def test_logic(name):
    program = mapped(name, 1 if name == "logical_not" else 2, "bool", 71)
    arrays = [np.random.default_rng(k).random(71) < 0.5 for k in range(len(program.inputs))]
    np.testing.assert_array_equal(native(program, arrays)[1][0], run(program, arrays)[0])


@pytest.mark.parametrize("source", ["float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("target", ["float32", "float64", "int64", "bool"])
def test_every_cast(source, target):
    program = mapped("cast", 1, source, 71, target)
    values = np.random.default_rng(0).normal(0, 3, 71)
    given = values > 0 if source == "bool" else values.astype(source)
    np.testing.assert_array_equal(native(program, [given])[1][0], run(program, [given])[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [-3, -1, 0, 1, 2, 3, 5, 17])
def test_whole_powers(exponent, dtype):
    program = mapped("integer_power", 1, dtype, 71, exponent=exponent)
    given = np.random.default_rng(0).uniform(-2, 2, 71).astype(dtype)
    np.testing.assert_array_max_ulp(native(program, [given])[1][0], run(program, [given])[0], 8)


@pytest.mark.parametrize("count", [3, 40])
def test_many_functions_in_one_nest_are_called_few_are_inline(count, monkeypatch):
    monkeypatch.setattr(inlining, "BLOCKS", 0)  # as in a nest that runs for long
    n = 45
    x, y, i = Buffer("x", "float32", (n,), "input"), Buffer("y", "float32", (n,), "output"), Axis(n)
    made = [Load(x, along(i))]
    for k in range(count):
        made.append(Compute(["tanh", "sin", "exp"][k % 3], (made[-1],), "float32"))
        made.append(Compute("negative", (made[-1],), "float32"))
    program = NestProgram((x,), (y,), (For(i, (*made, Store(y, along(i), made[-1])), "vector"),))
    text = emit(program, plan(program), host()).text
    assert ("@wg_tanh" in text) == (count > OUTLINED_FUNCTIONS)
    given = np.random.default_rng(0).normal(size=n).astype("float32")
    np.testing.assert_allclose(native(program, [given])[1][0], run(program, [given])[0], rtol=1e-4)


def test_scalars_without_a_loop():
    """One unit: z = w x + b, y = σ(z), L = ½ (y − t)², and its three slopes."""
    names = ("w", "x", "b", "t")
    inputs = tuple(Buffer(name, "float64", (), "input") for name in names)
    outputs = tuple(Buffer(name, "float64", (), "output") for name in ("L", "w_bar", "b_bar"))
    w, x, b, t = (Load(buffer, Affine()) for buffer in inputs)
    made = [w, x, b, t]

    def compute(name, *given):
        made.append(Compute(name, given, "float64"))
        return made[-1]

    z = compute("add", compute("multiply", w, x), b)
    y = compute("logistic", z)
    e = compute("subtract", y, t)
    half, one = Constant(0.5, "float64"), Constant(1.0, "float64")
    made += [half, one]
    loss = compute("multiply", half, compute("multiply", e, e))
    slope = compute("multiply", e, compute("multiply", y, compute("subtract", one, y)))
    w_bar = compute("multiply", slope, x)
    stores = [Store(buffer, Affine(), value) for buffer, value in zip(outputs, (loss, w_bar, slope), strict=True)]
    program = NestProgram(inputs, outputs, (*made, *stores))
    arrays = [np.float64(number) for number in (0.5, 1.5, -0.3, 1.0)]
    status, found = native(program, arrays)
    assert status == 0
    np.testing.assert_allclose([float(v) for v in found], [float(v) for v in run(program, arrays)], rtol=1e-14)


@pytest.mark.parametrize("op", ["sum", "max"])
def test_totals_that_calls_stand_between_lie_in_memory(op: str) -> None:
    x = input_node("x", ArrayType((1000,)))
    called, plain = Graph((x,), (apply(op, apply("tanh", x), axes=(0,)),)), Graph((x,), (apply(op, x * x, axes=(0,)),))
    crossed, straight = str(stage(called, "llvm")), str(stage(plain, "llvm"))
    assert "alloca <" in crossed
    assert "= phi <" not in crossed
    assert "alloca <" not in straight
    assert "= phi <" in straight
    values = np.linspace(-3, 2, 1000)
    (found,) = compiled.compile(called, cache=False)(x=values)
    np.testing.assert_allclose(found, getattr(np, op)(np.tanh(values)), rtol=1e-13)
