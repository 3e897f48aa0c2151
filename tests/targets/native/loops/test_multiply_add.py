"""Products that are only added become one instruction with one rounding; others stay."""

from __future__ import annotations

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.interpret import fused, run
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.multiply_add import with_fma
from wengert.targets.native.loops.nest import Compute


def functions(*outputs: Node, inputs: tuple[Node, ...]) -> list[str]:
    """The functions that the program of the outputs computes."""
    program = lower(Graph(inputs, outputs))
    return [each.function for each in statements(program.body) if isinstance(each, Compute)]


def numbers(count: int, dtype: str = "float64") -> tuple[Node, ...]:
    return tuple(input_node(name, ArrayType((4,), dtype)) for name in "abc"[:count])


def test_a_product_that_is_only_added_is_rounded_with_the_sum():
    a, b, c = numbers(3)
    assert functions(a * b + c, inputs=(a, b, c)) == ["fma"]
    assert functions(c + a * b, inputs=(a, b, c)) == ["fma"]
    assert functions(c - a * b, inputs=(a, b, c)) == ["negative", "fma"]
    assert functions(a * b - c, inputs=(a, b, c)) == ["negative", "fma"]
    assert functions(apply("integer_power", a, exponent=2) + c, inputs=(a, c)) == ["fma"]


def test_a_product_that_something_else_reads_stays_one():
    a, b, c = numbers(3)
    product = a * b
    assert functions(product + c, product, inputs=(a, b, c)) == ["multiply", "add"]
    assert functions(product - product, inputs=(a, b)) == ["multiply", "subtract"]


def test_of_two_products_the_one_that_is_known_last_is_rounded_with_the_sum():
    a, b, c = numbers(3)
    late = apply("sin", a) * b
    for total in (a * c + late, late + a * c):
        program = lower(Graph((a, b, c), (total,)))
        (sum_,) = (each for each in statements(program.body) if isinstance(each, Compute) and each.function == "fma")
        factors = [x.function for x in sum_.inputs if isinstance(x, Compute)]
        assert factors == ["sin", "multiply"]


def test_a_product_that_another_kernel_reads_too_is_rounded_in_all():
    a, b, c = numbers(3)
    product = a * b
    largest = apply("max", c - product, axes=(0,))
    found = functions(apply("sin", product + apply("broadcast", largest, shape=(4,), axes=())), inputs=(a, b, c))
    assert "fma" not in found, "or the entry that is the maximum in one kernel is another number in the next"


def test_steps_are_counted_from_what_other_kernels_load():
    a, b, c = (Compute("exp", (), "float64") for _ in range(3))
    after = Compute("sin", (a,), "float64")
    late, early = Compute("multiply", (after, b), "float64"), Compute("multiply", (b, c), "float64")
    total = Compute("add", (late, early), "float64")
    code = [a, b, c, after, late, early, total]
    for finished, factor in (((), "sin"), ((after,), "exp")):
        made = with_fma(code, [total], (), finished)[1][total]
        assert isinstance(made, Compute)
        assert made.function == "fma"
        assert isinstance(made.inputs[0], Compute)
        assert made.inputs[0].function == factor
    assert with_fma(code, [total], (late, early))[0] == code


def test_whole_numbers_are_not_contracted():
    a, b, c = numbers(3, "int64")
    assert functions(a * b + c, inputs=(a, b, c)) == ["multiply", "add"]


def test_the_interpreter_of_nests_rounds_once():
    a, b, c = numbers(3)
    program = lower(Graph((a, b, c), (a * b - c,)))
    x = np.full(4, 1 + 2.0**-30)
    (result,) = run(program, [x, x, x * x])
    assert np.all(result == 2.0**-60), "the product before it is rounded, less the rounded one"


def test_one_rounding_keeps_infinities_nan_and_the_sign_of_zero():
    one, zero, inf = np.float64(1), np.float64(0), np.float64(np.inf)
    with np.errstate(all="ignore"):
        assert fused(inf, one, zero) == np.inf
        assert np.isnan(fused(inf, zero, one))
        assert np.signbit(fused(-one, zero, -zero))
        assert fused(np.float64(1e300), np.float64(1e300), -one) == np.inf


def test_nothing_to_contract_leaves_the_instructions():
    a, b = numbers(2)
    assert functions(a + b, inputs=(a, b)) == ["add"]
    assert with_fma([], []) == ([], {})
