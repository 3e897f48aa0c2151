"""NumPy's names, for functions that are differentiated: `import wengert.numpy as np` in place of `import numpy as np`.

    a call of a traced function ──▶ NumPy's function ──▶ its protocols bring it to the traced values
    np.zeros, np.array, np.arange … ──▶ creation: an array that takes traced values, where anything is traced

In go NumPy's arguments and traced values; out come NumPy's results, or traced values. Everything is NumPy's own, but the functions that
make arrays, whose arrays take traced values by `x[i] = v`, and `array`, which takes lists of them. Read first `creation`; `linalg`, `fft`
and `random` have the names of NumPy's modules. What a function of NumPy means for traced values stands in `wengert.functions.tracing`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as _numpy

if TYPE_CHECKING:
    from numpy import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]

__all__ = [name for name in _numpy.__all__ if not name.startswith("__")]  # pyright: ignore[reportUnsupportedDunderAll]

_MAKERS = (
    *("zeros", "ones", "empty", "full", "eye", "identity", "tri", "fromfunction", "indices", "frombuffer"),
    *("zeros_like", "ones_like", "empty_like", "full_like", "array", "asarray", "asanyarray", "ascontiguousarray"),
    *("arange", "linspace", "logspace", "geomspace"),
)
"""The functions that stand in `creation`."""


def _maker(name: str) -> Callable[..., Any]:
    """The function of `creation`, once anything can be traced; before that NumPy's, so that this module is cheap to import."""
    original = getattr(_numpy, name)

    @wraps(original)
    def make(*args: Any, **kwargs: Any) -> Any:
        if "wengert.functions.tracing.tracer" not in sys.modules:
            return original(*args, **kwargs)
        return getattr(import_module("wengert.numpy.creation"), name)(*args, **kwargs)

    return make


# Names are found without __getattr__ where NumPy has them loaded: a loop of small calls asks for many.
globals().update({name: value for name, value in vars(_numpy).items() if not name.startswith("_")})
globals().update({name: _maker(name) for name in _MAKERS})


def __getattr__(name: str) -> Any:
    return getattr(_numpy, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_numpy)})
