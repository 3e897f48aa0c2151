"""The functions that are covered at least, by name: those that autograd has derivatives of, and everyday ones that it has not."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def _of(module: str, names: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for name in names.split())


NUMPY = _of(
    "numpy",
    """abs absolute add amax amin angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh array_split atleast_1d atleast_2d
    atleast_3d broadcast_to clip conj conjugate cos cosh cross cumsum deg2rad degrees diag diagonal diff divide dot dsplit einsum
    exp exp2 expand_dims expm1 fabs fliplr flipud fmax fmin full gradient hsplit hypot imag inner kron linspace log log10 log1p
    log2 logaddexp logaddexp2 matmul max maximum mean min minimum mod moveaxis multiply nan_to_num negative outer pad partition
    power prod rad2deg radians ravel real real_if_close reciprocal remainder repeat reshape roll rollaxis rot90 sin sinc sinh
    sort split sqrt square squeeze std subtract sum swapaxes tan tanh tensordot tile trace transpose tril triu true_divide var
    vsplit where array concatenate stack vstack hstack column_stack append select""",
)
"""autograd.numpy."""
FLAT = _of(
    "numpy",
    """floor ceil round rint around fix trunc all any argmax argmin argpartition argsort argwhere nonzero flatnonzero count_nonzero
    searchsorted sign ndim shape floor_divide logical_and logical_or logical_not logical_xor isfinite isinf isnan isneginf
    isposinf allclose isclose array_equal array_equiv greater greater_equal less less_equal equal not_equal iscomplexobj
    iscomplex size isreal zeros_like ones_like empty_like full_like result_type""",
)
"""Those of autograd.numpy whose derivative is 0."""
LINALG = _of("numpy.linalg", "cholesky det eig eigh inv norm pinv slogdet solve svd")
FFT = _of("numpy.fft", "fft fft2 fftn fftshift ifft ifft2 ifftn ifftshift irfft irfft2 irfftn rfft rfft2 rfftn")
SPECIAL = _of(
    "scipy.special",
    """beta betainc betaln digamma erf erfc erfcinv erfinv expit gamma gammainc gammaincc gammaln gammasgn i0 i1 iv ive j0 j1 jn
    logit logsumexp multigammaln polygamma psi rgamma y0 y1 yn""",
)
SCIPY = ("scipy.linalg.solve_triangular", "scipy.signal.convolve")
EVERYDAY = (
    *_of(
        "numpy",
        """flip cumprod median interp take take_along_axis cbrt asarray copy polyval meshgrid convolve vdot vecdot trapezoid
        nansum nanmean average ptp delete insert percentile quantile cov unwrap vander positive heaviside copysign fmod
        float_power diagflat compress apply_along_axis cumulative_sum geomspace logspace""",
    ),
    *_of("numpy.linalg", "qr lstsq eigvalsh matrix_power"),
    "numpy.fft.hfft",
)
"""What autograd raises errors for."""
EVERY = (*NUMPY, *FLAT, *LINALG, *FFT, *SPECIAL, *SCIPY, *EVERYDAY)


def named(name: str) -> Any:
    """The function of this name: some have several."""
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)
