"""The vocabulary of ops' values as NumPy computes it; `core/ir/vocabulary.py` says what each name means.

NumPy has no erf and no logistic, so `numpy` is not the vocabulary itself. Here every
function also takes complex arrays whose imaginary part is a perturbation (the complex step): comparisons, maxima and
signs look at the real part, and functions that NumPy has for real numbers only are continued analytically.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy

from wengert.core.ir.types import COMPLEXES
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.scipy_functions import FUNCTIONS as special
from wengert.errors import GraphError

Array = Any

# NumPy's and SciPy's stubs know more of shapes and dtypes than the values of ops do.
np: Any = numpy

CUTS = {"float32": (np.float32(1.5 * 2.0**15), 11.0), "float64": (np.float64(1.5 * 2.0**32), 40.0)}
"""What rounds a number to half of its digits when it is added and taken off, and where e^(−x²) is 0."""


class SharedFormulas:
    """Functions that no array library has, whose formula is the same in each; `arrays` is the library."""

    arrays: ModuleType
    abs: Callable[[Array], Array]
    logaddexp: Callable[[Array, Array], Array]

    def logistic(self, x: Array) -> Array:
        """σ(x) = 1/(1 + e^(−x)), exact to rounding at both ends."""
        small = self.arrays.exp(-self.abs(x))
        return self.arrays.where(self.arrays.real(x) < 0, small, self.arrays.ones_like(small)) / (1 + small)

    def logistic_slope(self, x: Array) -> Array:
        """σ(x) σ(−x) = t/(1 + t)² with t = e^(−|x|)."""
        small = self.arrays.exp(-self.abs(x))
        return small / ((1 + small) * (1 + small))

    def sech2(self, x: Array) -> Array:
        """1/cosh² x = 4 σ'(2x)."""
        return 4 * self.logistic_slope(2 * x)

    def softplus(self, x: Array) -> Array:
        """log(1 + eˣ) without overflow."""
        return self.logaddexp(x, self.arrays.zeros((), dtype=x.dtype))


class NumpyVocabulary(SharedFormulas):
    """NumPy's functions, and those that NumPy has not, by SciPy or by a stable formula."""

    arrays, linalg, fft, inf = np, np.linalg, np.fft, math.inf

    # NumPy's own, whose meaning is NumPy's by definition.
    add = staticmethod(np.add)
    subtract = staticmethod(np.subtract)
    multiply = staticmethod(np.multiply)
    divide = staticmethod(np.divide)
    negative = staticmethod(np.negative)
    reciprocal = staticmethod(np.reciprocal)
    power = staticmethod(np.power)
    remainder = staticmethod(np.remainder)
    fmod = staticmethod(np.fmod)
    floor_divide = staticmethod(np.floor_divide)
    sqrt = staticmethod(np.sqrt)
    exp = staticmethod(np.exp)
    exp2 = staticmethod(np.exp2)
    expm1 = staticmethod(np.expm1)
    log = staticmethod(np.log)
    log2 = staticmethod(np.log2)
    log10 = staticmethod(np.log10)
    sin = staticmethod(np.sin)
    cos = staticmethod(np.cos)
    tan = staticmethod(np.tan)
    arcsin = staticmethod(np.arcsin)
    arccos = staticmethod(np.arccos)
    arctan = staticmethod(np.arctan)
    sinh = staticmethod(np.sinh)
    cosh = staticmethod(np.cosh)
    tanh = staticmethod(np.tanh)
    arcsinh = staticmethod(np.arcsinh)
    arccosh = staticmethod(np.arccosh)
    arctanh = staticmethod(np.arctanh)
    logical_and = staticmethod(np.logical_and)
    logical_or = staticmethod(np.logical_or)
    logical_not = staticmethod(np.logical_not)
    where = staticmethod(np.where)
    real = staticmethod(np.real)
    imag = staticmethod(np.imag)
    conj = staticmethod(np.conj)
    iscomplexobj = staticmethod(np.iscomplexobj)
    asarray = staticmethod(np.asarray)
    array = staticmethod(np.array)
    result_type = staticmethod(np.result_type)
    zeros = staticmethod(np.zeros)
    zeros_like = staticmethod(np.zeros_like)
    ones_like = staticmethod(np.ones_like)
    arange = staticmethod(np.arange)
    reshape = staticmethod(np.reshape)
    transpose = staticmethod(np.transpose)
    moveaxis = staticmethod(np.moveaxis)
    broadcast_to = staticmethod(np.broadcast_to)
    flip = staticmethod(np.flip)
    concatenate = staticmethod(np.concatenate)
    stack = staticmethod(np.stack)
    pad = staticmethod(np.pad)
    sum = staticmethod(np.sum)
    prod = staticmethod(np.prod)
    cumsum = staticmethod(np.cumsum)
    cumprod = staticmethod(np.cumprod)
    argmax = staticmethod(np.argmax)
    argmin = staticmethod(np.argmin)
    argsort = staticmethod(np.argsort)
    argpartition = staticmethod(np.argpartition)
    lexsort = staticmethod(np.lexsort)
    searchsorted = staticmethod(np.searchsorted)
    matmul = staticmethod(np.matmul)
    einsum = staticmethod(np.einsum)

    def wrap(self, x: Array, dtype: str) -> Array:
        """The numbers of a narrower dtype with the same last bits."""
        return np.asarray(x).astype(dtype).astype(np.int64)[()]

    def cast(self, x: Array, dtype: str) -> Array:
        """The same numbers in another dtype; a complex perturbation survives a cast between real dtypes."""
        if np.iscomplexobj(x) and dtype not in COMPLEXES:
            wide = {"float64": "complex128", "float32": "complex64"}
            return x.astype(wide[dtype]) if dtype in wide else x.real.astype(dtype)
        return x.astype(dtype)

    def stop_gradient(self, x: Array) -> Array:
        """x itself; of a complex array the real part, since its perturbation ends here."""
        return np.real(x)

    def complex(self, x: Array, y: Array) -> Array:
        """x + iy, both parts as they are: 1j * ∞ has the real part NaN."""
        result = np.empty(np.shape(x), np.result_type(x, np.complex64))
        result.real, result.imag = x, y
        return result

    def integer_power(self, x: Array, exponent: int) -> Array:
        """xⁿ by the power function; small exponents are products."""
        if exponent == 2:
            return x * x
        return np.power(x, exponent)

    def erf(self, x: Array) -> Array:
        """erf x = 2/√π ∫₀ˣ e^(−s²) ds."""
        return special.erf(x)

    def erfc(self, x: Array) -> Array:
        """1 − erf x, exact in the right tail."""
        return special.erfc(x)

    def erfinv(self, x: Array) -> Array:
        """The inverse of erf; for real numbers only."""
        return special.erfinv(x)

    def lgamma(self, x: Array) -> Array:
        """log |Γ(x)|."""
        return special.loggamma(x) if np.iscomplexobj(x) else special.gammaln(x)

    def digamma(self, x: Array) -> Array:
        """ψ(x) = d/dx log Γ(x)."""
        return special.digamma(x)

    def polygamma(self, x: Array, order: int) -> Array:
        """ψ⁽ⁿ⁾(x), n ≥ 1; for real numbers only."""
        return special.polygamma(order, x).astype(x.dtype)

    def gauss(self, x: Array) -> Array:
        """e^(−x²): |x| = h + l, where h has half of the digits, so that h² is exact; l (|x| + h) is the rest of the square."""
        cut, far = CUTS[str(np.real(x).dtype)]
        a = self.minimum(self.abs(x), np.asarray(far, np.real(x).dtype))
        high = (np.real(a) + cut) - cut
        return np.exp(-(high * high)) * np.exp(-((a - high) * (a + high)))

    def logaddexp(self, x: Array, y: Array) -> Array:
        """log(eˣ + eʸ) without overflow."""
        if np.iscomplexobj(x) or np.iscomplexobj(y):
            first = np.real(x) >= np.real(y)
            high, low = np.where(first, x, y), np.where(first, y, x)  # at a tie both count
            return high + np.log1p(np.exp(low - high))
        return np.logaddexp(x, y)

    def xlogy(self, x: Array, y: Array) -> Array:
        """x log y, and 0 where x = 0 (also at y = 0)."""
        return special.xlogy(x, y)

    def log1p(self, x: Array) -> Array:
        """log(1 + x), exact near 0: there log |1 + x| is ½ log1p(2 Re x + |x|²)."""
        if not np.iscomplexobj(x):
            return np.log1p(x)
        re, im = np.real(x), np.imag(x)
        near = 0.5 * np.log1p(re * (2 + re) + im * im)
        far = np.log(np.hypot(1 + re, im))
        return self.complex(np.where(np.abs(x) < 0.5, near, far), np.arctan2(im, 1 + re))

    def hypot(self, x: Array, y: Array) -> Array:
        """√(x² + y²) without overflow."""
        if np.iscomplexobj(x) or np.iscomplexobj(y):
            return np.sqrt(x * x + y * y)
        return np.hypot(x, y)

    def cbrt(self, x: Array) -> Array:
        """The real cube root."""
        if np.iscomplexobj(x):
            flip = np.where(x.real < 0, -1.0, 1.0)
            return flip * np.power(flip * x, 1 / 3)
        return np.cbrt(x)

    def arctan2(self, y: Array, x: Array) -> Array:
        """The angle of (x, y); complex: the real angle plus the angle of the perturbation, arctan of (y x₀ − x y₀)/(x x₀ + y y₀)."""
        if np.iscomplexobj(x) or np.iscomplexobj(y):
            x0, y0 = np.real(x), np.real(y)
            return np.arctan2(y0, x0) + np.arctan((y * x0 - x * y0) / (x * x0 + y * y0))
        return np.arctan2(y, x)

    def abs(self, x: Array) -> Array:
        """|x|; complex: ±x by the sign of the real part."""
        return np.where(x.real < 0, -x, x) if np.iscomplexobj(x) else np.abs(x)

    def sign(self, x: Array) -> Array:
        """The sign, of the real part."""
        return np.sign(np.real(x))

    def floor(self, x: Array) -> Array:
        """The largest whole number not above the real part."""
        return np.floor(np.real(x))

    def round(self, x: Array) -> Array:
        """The nearest whole number to the real part, halves to even."""
        return np.round(np.real(x))

    def maximum(self, x: Array, y: Array) -> Array:
        """The larger, by the real part."""
        if np.iscomplexobj(x) or np.iscomplexobj(y):
            return np.where(np.real(x) >= np.real(y), x, y)
        return np.maximum(x, y)

    def minimum(self, x: Array, y: Array) -> Array:
        """The smaller, by the real part."""
        if np.iscomplexobj(x) or np.iscomplexobj(y):
            return np.where(np.real(x) <= np.real(y), x, y)
        return np.minimum(x, y)

    def less(self, x: Array, y: Array) -> Array:
        """x < y, by the real part."""
        return np.less(np.real(x), np.real(y))

    def less_equal(self, x: Array, y: Array) -> Array:
        """x ≤ y, by the real part."""
        return np.less_equal(np.real(x), np.real(y))

    def greater(self, x: Array, y: Array) -> Array:
        """x > y, by the real part."""
        return np.greater(np.real(x), np.real(y))

    def greater_equal(self, x: Array, y: Array) -> Array:
        """x ≥ y, by the real part."""
        return np.greater_equal(np.real(x), np.real(y))

    def equal(self, x: Array, y: Array) -> Array:
        """x = y, by the real part."""
        return np.equal(np.real(x), np.real(y))

    def not_equal(self, x: Array, y: Array) -> Array:
        """x ≠ y, by the real part."""
        return np.not_equal(np.real(x), np.real(y))

    def max(self, x: Array, axis: tuple[int, ...]) -> Array:
        """The largest entry along the axes, by the real part."""
        return self._extreme(x, axis, 1) if np.iscomplexobj(x) else np.max(x, axis=axis)

    def min(self, x: Array, axis: tuple[int, ...]) -> Array:
        """The smallest entry along the axes, by the real part."""
        return self._extreme(x, axis, -1) if np.iscomplexobj(x) else np.min(x, axis=axis)

    def _extreme(self, x: Array, axis: tuple[int, ...], sign: int) -> Array:
        kept = tuple(k for k in range(x.ndim) if k not in axis)
        count = math.prod(x.shape[k] for k in axis)
        flat = np.transpose(x, kept + tuple(axis)).reshape(*(x.shape[k] for k in kept), count)
        place = np.argmax(sign * flat.real, axis=-1, keepdims=True)
        return np.take_along_axis(flat, place, axis=-1)[..., 0]

    def gather(self, x: Array, indices: Array) -> Array:
        """y[b, m, k, t] = x[b, m, indices[b, k], t].

        Raises GraphError where an index is outside the axis.
        """
        _check_indices(indices, x.shape[2])
        b = np.arange(x.shape[0])[:, None, None]
        m = np.arange(x.shape[1])[None, :, None]
        return x[b, m, indices[:, None, :]]

    def scatter_add(self, updates: Array, indices: Array, size: int) -> Array:
        """y[b, m, n, t] = Σ_k updates[b, m, k, t] over the k with indices[b, k] = n.

        Raises GraphError where an index is outside the axis.
        """
        _check_indices(indices, size)
        out = np.zeros((*updates.shape[:2], size, updates.shape[3]), updates.dtype)
        b = np.arange(updates.shape[0])[:, None, None]
        m = np.arange(updates.shape[1])[None, :, None]
        np.add.at(out, (b, m, indices[:, None, :]), updates)
        return out


def _check_indices(indices: Array, size: int) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        wrong = indices[(indices < 0) | (indices >= size)].flat[0]
        raise GraphError(
            f"The index {wrong} is outside an axis of {size} entries.",
            f"  the indices run from {indices.min()} to {indices.max()}",
            f"Indices count from 0 to {size - 1}; negative ones do not wrap.",
        )


NUMPY: Vocabulary = NumpyVocabulary()
