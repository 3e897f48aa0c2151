"""How exact the native functions are, in units of the last place. It knows no code."""

from __future__ import annotations

ULP_BOUNDS: dict[str, tuple[float, float]] = {
    "exp": (1.1, 1.1),
    "exp2": (1.1, 1.2),
    "expm1": (1.6, 2.0),
    "log": (1.0, 0.9),
    "log2": (1.9, 1.8),
    "log10": (2.0, 1.9),
    "log1p": (1.5, 1.4),
    "tanh": (2.4, 2.4),
    "logistic": (2.4, 2.4),
    "logistic_slope": (3.8, 4.0),
    "sech2": (2.5, 2.5),
    "gauss": (1.2, 1.3),
    "softplus": (1.8, 1.8),
    "logaddexp": (1.6, 1.6),
    "xlogy": (1.6, 2.1),
    "sin": (1.7, 1.7),
    "cos": (1.7, 1.7),
    "tan": (2.4, 2.5),
    "arcsin": (1.8, 1.9),
    "arccos": (1.2, 1.3),
    "arctan": (2.0, 1.8),
    "arctan2": (2.0, 2.0),
    "sinh": (1.7, 1.7),
    "cosh": (1.5, 1.6),
    "arcsinh": (0.6, 1.8),
    "arccosh": (0.6, 2.6),
    "arctanh": (0.6, 1.8),
    "power": (1.2, 1.3),
    "cbrt": (0.6, 0.6),
    "hypot": (0.6, 1.2),
    "erf": (1.1, 1.2),
    "erfc": (2.6, 2.6),
    "erfinv": (0.8, 2.0),
}
"""The largest error in float32 and float64, measured at a million arguments in each of several ranges and rounded up.

That of logaddexp counts in units of the largest of its arguments and its result: near the arguments whose exponentials have
the sum 1 its value is 0, and the rounding of x − y shows there. Elsewhere the bound is of the result itself.
"""
