"""Functions of scipy.signal and scipy.interpolate that are followed by SciPy's own code, against differences of SciPy's values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal
from scipy.interpolate import splev, splrep

import wengert as wg
from tests.scripts.test_scripts import differences

X = np.sin(np.arange(64.0)) + 0.1 * np.arange(64.0)
SPECTRA = {
    "periodogram": lambda x: signal.periodogram(x, 100.0)[1],
    "welch": lambda x: signal.welch(x, 100.0, nperseg=32)[1],
    "csd": lambda x: signal.csd(x, x**2, nperseg=32)[1].real,
    "stft": lambda x: np.abs(signal.stft(x, nperseg=32)[2]) ** 2,
    "coherence": lambda x: signal.coherence(x, x**2, nperseg=16)[1],
}


@pytest.mark.parametrize("name", SPECTRA)
def test_a_spectrum_has_its_derivative(name):
    def f(p):
        return np.sum(SPECTRA[name](np.concatenate([p, X[4:]])) ** 2)

    np.testing.assert_allclose(wg.grad(f)(X[:4]), differences(f, X[:4]), rtol=1e-6, atol=1e-8)


def test_a_function_of_scipy_of_numbers_alone_is_scipys_own():
    def f(x):
        tck = splrep(np.linspace(0, 1, 8), np.sin(np.arange(8.0)), s=0)
        return x * splev(0.37, tck)

    assert wg.grad(f)(2.0) == pytest.approx(f(1.0), rel=1e-15)
    assert wg.compile(wg.grad(f))(2.0) == pytest.approx(f(1.0), rel=1e-15)


def test_a_trend_is_taken_off_in_compiled_functions_too():
    def f(p):
        return signal.detrend(np.sin(p * np.arange(32.0))).std()

    expected = (f(0.3 + 1e-5) - f(0.3 - 1e-5)) / 2e-5
    assert wg.grad(f)(0.3) == pytest.approx(expected, rel=1e-7)
    assert wg.compile(wg.grad(f))(0.3) == pytest.approx(expected, rel=1e-7)
