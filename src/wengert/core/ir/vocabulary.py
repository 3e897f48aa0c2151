"""Vocabulary: the functions of arrays that the values of ops are written in, and what each means.

It is NumPy's meaning: where a name is NumPy's, edges (NaN, ±∞, signed zeros, empty axes, ties) are as NumPy has them, and a target
that differs says so. Arrays have equal shapes unless it is said otherwise, since ops neither broadcast nor promote; a result has the
dtype of the arrays. `core/ops/vocabulary.py` is the form that runs; native code has one entry in place of an array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

Array = Any
Axes = tuple[int, ...]
Sizes = Sequence[Any]
"""Sizes of axes: by the time that a value runs they are numbers."""


class Linalg(Protocol):
    """Functions of stacks of square matrices, whose last two axes are the matrix."""

    def det(self, x: Array, /) -> Array:
        """The determinant of each; 1 of a matrix without entries."""

    def inv(self, x: Array, /) -> Array:
        """The inverse of each. Raises LinAlgError where one is singular."""

    def solve(self, a: Array, b: Array, /) -> Array:
        """x with a x = b for the columns of b. Raises LinAlgError where a matrix is singular."""


class Fourier(Protocol):
    """Discrete Fourier transforms, with e^(−2πi jk/n) forward; norm="forward" on the way back leaves out the factor 1/n."""

    def fftn(self, x: Array, axes: Axes) -> Array:
        """Σ_j x_j e^(−2πi jk/n) along the axes."""

    def ifftn(self, x: Array, axes: Axes, norm: Literal["forward"]) -> Array:
        """Σ_k x_k e^(2πi jk/n) along the axes, without 1/n."""

    def rfft(self, x: Array, axis: int) -> Array:
        """The first n/2 + 1 entries of the transform of real numbers."""

    def irfft(self, y: Array, n: int, axis: int, norm: Literal["forward"]) -> Array:
        """The n real numbers whose transform begins so, times n."""


class Vocabulary(Protocol):
    """The functions that `Op.value` gets as `xp`."""

    linalg: Linalg
    fft: Fourier
    inf: float
    """∞."""

    # numbers

    def add(self, x: Array, y: Array, /) -> Array:
        """x + y; int64 goes round beyond 2⁶³."""

    def subtract(self, x: Array, y: Array, /) -> Array:
        """x − y."""

    def multiply(self, x: Array, y: Array, /) -> Array:
        """x y."""

    def divide(self, x: Array, y: Array, /) -> Array:
        """x / y: ±∞ where y is 0, NaN for 0/0, without a warning."""

    def negative(self, x: Array, /) -> Array:
        """−x, also of zeros."""

    def reciprocal(self, x: Array, /) -> Array:
        """1/x: ±∞ by the sign of a zero."""

    def power(self, x: Array, y: Array, /) -> Array:
        """xʸ: 1 where y = 0 or x = 1, whatever the other is; NaN of a negative base and a fraction."""

    def integer_power(self, x: Array, exponent: int) -> Array:
        """xⁿ for a whole n: 1 where n = 0, also at 0 and NaN. Raises ValueError for whole numbers and n < 0."""

    def remainder(self, x: Array, y: Array, /) -> Array:
        """x − y ⌊x/y⌋, with the sign of y; NaN where y = 0."""

    def fmod(self, x: Array, y: Array, /) -> Array:
        """x − y trunc(x/y), with the sign of x, exact."""

    def floor_divide(self, x: Array, y: Array, /) -> Array:
        """⌊x/y⌋, as a number of the same dtype."""

    def abs(self, x: Array, /) -> Array:
        """|x|."""

    def sign(self, x: Array, /) -> Array:
        """−1, 0 or 1; NaN of NaN."""

    def floor(self, x: Array, /) -> Array:
        """The largest whole number not above x."""

    def round(self, x: Array, /) -> Array:
        """The nearest whole number, halves to even."""

    def sqrt(self, x: Array, /) -> Array:
        """√x, NaN below 0; −0 of −0."""

    def cbrt(self, x: Array, /) -> Array:
        """The real cube root, also of negative numbers."""

    def hypot(self, x: Array, y: Array, /) -> Array:
        """√(x² + y²), without overflow between; ∞ where one is infinite, also beside NaN."""

    def maximum(self, x: Array, y: Array, /) -> Array:
        """The larger; NaN where one is NaN."""

    def minimum(self, x: Array, y: Array, /) -> Array:
        """The smaller; NaN where one is NaN."""

    # truths

    def less(self, x: Array, y: Array, /) -> Array:
        """Whether x < y; false beside NaN."""

    def less_equal(self, x: Array, y: Array, /) -> Array:
        """Whether x ≤ y; false beside NaN."""

    def greater(self, x: Array, y: Array, /) -> Array:
        """Whether x > y; false beside NaN."""

    def greater_equal(self, x: Array, y: Array, /) -> Array:
        """Whether x ≥ y; false beside NaN."""

    def equal(self, x: Array, y: Array, /) -> Array:
        """Whether x = y; false beside NaN."""

    def not_equal(self, x: Array, y: Array, /) -> Array:
        """Whether x ≠ y; true beside NaN."""

    def logical_and(self, x: Array, y: Array, /) -> Array:
        """Whether both hold."""

    def logical_or(self, x: Array, y: Array, /) -> Array:
        """Whether one holds."""

    def logical_not(self, x: Array, /) -> Array:
        """Whether it does not hold."""

    def where(self, condition: Array, x: Array, y: Array, /) -> Array:
        """x where the condition holds, else y; what is not taken does not count. A number broadcasts."""

    # elementary functions

    def exp(self, x: Array, /) -> Array:
        """eˣ: 0 at −∞, ∞ beyond the range."""

    def exp2(self, x: Array, /) -> Array:
        """2ˣ."""

    def expm1(self, x: Array, /) -> Array:
        """eˣ − 1, exact near 0."""

    def log(self, x: Array, /) -> Array:
        """log x: −∞ at 0, NaN below."""

    def log2(self, x: Array, /) -> Array:
        """log₂ x, exact at powers of 2."""

    def log10(self, x: Array, /) -> Array:
        """log₁₀ x."""

    def log1p(self, x: Array, /) -> Array:
        """log(1 + x), exact near 0."""

    def logaddexp(self, x: Array, y: Array, /) -> Array:
        """log(eˣ + eʸ) without overflow: −∞ of twice −∞."""

    def softplus(self, x: Array, /) -> Array:
        """log(1 + eˣ) without overflow."""

    def logistic(self, x: Array, /) -> Array:
        """σ(x) = 1/(1 + e^(−x)), exact to rounding at both ends."""

    def logistic_slope(self, x: Array, /) -> Array:
        """σ(x) σ(−x), positive as long as it is a number of the dtype."""

    def sech2(self, x: Array, /) -> Array:
        """1/cosh² x, positive as long as it is a number of the dtype."""

    def gauss(self, x: Array, /) -> Array:
        """e^(−x²), with the digits of x² kept."""

    def xlogy(self, x: Array, y: Array, /) -> Array:
        """x log y, and 0 where x = 0, also at y = 0; NaN beside NaN."""

    def sin(self, x: Array, /) -> Array:
        """sin x; NaN at ±∞."""

    def cos(self, x: Array, /) -> Array:
        """cos x; NaN at ±∞."""

    def tan(self, x: Array, /) -> Array:
        """tan x."""

    def arcsin(self, x: Array, /) -> Array:
        """arcsin x, NaN outside of [−1, 1]."""

    def arccos(self, x: Array, /) -> Array:
        """arccos x, NaN outside of [−1, 1]."""

    def arctan(self, x: Array, /) -> Array:
        """arctan x."""

    def sinh(self, x: Array, /) -> Array:
        """sinh x."""

    def cosh(self, x: Array, /) -> Array:
        """cosh x."""

    def tanh(self, x: Array, /) -> Array:
        """tanh x."""

    def arcsinh(self, x: Array, /) -> Array:
        """arsinh x."""

    def arccosh(self, x: Array, /) -> Array:
        """arcosh x, NaN below 1."""

    def arctanh(self, x: Array, /) -> Array:
        """artanh x: ±∞ at ±1, NaN outside."""

    def arctan2(self, y: Array, x: Array, /) -> Array:
        """The angle of (x, y) in (−π, π]: by the signs of zeros, as atan2 of C."""

    def erf(self, x: Array, /) -> Array:
        """erf x = 2/√π ∫₀ˣ e^(−s²) ds."""

    def erfc(self, x: Array, /) -> Array:
        """1 − erf x, exact in the right tail."""

    def erfinv(self, x: Array, /) -> Array:
        """The inverse of erf: ±∞ at ±1."""

    def lgamma(self, x: Array, /) -> Array:
        """log |Γ(x)|: ∞ at the whole numbers below 1."""

    def digamma(self, x: Array, /) -> Array:
        """ψ(x) = d/dx log Γ(x)."""

    def polygamma(self, x: Array, order: int) -> Array:
        """ψ⁽ⁿ⁾(x), n ≥ 1."""

    # complex numbers

    def real(self, x: Array, /) -> Array:
        """The real part; x itself where it is real."""

    def imag(self, x: Array, /) -> Array:
        """The imaginary part."""

    def conj(self, x: Array, /) -> Array:
        """The conjugate."""

    def complex(self, x: Array, y: Array, /) -> Array:
        """x + iy, both parts as they are: no ∞ times 0."""

    def iscomplexobj(self, x: Array, /) -> bool:
        """Whether the dtype is complex."""
        ...

    # dtypes and constants

    def cast(self, x: Array, dtype: str) -> Array:
        """The same numbers in another dtype: to whole numbers towards 0, to bool whether it is not 0."""

    def wrap(self, x: Array, dtype: str) -> Array:
        """int64 with the same last bits in the range of a narrower whole dtype."""

    def stop_gradient(self, x: Array, /) -> Array:
        """x: nothing is derived through it."""

    def asarray(self, x: Any, dtype: Any = None) -> Array:
        """An array of a number or of an array; a copy only where the dtype differs."""

    def array(self, x: Array, dtype: Any) -> Array:
        """A copy, in that dtype."""

    def result_type(self, x: Array, y: Array, /) -> Any:
        """The dtype to which both promote."""

    def zeros(self, shape: Sizes, dtype: Any) -> Array:
        """Zeros."""

    def zeros_like(self, x: Array, /) -> Array:
        """Zeros of the same shape and dtype."""

    def ones_like(self, x: Array, /) -> Array:
        """Ones of the same shape and dtype."""

    def arange(self, size: int, dtype: str) -> Array:
        """0, 1, …, size − 1."""

    # shapes

    def reshape(self, x: Array, shape: Sizes, /) -> Array:
        """The same entries in row-major order; one size may be −1."""

    def transpose(self, x: Array, axes: Sequence[int], /) -> Array:
        """Axis k of the result is axis axes[k]."""

    def moveaxis(self, x: Array, source: int, destination: int, /) -> Array:
        """One axis at another place, the others in order."""

    def broadcast_to(self, x: Array, shape: Sizes, /) -> Array:
        """Repeated along axes of 1 and new axes in front; it may be read only."""

    def flip(self, x: Array, axis: int | Axes, /) -> Array:
        """The entries in reverse along the axes."""

    def concatenate(self, xs: Sequence[Array], axis: int = 0) -> Array:
        """One behind the other along an axis."""

    def stack(self, xs: Sequence[Array], /) -> Array:
        """Side by side along a new first axis."""

    def pad(self, x: Array, widths: Sequence[tuple[int, int]], /) -> Array:
        """Zeros before and behind along each axis."""

    def gather(self, x: Array, indices: Array) -> Array:
        """y[b, m, k, t] = x[b, m, indices[b, k], t]. Raises GraphError where an index is outside the axis; negative ones do not wrap."""

    def scatter_add(self, updates: Array, indices: Array, size: int) -> Array:
        """y[b, m, n, t] = Σ_k updates[b, m, k, t] over the k with indices[b, k] = n, in the order of k. Raises as `gather`."""

    # along axes

    def sum(self, x: Array, axis: Axes) -> Array:
        """The sum over the axes; 0 of nothing."""

    def prod(self, x: Array, axis: Axes) -> Array:
        """The product; 1 of nothing."""

    def max(self, x: Array, axis: Axes) -> Array:
        """The largest entry; NaN where one is NaN. Raises ValueError of nothing."""

    def min(self, x: Array, axis: Axes) -> Array:
        """The smallest entry; NaN where one is NaN. Raises ValueError of nothing."""

    def cumsum(self, x: Array, axis: int) -> Array:
        """Running sums."""

    def cumprod(self, x: Array, axis: int) -> Array:
        """Running products."""

    def argmax(self, x: Array, axis: int) -> Array:
        """The place of the largest entry, the first of equal ones; of the first NaN."""

    def argmin(self, x: Array, axis: int) -> Array:
        """The place of the smallest entry, the first of equal ones; of the first NaN."""

    def argsort(self, x: Array, axis: int, kind: str) -> Array:
        """The places in rising order, NaN last; "stable" keeps the order of equal ones."""

    def argpartition(self, x: Array, places: Sequence[int], axis: int) -> Array:
        """The places so that each of these holds what sorting would put there."""

    def lexsort(self, keys: Array, axis: int) -> Array:
        """The places in rising order by the last key, ties by the one before it."""

    def searchsorted(self, row: Array, x: Array, side: str) -> Array:
        """Where each x would be put into a rising row: before equal entries ("left"), or behind."""

    def matmul(self, a: Array, b: Array, /) -> Array:
        """Products of stacks of matrices, Σ_j a_ij b_jk."""

    def einsum(self, x: Array, labels: Sequence[int], output: Sequence[int], /) -> Array:
        """The entries of one array where axes with equal labels are equal."""
