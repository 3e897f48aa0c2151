"""Fit the polynomials of the native math functions and write src/wengert/targets/native/coefficients.py.

Each polynomial is minimax for a weighted error (Lawson's iteration: least squares whose weights grow where the error is
large), in 50 digits. Its leading coefficients are rounded to the dtype one by one and the others fitted again, so that
the rounding of those that matter is made good by the rest.

    python scripts/fit_coefficients.py            writes the file
    python scripts/fit_coefficients.py EXPM1 …    prints what these fits give
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mpmath import mp, mpf

mp.dps = 50
TARGET = Path(__file__).parents[1] / "src/wengert/targets/native/coefficients.py"
ITERATIONS = 20
PROGRESSIVE = 3
"""How many leading coefficients are rounded before the others are fitted again."""

NEAR_ZERO = mpf("1e-12")

Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Fit:
    """P ≈ f on [low, high]; the error of P at t counts weight(t). One degree a dtype; 0 leaves the dtype out."""

    summary: str
    f: Function
    low: mpf
    high: mpf
    weight: Function
    float32: int
    float64: int

    def degree(self, dtype: str) -> int:
        return self.float32 if dtype == "float32" else self.float64


def rounded(value: mpf, dtype: str) -> mpf:
    """The nearest number of the dtype."""
    return mpf(float(np.float32(float(value)))) if dtype == "float32" else mpf(float(value))


def chebyshev_points(low: mpf, high: mpf, count: int) -> list[mpf]:
    """Points dense at both ends."""
    half, middle = (high - low) / 2, (high + low) / 2
    return [middle - half * mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]


def least_squares(rows: list[list[mpf]], right: list[mpf], weights: list[mpf]) -> list[mpf]:
    """The c with the least Σ weight (rows c − right)², by the normal equations."""
    size = len(rows[0])
    matrix, vector = mp.matrix(size, size), mp.matrix(size, 1)
    weighted = [[w * entry for entry in row] for row, w in zip(rows, weights, strict=True)]
    for i in range(size):
        vector[i] = mp.fdot(zip((row[i] for row in weighted), right, strict=True))
        for j in range(i, size):
            matrix[i, j] = matrix[j, i] = mp.fdot(
                zip((row[i] for row in weighted), (row[j] for row in rows), strict=True)
            )
    return list(mp.lu_solve(matrix, vector))


def minimax(ts: list[mpf], ys: list[mpf], ws: list[mpf], powers: list[int]) -> list[mpf]:
    """Coefficients of the powers with (nearly) the least largest |w (P − y)| over the points, by Lawson's iteration."""
    rows = [[w * t**p for p in powers] for t, w in zip(ts, ws, strict=True)]
    right = [w * y for y, w in zip(ys, ws, strict=True)]
    weights = [mpf(1) / len(ts)] * len(ts)
    best, least = [], mp.inf
    for _ in range(ITERATIONS):
        found = least_squares(rows, right, weights)
        errors = [abs(mp.fdot(zip(row, found, strict=True)) - y) for row, y in zip(rows, right, strict=True)]
        worst = max(errors)
        if worst < least:
            best, least = found, worst
        total = mp.fdot(zip(weights, errors, strict=True))
        if not total:
            break
        weights = [w * e / total for w, e in zip(weights, errors, strict=True)]
    return best


def coefficients(fit: Fit, dtype: str) -> tuple[list[float], float]:
    """The rounded coefficients, and the largest weighted error on a fine grid."""
    degree = fit.degree(dtype)
    low, high = mpf(fit.low), mpf(fit.high)
    ts = [t for t in chebyshev_points(low, high, 4 * (degree + 2)) if fit.weight(t)]
    ys, ws = [fit.f(t) for t in ts], [fit.weight(t) for t in ts]
    fixed: dict[int, mpf] = {}
    for step in range(min(PROGRESSIVE, degree) + 1):
        free = [k for k in range(degree + 1) if k not in fixed]
        rest = [y - sum(c * t**k for k, c in fixed.items()) for t, y in zip(ts, ys, strict=True)]
        found = minimax(ts, rest, ws, free)
        last = step == min(PROGRESSIVE, degree)
        for k, c in list(zip(free, found, strict=True))[: None if last else 1]:
            fixed[k] = rounded(c, dtype)
    result = [fixed[k] for k in range(degree + 1)]
    grid = [low + (high - low) * k / 300 for k in range(301)]
    error = max(abs(fit.weight(t) * (sum(c * t**k for k, c in enumerate(result)) - fit.f(t))) for t in grid)
    return [float(c) for c in result], float(error)


def after_terms(f: Function, terms: list[mpf], first: int, step: int = 1) -> Function:
    """t ↦ (f(u) − Σ terms)/u^n as a function of t = u^step, where f's series begins with `terms` at the powers first, first + step, …"""
    order = first + step * len(terms)

    def quotient(t: mpf) -> mpf:
        if abs(t) < NEAR_ZERO:
            return mp.taylor(f, 0, order)[order]
        with mp.workdps(120):
            u = mp.sqrt(t) if step == 2 else t
            return (f(u) - sum(c * u ** (first + step * k) for k, c in enumerate(terms))) / u**order

    return quotient


HALF_LN2 = mp.log(2) / 2
REACH = mpf("1.001")
ROOT_HALF, ROOT_TWO = mp.sqrt(mpf(1) / 2), mp.sqrt(2)
LOG_S = ((ROOT_TWO - 1) / (ROOT_TWO + 1) * mpf("1.003")) ** 2
QUARTER = (mp.pi / 4 * mpf("1.01")) ** 2

TAN_EIGHTH = mp.tan(mp.pi / 8) * mpf("1.0005")
ERFC_CENTRE = {"float32": mpf(2), "float64": mpf(4)}
ERFC_LOW = mpf("0.69")
ERFC_HIGH = {"float32": mpf("10.2"), "float64": mpf(28)}
CENTRE, TAIL = mpf(5), mpf(38)


def scaled_erfc(dtype: str) -> tuple[Function, mpf, mpf]:
    """q ↦ (1 + 2x) e^(x²) erfc x with q = (x − c)/(x + c), and the range of q."""
    c = ERFC_CENTRE[dtype]

    def value(q: mpf) -> mpf:
        x = c * (1 + q) / (1 - q)
        return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)

    low, high = ((x - c) / (x + c) for x in (ERFC_LOW, ERFC_HIGH[dtype]))
    return value, low, high


def inverse_erf(w: mpf) -> mpf:
    """erf⁻¹(x)/x where 1 − x² = e^(−w), by Newton's iteration on the logarithm of erfc."""
    if w < NEAR_ZERO:
        return mp.sqrt(mp.pi) / 2
    x = mp.sqrt(-mp.expm1(-w))
    rest = mp.exp(-w) / (1 + x)  # 1 − x without cancellation
    y = mp.erfinv(x) if w < 3 else mp.sqrt(w)
    for _ in range(40):
        tail = mp.erfc(y)
        step = (
            (tail - rest) / (2 / mp.sqrt(mp.pi) * mp.exp(-y * y))
            if w < 3
            else mp.log(tail / rest) * tail / (2 / mp.sqrt(mp.pi) * mp.exp(-y * y))
        )
        y += step
        if abs(step) < mpf("1e-40"):
            break
    return y / x


FITS: dict[str, Fit] = {
    "EXPM1": Fit(
        "eʳ = 1 + r + r² P(r) for |r| ≤ ½ log 2",
        after_terms(mp.expm1, [mpf(1)], 1),
        -HALF_LN2 * REACH,
        HALF_LN2 * REACH,
        lambda r: r**2 / mp.expm1(r) if r else mpf(0),
        5,
        9,
    ),
    "LOG": Fit(
        "log(1 + f) = f − ½ f² + f³ P(f) for √½ ≤ 1 + f ≤ √2",
        after_terms(mp.log1p, [mpf(1), -mpf(1) / 2], 1),
        ROOT_HALF - 1 - mpf("0.002"),
        ROOT_TWO - 1 + mpf("0.002"),
        lambda f: f**3 / mp.log1p(f) if f else mpf(0),
        7,
        0,
    ),
    "ATANH": Fit(
        "2 artanh s = 2 s + s³ P(s²) for |s| ≤ (√2 − 1)/(√2 + 1)",
        after_terms(lambda s: 2 * mp.atanh(s), [mpf(2)], 1, 2),
        mpf(0),
        LOG_S,
        lambda z: z,
        0,
        6,
    ),
    "SIN": Fit(
        "sin r = r + r³ P(r²) for |r| ≤ π/4",
        after_terms(mp.sin, [mpf(1)], 1, 2),
        mpf(0),
        QUARTER,
        lambda z: z,
        3,
        6,
    ),
    "COS": Fit(
        "cos r = 1 − ½ r² + r⁴ P(r²) for |r| ≤ π/4",
        after_terms(mp.cos, [mpf(1), -mpf(1) / 2], 0, 2),
        mpf(0),
        QUARTER,
        lambda z: z**2,
        3,
        6,
    ),
    "ASIN": Fit(
        "arcsin s = s + s³ P(s²) for |s| ≤ ½",
        after_terms(mp.asin, [mpf(1)], 1, 2),
        mpf(0),
        mpf("0.2501"),
        lambda z: z,
        5,
        11,
    ),
    "ATAN": Fit(
        "arctan t = t + t³ P(t²) for |t| ≤ tan π/8",
        after_terms(mp.atan, [mpf(1)], 1, 2),
        mpf(0),
        TAN_EIGHTH**2,
        lambda z: z,
        4,
        10,
    ),
    "SINH": Fit(
        "sinh x = x + x³ P(x²) for |x| ≤ 1",
        after_terms(mp.sinh, [mpf(1)], 1, 2),
        mpf(0),
        mpf("1.0001"),
        lambda z: z,
        3,
        6,
    ),
    "LOG_TAIL": Fit(
        "2 artanh s = 2 s + ⅔ s³ + s⁵ P(s²) for |s| ≤ (√2 − 1)/(√2 + 1)",
        after_terms(lambda s: 2 * mp.atanh(s), [mpf(2), mpf(2) / 3], 1, 2),
        mpf(0),
        LOG_S,
        lambda z: z**2,
        3,
        7,
    ),
    "INVERSE_CBRT": Fit(
        "m^(−1/3) for √½ ≤ m ≤ √2, a first approximation",
        lambda m: 1 / mp.cbrt(m),
        ROOT_HALF * mpf("0.9999"),
        ROOT_TWO * mpf("1.0001"),
        lambda m: mp.cbrt(m),
        3,
        4,
    ),
    "ERF": Fit(
        "erf x = x + x P(x²) for |x| ≤ 1",
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1 if z else 2 / mp.sqrt(mp.pi) - 1,
        mpf(0),
        mpf("1.001"),
        lambda z: mpf(1),
        6,
        11,
    ),
    "ERFINV_CENTRE": Fit(
        "erf⁻¹ x = x P(w − 2.5), w = −log(1 − x²) ≤ 5, a first approximation for double precision",
        lambda t: inverse_erf(t + CENTRE / 2),
        -CENTRE / 2,
        CENTRE / 2 + mpf("0.001"),
        lambda t: mpf(1),
        0,
        9,
    ),
    "ERFINV_TAIL": Fit(
        "erf⁻¹ x = x P(√w − 4), w = −log(1 − x²) ≥ 5, a first approximation for double precision",
        lambda t: inverse_erf((t + 4) ** 2),
        mp.sqrt(CENTRE) - 4 - mpf("0.001"),
        mp.sqrt(TAIL) - 4,
        lambda t: 1 / (t + 4),
        0,
        14,
    ),
    "ERFC": Fit(
        "erfc x = e^(−x²) P(q)/(1 + 2x), q = (x − c)/(x + c), c = ERFC_CENTRE, for x ≥ 0.69 up to where it vanishes",
        *scaled_erfc("float64"),
        lambda q: mpf(1),
        0,
        20,
    ),
    "ERFC_SHORT": Fit(
        "the same for single precision",
        *scaled_erfc("float32"),
        lambda q: mpf(1),
        9,
        0,
    ),
}

HEADER = '''"""Coefficients of the native math functions, lowest power first; written by scripts/fit_coefficients.py. They know no code."""

from __future__ import annotations

Table = dict[str, tuple[float, ...]]
'''


def table(name: str, fit: Fit) -> str:
    """The Python text of one table, with the error that its polynomial has before it is evaluated."""
    parts, notes = [], []
    for dtype in ("float32", "float64"):
        if fit.degree(dtype):
            found, error = coefficients(fit, dtype)
            parts.append(f'    "{dtype}": ({", ".join(map(repr, found))}),')
            notes.append(f"{error:.1e} in {dtype}")
    lines = "\n".join(parts)
    return f'{name}: Table = {{\n{lines}\n}}\n"""{fit.summary}; the error of the fit is {", ".join(notes)}."""\n'


def centres() -> str:
    """The Python text of the point that erfc's variable q is centred on."""
    entries = ", ".join(f'"{dtype}": {float(c)!r}' for dtype, c in ERFC_CENTRE.items())
    return f'ERFC_CENTRE: dict[str, float] = {{{entries}}}\n"""The x at which q = 0 in ERFC."""\n'


@dataclass(frozen=True)
class Split:
    """A constant as a sum: every part but the last is cut to so many bits, the last is rounded to the dtype."""

    summary: str
    value: mpf
    float32: tuple[int, ...]
    float64: tuple[int, ...]

    def parts(self, dtype: str) -> list[float]:
        """The parts, the largest first."""
        rest, found = self.value, []
        for bits in self.float32 if dtype == "float32" else self.float64:
            mantissa, exponent = mp.frexp(rest)
            found.append(mp.floor(mantissa * mpf(2) ** bits) * mpf(2) ** (exponent - bits))
            rest -= found[-1]
        return [float(part) for part in (*found, rounded(rest, dtype))]


with mp.workdps(100):
    SPLITS = {
        "LN2": Split("log 2; whole numbers of 8 and 11 bits times the first part are exact", mp.log(2), (15,), (40,)),
        "LOG10_2": Split("log₁₀ 2, likewise", mp.log10(2), (15,), (40,)),
        "HALF_PI": Split("π/2, no part negative", mp.pi / 2, (24, 24), (53, 53)),
        "SHORT_HALF_PI": Split("π/2; a whole number of 20 bits times a part is exact", mp.pi / 2, (), (33, 33)),
        "QUARTER_PI": Split("π/4; three times the first part is exact", mp.pi / 4, (22,), (51,)),
        "LOG2_E": Split("log₂ e", 1 / mp.log(2), (24,), (53,)),
        "TWO_THIRDS": Split("⅔", mpf(2) / 3, (24,), (53,)),
    }


def split_table(name: str, split: Split) -> str:
    """The Python text of a constant in parts."""
    dtypes = [dtype for dtype in ("float32", "float64") if getattr(split, dtype)]
    lines = "\n".join(f'    "{dtype}": ({", ".join(map(repr, split.parts(dtype)))}),' for dtype in dtypes)
    return f'{name}: Table = {{\n{lines}\n}}\n"""{split.summary}."""\n'


def turns() -> str:
    """The Python text of the first quarter turns, each as the nearest number and the rest."""
    lines: list[str] = []
    with mp.workdps(60):
        for dtype in ("float32", "float64"):
            pairs: list[str] = []
            for count in range(1, 5):
                high = rounded(count * mp.pi / 2, dtype)
                pairs.append(repr((float(high), float(rounded(count * mp.pi / 2 - high, dtype)))))
            lines.append(f'    "{dtype}": ({", ".join(pairs)}),')
    text = "\n".join(lines)
    return (
        f"TURNS: dict[str, tuple[tuple[float, float], ...]] = {{\n{text}\n}}\n"
        '"""π/2, π, 3π/2 and 2π, each as the nearest number and what it lacks."""\n'
    )


def words_of_two_over_pi() -> str:
    """The Python text of the bits of 2/π: 64 zeros, then the bits after the binary point, in words of 64."""
    count = 21
    with mp.workprec(64 * count + 64):
        bits = int(mp.floor(2 / mp.pi * mpf(2) ** (64 * count)))
    words = [0] + [bits >> 64 * (count - 1 - k) & (1 << 64) - 1 for k in range(count)]
    entries = ", ".join(f"0x{word:016X}" for word in words)
    return f'TWO_OVER_PI_WORDS: tuple[int, ...] = ({entries})\n"""The bits of 2/π, after a word of zeros."""\n'


def main(names: list[str]) -> None:
    """Print the fits with these names, or write all of them to the file."""
    if names:
        print("\n".join(table(name, FITS[name]) for name in names))
        return
    TARGET.write_text(
        "\n".join(
            [
                HEADER,
                *(table(name, fit) for name, fit in FITS.items()),
                centres(),
                *(split_table(name, split) for name, split in SPLITS.items()),
                turns(),
                words_of_two_over_pi(),
            ]
        ),
        encoding="utf-8",
    )
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
