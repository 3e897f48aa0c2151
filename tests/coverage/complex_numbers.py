"""Complex numbers: what NumPy's functions do on the plane, and functions of parts, angles and conjugates."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import Sample, cases
from wengert.functions.tracing.array_writes import of_parts
from wengert.scipy import linalg, signal

RNG = np.random.default_rng(20)


def plane(*shape: int) -> np.ndarray:
    """Numbers around 0, away from the cuts of the functions."""
    return RNG.normal(size=shape) + 1j * (RNG.normal(size=shape) + 0.1)


Z, W, X = plane(3, 2), plane(3, 2), RNG.normal(size=(3, 2))
ROW, NONE, ONE = plane(2), np.zeros((0, 2), complex), plane()[()]
MATRIX, OTHER = plane(2, 3), plane(3, 4)
GAPS = Z.copy()
GAPS[1, 0] = complex(np.nan, 1)
WHOLE = np.array([1 + 2j, -3j, 0, 1 + 2j])

ANALYTIC = tuple(
    sample
    for ufunc in (
        *(np.negative, np.positive, np.square, np.reciprocal, np.sqrt, np.exp, np.exp2, np.expm1),
        *(np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan),
        *(np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh),
    )
    for sample in cases(ufunc, Z, ONE, NONE, first=1e-8)
)
BINARY = tuple(
    sample
    for ufunc in (np.add, np.subtract, np.multiply, np.divide, np.power)
    for sample in (
        *cases(ufunc, (Z, W), (Z, ROW), (Z, X), (X, Z), (Z, 2 - 1j), (2.5, Z), first=1e-8),
        *cases(ufunc, (1j, X), first=1e-8, complex_step=False),
    )
)
POWERS = (
    *cases(np.power, (Z, 2), (Z, -1), (Z, 0.5), (Z, 3.0), (Z, 1 + 0j), first=1e-8),
    *cases(np.power, (X, 2j), first=1e-8, complex_step=False),
    *cases(np.float_power, (Z, W), (Z, 2), first=1e-8, single=False),
)
PARTS = (
    *cases(np.conjugate, Z, ONE, NONE),
    *cases(np.conjugate, X, complex_step=False),
    *cases("method conjugate", Z),
    *cases("method conj", Z),
    *cases("method conj", X, complex_step=False),
    *cases(np.real, Z, X, ONE, NONE),
    *cases(np.imag, Z, X, ONE, NONE),
    *cases(
        of_parts, (X, 2 * X), call=lambda x, y: x.call(of_parts, (x, y), {}), reference=of_parts, complex_step=False
    ),
    *cases(np.absolute, Z, ONE, NONE, first=1e-8),
    *cases(np.sign, Z, ONE, first=1e-8),
    *cases(np.angle, Z, ONE, (Z, True), {"z": Z, "deg": False}, first=1e-8),
    *cases(np.angle, X, orders=0),
)
QUESTIONS = (
    *cases(np.iscomplexobj, Z, X, orders=0),
    *cases(np.isrealobj, Z, X, orders=0),
    *cases(np.iscomplex, Z, X, WHOLE, orders=0),
    *cases(np.isreal, Z, X, WHOLE, orders=0),
    *(
        sample
        for ufunc in (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
        for sample in cases(ufunc, (Z, W), (WHOLE, WHOLE[::-1]), (WHOLE, WHOLE.real), orders=0)
    ),
    *(
        sample
        for ufunc in (np.logical_and, np.logical_or, np.logical_xor)
        for sample in cases(ufunc, (WHOLE, WHOLE[::-1]), (WHOLE, 1j), orders=0)
    ),
    *(
        sample
        for ufunc in (np.logical_not, np.isnan, np.isinf, np.isfinite)
        for sample in cases(ufunc, WHOLE, np.array([np.nan + 1j, 1j * np.inf, -np.inf, complex(1, np.nan)]), orders=0)
    ),
    *cases(np.rint, 3 * Z, orders=0),
)
SUMS = (
    *cases(np.sum, Z, (Z, 0), (Z, {"axis": 1, "keepdims": True}), NONE),
    *cases(np.mean, Z, (Z, 0)),
    *cases(np.prod, Z, (Z, 1), np.array([0j, 2 + 1j, 3j]), first=1e-8),
    *cases(np.var, Z, (Z, 0), (Z, {"ddof": 1}), first=1e-8),
    *cases(np.std, Z, (Z, 0), first=1e-8),
    *cases(np.cumsum, Z, (Z, 1)),
    *cases(np.cumprod, Z, np.array([0j, 2 + 1j, 3j]), first=1e-8),
    *cases(np.nansum, GAPS),
    *cases(np.nanmean, GAPS, (GAPS, 0)),
    *cases(np.nanvar, GAPS, first=1e-8),
    *cases(np.cov, Z, (Z, {"aweights": [1, 2]}), first=1e-8),
    *cases(np.around, (3 * Z, 1), orders=0),
)
PRODUCTS = (
    *cases(np.matmul, (MATRIX, OTHER), (MATRIX, OTHER.real)),
    *cases(np.dot, (MATRIX, OTHER), (ROW, ROW), (ROW, 1j)),
    *cases(np.vdot, (ROW, plane(2)), (Z, W), (X, Z)),
    *cases(np.inner, (ROW, plane(2))),
    *cases(np.outer, (ROW, plane(3))),
    *cases(np.tensordot, (MATRIX, OTHER, 1)),
    *cases(np.einsum, ("ij,jk->ik", MATRIX, OTHER), ("ij,ij", Z, W), ("ii->i", plane(2, 2))),
    *cases(np.linalg.norm, Z, (Z, {"axis": 1}), first=1e-8),
)
MOVES = (
    *cases(np.where, (X > 0, Z, W), (X > 0, Z, 0.0)),
    *cases(np.where, (X > 0, 1j, X), complex_step=False),
    *cases(np.concatenate, ((Z, W),), ((Z, X), 1)),
    *cases(np.stack, ((Z, W), 1)),
    *cases("getitem", (Z, np.s_[::2, 1]), (Z, np.array([2, 0, 2]))),
    *cases(np.reshape, (Z, (2, 3))),
    *cases(np.transpose, Z),
    *cases(np.zeros_like, Z, orders=0),
    *cases(np.full_like, (Z, 1j), orders=0, single=False),
)
OTHERS = (
    *cases(linalg.toeplitz, ROW, (ROW, plane(3))),
    *cases(signal.correlate2d, (plane(4, 5), plane(3, 2)), (plane(2, 2), plane(3, 3), "valid")),
    *cases(signal.convolve, (plane(4), plane(3))),
)
COMPOSED = (
    Sample(np.exp, (X,), call=lambda x: np.abs(np.exp(1j * x) + x), first=1e-8),
    Sample(np.exp, (Z,), call=lambda z: np.sum((z * np.conj(z)).real * z.imag), first=1e-8),
    Sample(np.angle, (Z,), call=lambda z: np.angle(z**2) * z.real, first=1e-8),
    Sample("method astype", (X,), call=lambda x: x.astype(np.complex128) * 1j, single=False, complex_step=False),
)
SAMPLES = (
    *(*ANALYTIC, *BINARY, *POWERS, *PARTS, *QUESTIONS),
    *(*SUMS, *PRODUCTS, *MOVES, *OTHERS, *COMPOSED),
)
