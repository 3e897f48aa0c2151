"""The vocabulary of ops' values as JAX computes it, in a trace; `core/ir/vocabulary.py` says what each name means.

What differs from NumPy: on the CPU XLA takes denormal numbers for 0, and what NumPy raises is a finding here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from wengert.core.ir.types import COMPLEXES
from wengert.core.ops.vocabulary import SharedFormulas
from wengert.targets.xla.findings import Findings
from wengert.targets.xla.library import jax, jnp, lax, special

Array = Any

SAME = """
    add arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort array asarray broadcast_to
    cbrt concatenate conj cos cosh cumprod cumsum divide einsum exp exp2 expm1 flip floor_divide fmod imag
    iscomplexobj lexsort log log10 log1p log2 logical_and logical_not logical_or matmul moveaxis multiply negative
    ones_like pad power prod real reciprocal remainder reshape result_type searchsorted sin sinh sqrt stack subtract
    sum tan tanh transpose where zeros zeros_like
"""
"""Names of the vocabulary that `jax.numpy` has with NumPy's meaning."""

CUTS = {"float32": (1.5 * 2.0**15, 11.0), "float64": (1.5 * 2.0**32, 40.0)}
"""What rounds a number to half of its digits when it is added and taken off, and where e^(−x²) is 0."""


def is_complex(*xs: Array) -> bool:
    """Whether one is complex."""
    return any(jnp.iscomplexobj(x) for x in xs)


def _by_real_part(function: Callable[..., Array]) -> Any:
    return lambda self, x, y: function(jnp.real(x), jnp.real(y))


class XlaVocabulary(SharedFormulas):
    """The functions that `Op.value` gets as `xp` in a trace."""

    arrays, inf = jnp, math.inf

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.linalg = SimpleNamespace(det=_det, inv=self._inv, solve=self._solve)
        self.fft = SimpleNamespace(
            rfft=jnp.fft.rfft, irfft=jnp.fft.irfft, fftn=_each_axis(jnp.fft.fft), ifftn=_each_axis(jnp.fft.ifft)
        )

    # matrices

    def singular(self, diagonal: Array) -> None:
        """A triangle with a 0 on its diagonal cannot be solved with."""
        self.findings.add("a singular matrix", diagonal == 0)

    def _solve(self, a: Array, b: Array) -> Array:
        if not b.size:
            return jnp.zeros_like(b)
        factors, _, _ = lax.linalg.lu(a)  # that of the solver: XLA computes what is written twice once
        self.singular(jnp.diagonal(factors, axis1=-2, axis2=-1))
        return jnp.linalg.solve(a, b)

    def _inv(self, x: Array) -> Array:
        return self._solve(x, jnp.broadcast_to(jnp.eye(x.shape[-1], dtype=x.dtype), x.shape))

    # numbers

    def integer_power(self, x: Array, exponent: int) -> Array:
        """xⁿ; the square is a product, as everywhere."""
        if exponent == 2:
            return x * x
        return jnp.power(x, exponent if jnp.issubdtype(x.dtype, jnp.integer) else jnp.asarray(exponent, x.dtype))

    def abs(self, x: Array) -> Array:
        """|x|; complex: ±x by the sign of the real part."""
        return jnp.where(x.real < 0, -x, x) if is_complex(x) else jnp.abs(x)

    def sign(self, x: Array) -> Array:
        """The sign, of the real part."""
        return jnp.sign(jnp.real(x))

    def floor(self, x: Array) -> Array:
        """⌊x⌋, of the real part."""
        return jnp.floor(jnp.real(x))

    def round(self, x: Array) -> Array:
        """The nearest whole number, of the real part."""
        return jnp.round(jnp.real(x))

    def hypot(self, x: Array, y: Array) -> Array:
        """√(x² + y²)."""
        return jnp.sqrt(x * x + y * y) if is_complex(x, y) else jnp.hypot(x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        """The larger, by the real part."""
        return jnp.where(jnp.real(x) >= jnp.real(y), x, y) if is_complex(x, y) else jnp.maximum(x, y)

    def minimum(self, x: Array, y: Array) -> Array:
        """The smaller, by the real part."""
        return jnp.where(jnp.real(x) <= jnp.real(y), x, y) if is_complex(x, y) else jnp.minimum(x, y)

    less, less_equal = _by_real_part(jnp.less), _by_real_part(jnp.less_equal)
    greater, greater_equal = _by_real_part(jnp.greater), _by_real_part(jnp.greater_equal)
    equal, not_equal = _by_real_part(jnp.equal), _by_real_part(jnp.not_equal)

    def max(self, x: Array, axis: Sequence[int]) -> Array:
        """The largest entry, by the real part."""
        return _extreme(x, axis, 1) if is_complex(x) else jnp.max(x, axis=axis)

    def min(self, x: Array, axis: Sequence[int]) -> Array:
        """The smallest entry, by the real part."""
        return _extreme(x, axis, -1) if is_complex(x) else jnp.min(x, axis=axis)

    # functions

    def gauss(self, x: Array) -> Array:
        """e^(−x²): h has half of the digits of |x|, so that h² is exact; the bits are cut, since XLA may reorder sums."""
        a = jnp.minimum(jnp.abs(jnp.real(x)), CUTS[str(jnp.real(x).dtype)][1])
        if is_complex(x):
            return jnp.exp(-x * x)
        bits, whole = (29, jnp.int64) if a.dtype == jnp.float64 else (13, jnp.int32)
        high = lax.bitcast_convert_type((lax.bitcast_convert_type(a, whole) >> bits) << bits, a.dtype)
        return jnp.exp(-(high * high)) * jnp.exp(-((a - high) * (a + high)))

    def logaddexp(self, x: Array, y: Array) -> Array:
        """log(eˣ + eʸ)."""
        if is_complex(x, y):
            high, low = self.maximum(x, y), self.minimum(x, y)
            return high + jnp.log1p(jnp.exp(low - high))
        return jnp.logaddexp(x, y)

    def xlogy(self, x: Array, y: Array) -> Array:
        """x log y, 0 where x = 0."""
        return jnp.where(x == 0, jnp.where(jnp.isnan(y), y, jnp.zeros_like(x)), x * jnp.log(y))

    def erf(self, x: Array) -> Array:
        """erf x."""
        return special.erf(x)

    def erfc(self, x: Array) -> Array:
        """1 − erf x."""
        return special.erfc(x)

    def erfinv(self, x: Array) -> Array:
        """The inverse of erf."""
        return special.erfinv(x)

    def lgamma(self, x: Array) -> Array:
        """log |Γ(x)|."""
        return special.gammaln(x)

    def digamma(self, x: Array) -> Array:
        """ψ(x)."""
        return special.digamma(x)

    def polygamma(self, x: Array, order: int) -> Array:
        """ψ⁽ⁿ⁾(x)."""
        return special.polygamma(order, x).astype(x.dtype)

    # dtypes

    def complex(self, x: Array, y: Array) -> Array:
        """x + iy, both parts as they are."""
        return lax.complex(x, y)

    def cast(self, x: Array, dtype: str) -> Array:
        """The same numbers in another dtype; of complex ones to real ones the real parts."""
        return (jnp.real(x) if is_complex(x) and dtype not in COMPLEXES else x).astype(dtype)

    def wrap(self, x: Array, dtype: str) -> Array:
        """The numbers of a narrower dtype with the same last bits."""
        return jnp.asarray(x).astype(dtype).astype(jnp.int64)

    def stop_gradient(self, x: Array) -> Array:
        """x; nothing is derived here."""
        return x

    # places

    def argpartition(self, x: Array, places: Sequence[int], axis: int) -> Array:
        """The places in rising order, which is one that partitions."""
        return jnp.argsort(x, axis=axis)

    def _check(self, indices: Array, size: int) -> None:
        self.findings.add("an index outside of its axis", (indices < 0) | (indices >= size))

    def gather(self, x: Array, indices: Array) -> Array:
        """y[b, m, k, t] = x[b, m, indices[b, k], t]."""
        self._check(indices, x.shape[2])
        if not x.shape[2]:
            return jnp.zeros((*x.shape[:2], indices.shape[1], x.shape[3]), x.dtype)
        if x.shape[0] == 1:
            return jnp.take(x, indices[0], axis=2, mode="clip")
        return jax.vmap(lambda x, i: jnp.take(x, i, axis=1, mode="clip"))(x, indices)

    def scatter_add(self, updates: Array, indices: Array, size: int) -> Array:
        """y[b, m, n, t] = Σ_k updates[b, m, k, t] over the k with indices[b, k] = n."""
        self._check(indices, size)
        out = jnp.zeros((*updates.shape[:2], size, updates.shape[3]), updates.dtype)
        return jax.vmap(lambda o, i, u: o.at[:, i].add(u, mode="drop"))(out, indices, updates)


for _name in SAME.split():
    setattr(XlaVocabulary, _name, staticmethod(getattr(jnp, _name)))


def _det(x: Array) -> Array:
    return jnp.linalg.det(x) if x.shape[-1] else jnp.ones(x.shape[:-2], x.dtype)


def _each_axis(transform: Callable[..., Array]) -> Callable[..., Array]:
    """A transform along several axes, one after the other: JAX's own takes three at most."""

    def along(x: Array, axes: Sequence[int], norm: str | None = None) -> Array:
        for axis in axes:
            x = transform(x, axis=axis, norm=norm) if x.size else x.astype(jnp.result_type(x, jnp.complex64))
        return x

    return along


def _extreme(x: Array, axis: Sequence[int], sign: int) -> Array:
    kept = tuple(k for k in range(x.ndim) if k not in axis)
    count = math.prod(x.shape[k] for k in axis)
    flat = jnp.transpose(x, (*kept, *axis)).reshape(*(x.shape[k] for k in kept), count)
    return jnp.take_along_axis(flat, jnp.argmax(sign * flat.real, axis=-1, keepdims=True), axis=-1)[..., 0]
