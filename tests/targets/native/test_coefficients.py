"""The committed coefficients are what the script fits, and the constants in parts are their values."""

from __future__ import annotations

import importlib.util
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from wengert.targets.native import coefficients

SCRIPT = Path(__file__).parents[3] / "scripts" / "fit_coefficients.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("fit_coefficients", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SCRIPT_OF_FITS = load()


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("EXPM1", "float32"), ("SIN", "float64"), ("COS", "float32"), ("ATANH", "float64"), ("SINH", "float32")],
)
def test_fit_gives_the_committed_coefficients(name: str, dtype: str) -> None:
    found, error = SCRIPT_OF_FITS.coefficients(SCRIPT_OF_FITS.FITS[name], dtype)
    assert tuple(found) == getattr(coefficients, name)[dtype]
    assert error < 2.0 ** (-27 if dtype == "float32" else -55)


def test_every_fit_is_committed_with_its_degree() -> None:
    for name, fit in SCRIPT_OF_FITS.FITS.items():
        lengths = {dtype: len(found) - 1 for dtype, found in getattr(coefficients, name).items()}
        assert lengths == {dtype: fit.degree(dtype) for dtype in ("float32", "float64") if fit.degree(dtype)}, name


@pytest.mark.parametrize("name", SCRIPT_OF_FITS.SPLITS)
def test_constant_in_parts_is_its_value(name: str) -> None:
    for dtype, parts in getattr(coefficients, name).items():
        assert list(parts) == SCRIPT_OF_FITS.SPLITS[name].parts(dtype)
        digits = (24 if dtype == "float32" else 53) + 12 * (len(parts) - 1)
        with mpmath.workdps(80):
            value = SCRIPT_OF_FITS.SPLITS[name].value
            assert abs(sum(map(mpmath.mpf, parts)) - value) < value * mpmath.mpf(2) ** -digits


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quarter_turns_are_the_nearest_numbers_and_their_rests(dtype: str) -> None:
    kind = np.float32 if dtype == "float32" else np.float64
    with mpmath.workdps(60):
        for count, (high, low) in enumerate(coefficients.TURNS[dtype], 1):
            exact = count * mpmath.pi / 2
            assert kind(high) == high
            assert kind(low) == low
            assert abs(exact - high) <= mpmath.mpf(float(np.spacing(kind(high)))) / 2
            assert abs(exact - high - low) <= mpmath.mpf(float(np.spacing(kind(abs(low))))) / 2


def test_words_of_two_over_pi_are_its_bits() -> None:
    words = coefficients.TWO_OVER_PI_WORDS
    assert words[0] == 0
    bits = 0
    for word in words[1:]:
        bits = bits << 64 | word
    with mpmath.workprec(1600):
        scaled = 2 / mpmath.pi * mpmath.mpf(2) ** (64 * (len(words) - 1))
        assert bits == int(mpmath.floor(scaled))


@pytest.mark.parametrize(("dtype", "bits"), [("float32", 8), ("float64", 11)])
def test_whole_numbers_times_the_first_part_of_log_2_are_exact(dtype: str, bits: int) -> None:
    precision = 24 if dtype == "float32" else 53
    first = Fraction(coefficients.LN2[dtype][0])
    assert (first.numerator * (2**bits - 1)).bit_length() <= precision
