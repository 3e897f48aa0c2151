"""The primitives, a record each: importing this package fills `wengert.core.ir.op.OPS`.

    kinds: elementwise · structural · product · general ──▶ records in family files (exponential, reductions, …) ──▶ OPS
    vocabulary: what the values of records call, by NumPy
    terms ⇄ build: products and sums read as monomials over labelled axes, and built again
    evaluate: a graph run node by node · array_functions: wg.ops.NAME, an op as a function of arrays

In go value, partials or adjoints, and notation; out comes an op with type rule, both modes and batching. Read first `kinds.py`, then
`exponential.py` as a family.
"""

from importlib import import_module

from wengert.core.ops.array_functions import ArrayFunction, array_function, names

FAMILIES = (
    "arithmetic",
    "balanced",
    "bessel",
    "beta_functions",
    "complex_numbers",
    "control",
    "convolution",
    "cumulative",
    "custom",
    "determinants",
    "eigenvalues",
    "entropy",
    "equal_values",
    "error_functions",
    "exponential",
    "factorizations",
    "fourier",
    "gamma_functions",
    "indexing",
    "leaves",
    "matrix_functions",
    "norms",
    "orders",
    "orthogonal",
    "piecewise",
    "primes",
    "products",
    "reductions",
    "remainders",
    "shifted",
    "sine_quotient",
    "singular_values",
    "solving",
    "sorting",
    "structural",
    "trigonometric",
    "updates",
    "windows",
    "wrapping",
)
"""The modules whose import enters the ops."""

for _family in FAMILIES:
    import_module(f"wengert.core.ops.{_family}")


def __getattr__(name: str) -> ArrayFunction:
    """wg.ops.NAME: the op of this name as a function of arrays, NumPy's and traced ones."""
    return array_function(name)


def __dir__() -> list[str]:
    return list(names())
