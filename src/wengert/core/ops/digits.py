"""How many digits the functions of one input and their slopes have. It knows no value."""

from __future__ import annotations

PROMISED = 10.0
"""Units in the last place within which a function of one input, its slope and the slope of that are right wherever they are normal
numbers, in both tails, in float32 and float64."""

LESS: dict[str, tuple[float, str]] = {
    "erfc": (60.0, "SciPy's value, far right"),
    "erfinv": (130.0, "e^(y²) magnifies the rounding of y near ±1"),
    "silu": (60.0, "near its least point, where the slope passes 0"),
    "gelu": (1100.0, "far left, where e^(−x²/2) magnifies the rounding of x/√2; near its least point"),
    "logistic_slope": (20.0, "of its second derivative, where that passes 0"),
}
"""What is not reached: for an op the largest error in the same units, and where it comes from."""

OPEN: dict[str, str] = {
    **dict.fromkeys(
        ("erfcx", "log_ndtr", "hazard", "erfi", "dawsn"), "e^(x²), or differences of what is nearly equal, far out"
    ),
    **dict.fromkeys(
        ("exp1", "expi", "lgamma", "digamma", "gamma", "rgamma", "sinc"), "SciPy's values, and zeros of slopes"
    ),
    **dict.fromkeys(("j0", "j1", "y0", "y1", "i0", "i1", "k0", "k1", "i0e", "i1e", "k0e", "k1e"), "Bessel functions"),
    **dict.fromkeys(("erfcinv", "ndtri"), "as erfinv"),
}
"""Ops of which nothing is promised over the whole range, and why."""
