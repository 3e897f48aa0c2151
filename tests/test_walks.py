"""An op is one record: the walks of CONTRIBUTING, each in a process of its own, since the table of ops keeps what is entered."""

from __future__ import annotations

import subprocess
import sys

ELEMENTWISE = r"""
import numpy as np
import wengert as wg
from wengert.core.ir.graph import apply
from wengert.core.ir.notation import function
from wengert.core.ops.kinds import elementwise

elementwise(
    "versin",
    "1 − cos x, the versed sine.",
    value=lambda xp, x: 1 - xp.cos(x),
    partials=lambda y, x: (apply("sin", x),),
    notation=function(r"\operatorname{versin}", "versin"),
)

x = np.array([0.5, 1.0, 2.0])
for text in ("y = versin(x)\nL = y^2", r"y = \operatorname{versin}(x)" + "\nL = y^2"):
    derivation = wg.equations(text).backward("L")
    assert "x̄ = ȳ sin(x)" in str(derivation), derivation
    derivation.check()

assert np.allclose(wg.ops.versin(x), 1 - np.cos(x))
assert wg.ops.versin(0) == 0


def f(x):
    return np.sum(wg.ops.versin(x) ** 2)


slope = 2 * (1 - np.cos(x)) * np.sin(x)
second = 2 * np.sin(x) ** 2 + 2 * (1 - np.cos(x)) * np.cos(x)
gradient, compiled = wg.grad(f), wg.compile(wg.grad(f))
for _ in range(5):
    assert np.allclose(gradient(x), slope, rtol=1e-12)
    assert np.allclose(compiled(x), slope, rtol=1e-12)
assert np.allclose(np.diag(wg.hessian(f)(x)), second, rtol=1e-12)
assert np.allclose(wg.vmap(wg.grad(f))(np.stack([x, x])), [slope, slope], rtol=1e-12)
wg.check_grads(f, (x,), order=2)

from wengert.targets.stages import stage

graph = wg.trace(wg.ops.versin)(x)
assert "cos(" in str(stage(graph, "loops")), stage(graph, "loops")
"""

SAME_DERIVATIVES = """
gradient, compiled = wg.grad(f), wg.compile(wg.grad(f))
for _ in range(5):
    assert np.allclose(gradient(x), wg.grad(g)(x), rtol=1e-12)
    assert np.allclose(compiled(x), wg.grad(g)(x), rtol=1e-12)
assert np.allclose(wg.hessian(f)(x), wg.hessian(g)(x), rtol=1e-10)
assert np.allclose(wg.vmap(wg.grad(f))(np.stack([x, 2 * x])), wg.vmap(wg.grad(g))(np.stack([x, 2 * x])), rtol=1e-12)
wg.check_grads(f, (x,), order=2)
"""
"""Those of f, which uses the op, and of g, which does without."""

STRUCTURAL = """
import numpy as np
import wengert as wg
from wengert.core.ir.graph import apply
from wengert.core.ir.notation import unwritten
from wengert.core.ops.kinds import structural


def from_the_end(node, cotangent):
    axis = node.params["axis"]
    turned = apply("flip", cotangent, axes=(axis,))
    return apply("flip", apply("running_sum", turned, axis=axis), axes=(axis,))


structural(
    "running_sum",
    "y_i = Σ_{k ≤ i} x_k along an axis.",
    infer=lambda types, params: types[0],
    value=lambda xp, x, axis: xp.cumsum(x, axis=axis),
    adjoint=from_the_end,
    batch=lambda node, inputs, batched: apply("running_sum", inputs[0], axis=node.params["axis"] + 1),
    notation=unwritten("running_sum"),
    samples=lambda rng: [([rng.normal(size=(4, 3))], {"axis": axis}) for axis in (0, 1)],
)

x = np.array([0.5, 1.0, 2.0])
assert np.allclose(wg.ops.running_sum(x, axis=0), np.cumsum(x))


def f(x):
    return np.sum(np.tanh(wg.ops.running_sum(x, axis=0)))


def g(x):
    return np.sum(np.tanh(np.cumsum(x)))

"""


MAPPED = """
import numpy as np
import wengert as wg
from wengert.core.ir.graph import apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.types import ArrayType
from wengert.core.ops.kinds import structural


def spread(node, cotangent):
    n = node.inputs[0].shape[0]
    return apply("pad", cotangent, low=(0,), high=(n - 1 - 2 * ((n - 1) // 2),), step=(2,))


structural(
    "evens",
    "y_i = x_(2i).",
    infer=lambda types, params: types[0].with_shape(((types[0].shape[0] + 1) // 2,)),
    value=lambda xp, x: x[::2],
    adjoint=spread,
    batch=lambda node, inputs, batched: apply("slice", inputs[0], start=(0, 0), stop=inputs[0].shape, step=(1, 2)),
    notation=unwritten("evens"),
    samples=lambda rng: [([rng.normal(size=5)], {})],
    index_map=lambda node, index, origin: ((index[0] * 2,), ()),
    moves="selection",
)

x = np.linspace(0.1, 1.9, 7)
assert np.array_equal(wg.ops.evens(x), x[::2])


def f(x):
    return np.sum(np.exp(wg.ops.evens(np.sin(x))))


def g(x):
    return np.sum(np.exp(np.sin(x)[::2]))

"""

NATIVE = """
from wengert.targets.stages import stage

long = np.linspace(0.1, 1.9, 7001)
assert np.allclose(wg.compile(f)(long), g(long), rtol=1e-12)
fused = str(stage(wg.trace(f)(long), "loops"))
assert "NumPy" not in fused and "2·" in fused, fused
"""


def run(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


def test_a_record_of_an_elementwise_op_is_read_printed_called_traced_differentiated_batched_and_compiled():
    run(ELEMENTWISE)


def test_a_record_of_a_structural_op_is_called_traced_differentiated_and_batched():
    run(STRUCTURAL + SAME_DERIVATIVES)


def test_a_structural_op_that_says_its_index_map_is_native_code_too():
    run(MAPPED + SAME_DERIVATIVES + NATIVE)


def test_a_name_that_is_no_function_of_arrays_is_no_attribute_of_the_table():
    run(
        "import pytest, wengert as wg\nfor name in ('nothing', 'cond', 'constant'):\n    with pytest.raises(AttributeError, match=name):\n        getattr(wg.ops, name)"
    )


def test_every_op_of_arrays_called_on_its_samples_gives_its_value():
    import numpy as np

    import wengert as wg
    from wengert.core.ir.op import OPS
    from wengert.core.ops.vocabulary import NUMPY

    for name in dir(wg.ops):
        op = OPS[name]
        if op.kind != "elementwise":
            continue
        arrays, params = op.samples(np.random.default_rng(0))[0]
        got = getattr(wg.ops, name)(*arrays, **params)
        assert np.array_equal(got, op.value(NUMPY, *map(np.asarray, arrays), **params), equal_nan=True), name
