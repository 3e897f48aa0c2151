"""scipy.fft on traced values: Fourier transforms are NumPy's; cosine and sine transforms are SciPy's own matrices times the values."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from scipy import fft  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.scipy.numerical import has_traced

_scipy: Any = fft
_numpy: Any = np.fft
FOURIER = tuple(f"{inverse}{kind}fft{axes}" for inverse in ("", "i") for kind in ("", "r") for axes in ("", "2", "n"))
OTHERS = ("hfft", "ihfft", "fftshift", "ifftshift")
WAVES = ("dct", "idct", "dst", "idst")


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def _of_numpy(name: str) -> Callable[..., Any]:
    original = getattr(_scipy, name)

    @wraps(original)
    def call(x: Any, *args: Any, **options: Any) -> Any:
        if not has_traced(x):
            return original(x, *args, **options)
        for each in ("overwrite_x", "workers", "plan"):
            options.pop(each, None)
        return getattr(_numpy, name)(asarray(x), *args, **options)

    return call


def _of_waves(name: str) -> Callable[..., Any]:
    original = getattr(_scipy, name)

    @wraps(original)
    def call(
        x: Any,
        type: Any = 2,
        n: Any = None,
        axis: int = -1,
        overwrite_x: bool = False,
        norm: Any = None,
        **options: Any,
    ) -> Any:
        if not has_traced(x):
            return original(x, type, n, axis, overwrite_x, norm, **options)
        moved = np.moveaxis(asarray(x), axis, -1)
        if n is not None and n > moved.shape[-1]:
            refuse(f"'scipy.fft.{name}' fills no zeros in on traced values.", "Write:  np.pad(x, (0, n - len(x)))")
        moved = moved if n is None else moved[..., :n]
        matrix = original(np.eye(moved.shape[-1]), type, axis=0, norm=norm)
        return np.moveaxis(moved @ matrix.T, -1, axis)

    return call


for _name in (*FOURIER, *OTHERS):
    globals()[_name] = _of_numpy(_name)
for _name in WAVES:
    globals()[_name] = _of_waves(_name)
