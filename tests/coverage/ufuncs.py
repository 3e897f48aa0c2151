"""Samples of NumPy's ufuncs and of their methods."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import Sample, cases
from wengert.functions.tracing.tracer import FUNCTIONS

RNG = np.random.default_rng(20)
POSITIVE = RNG.uniform(0.3, 2.0, size=(2, 3))
OTHER = RNG.uniform(0.3, 2.0, size=3)
INSIDE = RNG.uniform(-0.8, 0.8, size=(2, 3))
ANY = np.array([[-2.3, -0.4, 1.7], [0.6, -1.2, 2.9]])
ROW = np.array([1.3, -0.7, 2.2])
NUMBER = np.array(0.55)
EMPTY = np.zeros((0, 3))
WHOLE, WHOLES = np.array([[6, -15, 28], [9, 4, -21]]), np.array([4, 6, 7])
TRUTHS, TRUTH = np.array([[True, False, True], [False, False, True]]), np.array([True, True, False])
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5])


def analytic(ufunc, *arguments, **options):
    """A ufunc whose complex form is its continuation, of a matrix, of a number, of whole numbers and of nothing."""
    return cases(ufunc, *arguments, *((each[0][:0], *each[1:]) for each in arguments[:1]), **options)


def cast(entry, dtype, *arguments, call=None):
    """Samples of whole numbers or truth values: real arrays, which are cast inside, so that they are traced."""
    function = call or (getattr(*entry) if isinstance(entry, tuple) else entry)

    def of(*args, **kwargs):
        moved = (a.astype(dtype) if hasattr(a, "astype") and a.dtype.kind == "f" else a for a in args)
        return function(*moved, **kwargs)

    made = []
    for given in arguments:
        kwargs = given[-1] if isinstance(given[-1], dict) else {}
        args = tuple(a.astype(float) if isinstance(a, np.ndarray) else a for a in given if not isinstance(a, dict))
        made.append(Sample(entry, args, kwargs, call=of, orders=0))
    return tuple(made)


def one(ufunc, x, **options):
    return analytic(ufunc, (x,), (x[0, 0].reshape(()),), (x.T[::-1],), **options)


SMOOTH = (
    *one(np.negative, ANY),
    *one(np.positive, ANY),
    *one(np.square, ANY),
    *one(np.sqrt, POSITIVE),
    *one(np.reciprocal, POSITIVE),
    *one(np.cbrt, ANY, complex_step=False),
    *one(np.exp, ANY),
    *one(np.exp2, ANY),
    *one(np.expm1, ANY),
    *one(np.log, POSITIVE),
    *one(np.log2, POSITIVE),
    *one(np.log10, POSITIVE),
    *one(np.log1p, POSITIVE, complex_step=False),
    *one(np.sin, ANY),
    *one(np.cos, ANY),
    *one(np.tan, INSIDE),
    *one(np.arcsin, INSIDE),
    *one(np.arccos, INSIDE),
    *one(np.arctan, ANY),
    *one(np.sinh, ANY),
    *one(np.cosh, ANY),
    *one(np.tanh, ANY),
    *one(np.arcsinh, ANY),
    *one(np.arccosh, POSITIVE + 1.2),
    *one(np.arctanh, INSIDE),
    *one(np.deg2rad, ANY, complex_step=False),
    *one(np.rad2deg, ANY, complex_step=False),
    *one(np.radians, ANY, complex_step=False),
    *one(np.degrees, ANY, complex_step=False),
    *one(np.absolute, ANY, complex_step=False),
    *one(np.fabs, ANY, complex_step=False),
    *cases(np.exp, (ANY, {"dtype": np.float32}), orders=0, value=1e-6),
)


def two(ufunc, x, y, **options):
    """x ∘ y of equal shapes, broadcast both ways, with numbers, and of nothing."""
    return cases(
        ufunc, (x, y), (y, x), (x[:, :1], y), (x, 1.5), (2.0, y), (NUMBER, y), (x[0], WHOLES), (EMPTY, y), **options
    )


PAIRS = (
    *two(np.add, ANY, ROW),
    *two(np.subtract, ANY, ROW),
    *two(np.multiply, ANY, ROW),
    *two(np.divide, ANY, ROW),
    *two(np.power, POSITIVE, OTHER),
    *two(np.float_power, POSITIVE, OTHER, single=False),
    *two(np.arctan2, ANY, ROW, complex_step=False),
    *two(np.hypot, ANY, ROW, complex_step=False),
    *two(np.logaddexp, ANY, ROW, complex_step=False),
    *two(np.logaddexp2, ANY, ROW, complex_step=False),
    *two(np.maximum, ANY, ROW, complex_step=False),
    *two(np.minimum, ANY, ROW, complex_step=False),
    *two(np.fmax, ANY, ROW, complex_step=False),
    *two(np.fmin, ANY, ROW, complex_step=False),
    *two(np.copysign, ANY, ROW, complex_step=False),
    *two(np.fmod, ANY, ROW, complex_step=False),
    *two(np.remainder, ANY, ROW, complex_step=False),
    *two(np.heaviside, ANY, ROW, complex_step=False),
    *cases(np.power, (ANY, 2), (ANY, 3.0), (ANY, -1.0), (POSITIVE, 0.5), (2.0, ANY), (ANY, WHOLES % 3)),
    *cases(np.float_power, (ANY, 2), complex_step=False, single=False),
    *cases(np.ldexp, (ANY, WHOLES), complex_step=False, single=False),
    *cases(np.ldexp, (ANY, np.array([-1080, 0, 1020])), orders=0, single=False),
    *cases(np.fmax, (ODD, 1.0), (1.0, ODD), orders=0),
    *cases(np.fmin, (ODD, 1.0), (1.0, ODD), orders=0),
    *cases(np.heaviside, (ODD, 0.5), orders=0),
    *cases(np.add, (ANY.astype(np.float32), ROW), orders=0),
    *cases(np.add, (ANY, ROW, {"dtype": np.float32}), orders=0, value=1e-6),
)

DIVISORS = np.array([0.1, -0.3, 0.7, -1.0, np.inf, 3.0, 0.0])
DIVIDENDS = np.array([[1.0], [-1.0], [0.9], [6.000000000000001], [0.3], [-0.0], [1e17], [np.inf], [np.nan]])

COMPARED = (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
STEPS = (
    *cases(np.floor_divide, (ANY, ROW), (DIVIDENDS, DIVISORS), (7.0, ROW), orders=0),
    *cases(np.remainder, (DIVIDENDS, DIVISORS), orders=0),
    *cases(np.fmod, (DIVIDENDS, DIVISORS), orders=0),
    *cases(np.divmod, (ANY, ROW), (ANY, 0.35), complex_step=False),
    *cases(np.divmod, (DIVIDENDS, DIVISORS), orders=0),
    *cases(np.modf, (ANY,), complex_step=False),
    *cases(np.modf, (ODD,), orders=0),
    Sample(np.frexp, (ANY,), call=lambda x: np.frexp(x)[0], complex_step=False, single=False),
    *cases(np.floor, (ANY,), (ODD,), orders=0),
    *cases(np.ceil, (ANY,), (ODD,), orders=0),
    *cases(np.trunc, (ANY,), (ODD,), orders=0),
    *cases(np.rint, (ANY * 0.5,), (ODD,), orders=0),
    *cases(np.fix, (ANY,), (ODD,), orders=0),
    *cases(np.sign, (ANY,), (ODD,), orders=0),
    *cases(np.signbit, (ANY,), (ODD,), orders=0),
    *cases(np.spacing, (ANY,), orders=0),
    *cases(np.nextafter, (ANY, ROW), complex_step=False),
    *cases(np.isnan, (ODD,), orders=0),
    *cases(np.isinf, (ODD,), orders=0),
    *cases(np.isfinite, (ODD,), orders=0),
    *cases(np.isposinf, (ODD,), orders=0),
    *cases(np.isneginf, (ODD,), orders=0),
    *(s for u in COMPARED for s in cases(u, (ANY, ROW), (ANY, 0.6), orders=0)),
    *(s for u in COMPARED for s in cast(u, int, (WHOLE, 4), (WHOLE, WHOLES))),
)
LOGICAL = (
    *(s for u in (np.logical_and, np.logical_or, np.logical_xor) for s in cast(u, bool, (TRUTHS, TRUTH))),
    *cast(np.logical_not, bool, (TRUTHS,)),
    *(s for u in (np.bitwise_and, np.bitwise_or, np.bitwise_xor) for s in cast(u, bool, (TRUTHS, TRUTH))),
    *(
        s
        for u in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm, np.power)
        for s in cast(u, int, (WHOLE, WHOLES), (WHOLE, 3))
    ),
    *cast(np.invert, bool, (TRUTHS,)),
    *cast(np.invert, int, (WHOLE,)),
    *cast(np.left_shift, int, (WHOLE, 3)),
    *cast(np.right_shift, int, (WHOLE, 1)),
    *(s for u in (np.add, np.multiply, np.maximum) for s in cast(u, int, (WHOLE, WHOLES), (WHOLE, 2.5))),
    *(s for u in (np.add, np.multiply, np.minimum) for s in cast(u, bool, (TRUTHS, TRUTH))),
    *(
        s
        for u in (np.floor_divide, np.remainder, np.fmod, np.divmod)
        for s in cast(u, int, (WHOLE, WHOLES), (WHOLE, -4))
    ),
    *(
        s
        for u in (np.floor, np.trunc, np.sign, np.absolute, np.isnan, np.isinf, np.exp)
        for s in cast(u, int, (WHOLE,))
    ),
    *cast(np.modf, int, (WHOLE,)),
    *cast(np.sinc, int, (WHOLE,)),
    *cast(np.nan_to_num, int, (WHOLE,)),
)

OTHERS = (
    *cases(np.sinc, (ANY,), (np.array([0.0, 1e-9, -1e-3, 0.3, 1.0]),), (EMPTY,), complex_step=False),
    *cases(np.nan_to_num, (ANY,), complex_step=False),
    *cases(np.nan_to_num, (ODD,), (ODD, {"nan": 1.0, "posinf": 2.0, "neginf": -2.0}), orders=0),
)

# ---------------------------------------------------------------- methods

CUBE = RNG.permutation(np.linspace(0.4, 1.6, 12)).reshape(2, 3, 2)
BITS = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm)
STEP_LIKE = (np.logical_or, np.logical_and, np.logical_xor, *BITS)
CONTINUED = (np.add, np.multiply, np.subtract, np.divide)


def method(ufunc, name, *arguments):
    if ufunc in STEP_LIKE:
        return cast((ufunc, name), int if ufunc in BITS else bool, *arguments)
    return cases((ufunc, name), *arguments, complex_step=ufunc in CONTINUED)


def given(ufunc):
    if ufunc in BITS:
        return np.array([[12, 18, 30], [8, 20, 28]])
    return TRUTHS if ufunc in STEP_LIKE else CUBE


def methods():
    for ufunc, name in (e for e in FUNCTIONS if isinstance(e, tuple)):
        x = given(ufunc)
        if name == "reduce":
            yield from method(ufunc, name, (x,), (x, 1), (x, {"axis": -1, "keepdims": True}))
        elif name == "accumulate":
            yield from method(ufunc, name, (x,), (x, 1), (x[:, :0], -1))
        elif name == "reduceat":
            yield from method(ufunc, name, (x, [0, 1]), (x, [1, 0, 2], 1))


FLAT = (np.floor_divide, *COMPARED)


def outers():
    for ufunc in (e[0] for e in FUNCTIONS if isinstance(e, tuple) and e[1] == "outer"):
        entry = (ufunc, "outer")
        if ufunc in (*BITS, np.left_shift, np.right_shift):
            yield from cast(entry, int, (abs(WHOLE), WHOLES))
        elif ufunc in (np.logical_or, np.logical_and, np.logical_xor):
            yield from cast(entry, bool, (TRUTHS, TRUTH))
        elif ufunc is np.ldexp:
            yield from cases(entry, (ANY, WHOLES), complex_step=False, single=False)
        elif getattr(np, ufunc.__name__, None) is ufunc:
            single = ufunc is not np.float_power
            yield from cases(
                entry, (POSITIVE, OTHER), orders=0 if ufunc in FLAT else 2, complex_step=False, single=single
            )


ALL_AXES = (
    *cases((np.add, "reduce"), (CUBE, None), (CUBE, (0, 2)), (CUBE, {"initial": 2.0})),
    *cases((np.logaddexp, "reduce"), (CUBE, None), (CUBE, (0, 2)), complex_step=False),
    *cast((np.add, "reduce"), int, (WHOLE, 1)),
    *cast((np.add, "reduce"), bool, (TRUTHS, 1)),
)

SAMPLES = (*SMOOTH, *PAIRS, *STEPS, *LOGICAL, *OTHERS, *methods(), *outers(), *ALL_AXES)
