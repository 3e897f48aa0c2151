"""What a call costs once its path was seen, counted in operations and not in time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import wengert as wg
from wengert.functions.run import programs, roots
from wengert.functions.tracing import tape
from wengert.targets.native import cost

X = np.array([0.1, 0.2, 0.3])


def ten(x):
    return np.sum(np.tanh(x) * np.exp(-x * x) + np.sin(3.0 * x) * np.log1p(x * x))


@pytest.fixture
def counted(monkeypatch):
    """How often NumPy computed a call, graphs were compiled, and programs interpreted."""
    found = {"computed": 0, "compiled": 0, "interpreted": 0}

    def counting(name, owner, attribute):
        original = getattr(owner, attribute)

        def call(*args, **kwargs):
            found[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, attribute, call)

    counting("computed", tape.Tape, "_value")
    counting("compiled", programs, "compiled")
    counting("interpreted", programs.NodesProgram, "interpreted")
    return found


def test_a_path_is_computed_twice_and_compiled_once(counted):
    def f(x):
        return ten(x) + 1.0

    expected = None
    for _ in range(8):
        slope = wg.grad(f)(X)
        expected = slope if expected is None else expected
        np.testing.assert_allclose(slope, expected, rtol=1e-13)
    calls = counted["computed"] // 2
    assert 11 <= calls <= 14
    assert counted == {"computed": 2 * calls, "compiled": 1, "interpreted": 0}


@pytest.mark.parametrize(("seconds", "compiled"), [(1e9, 0), (1e-9, 1)])
def test_what_takes_long_to_compile_is_not_compiled_at_once(monkeypatch, counted, seconds, compiled):
    monkeypatch.setattr(cost, "seconds", lambda graph: seconds)

    def f(x):
        return ten(x) + 2.0

    x = np.linspace(0.1, 0.4, 3 + compiled)  # another kind of argument for each case
    expected = wg.grad(f)(x)
    for _ in range(8):
        np.testing.assert_allclose(wg.grad(f)(x), expected, rtol=1e-13)
    assert counted["compiled"] == compiled


def test_functions_of_one_code_share_what_was_seen(counted):
    for k in range(8):
        scale = float(k)
        np.testing.assert_allclose(wg.grad(lambda x, s=scale: np.sum(x * x) * s)(X), 2 * scale * X)
    assert counted["compiled"] == 1


def test_a_function_that_branches_is_computed_and_its_gradient_compiled(counted):
    def f(x):
        return np.sum(x * x) if x[0] > 0 else np.sum(x)

    for _ in range(4):
        wg.grad(f)(X)
        wg.grad(f)(-X)
    assert counted["compiled"] == 2
    assert counted["interpreted"] == 0


def test_other_transforms_of_a_path_are_compiled_too(counted):
    for _ in range(5):
        found = wg.hessian(ten)(X)
    step = 1e-6 * np.eye(3)
    numeric = [(wg.grad(ten)(X + e) - wg.grad(ten)(X - e)) / 2e-6 for e in step]
    np.testing.assert_allclose(found, numeric, atol=1e-8)
    assert counted["compiled"] == 2
    assert counted["interpreted"] == 2


def test_long_runs_are_not_kept(monkeypatch, counted):
    monkeypatch.setattr(tape, "LONGEST", 50)

    def f(x):
        for _ in range(100):
            x = np.sin(x)
        return x

    expected = np.prod([np.cos(y) for y in _sines(0.3, 100)])
    for _ in range(5):
        assert wg.grad(f)(0.3) == pytest.approx(expected, rel=1e-12)
    assert counted["compiled"] == 0


def _sines(x, n):
    found = [x]
    for _ in range(n - 1):
        found.append(np.sin(found[-1]))
    return found


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(roots, "MOST", 10)
    for key in list(roots._ROOTS):
        roots.forget(key)
    for n in range(1, 40):
        np.testing.assert_allclose(wg.grad(ten)(np.full(n, 0.1)), wg.grad(ten)(np.full(n, 0.1)))
    assert len(roots._ROOTS) <= 10


def test_the_calls_that_are_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(roots, "MOST_CALLS", 200)
    for key in list(roots._ROOTS):
        roots.forget(key)
    for n in range(100, 140):
        np.testing.assert_allclose(wg.grad(ten)(np.full(n, 0.1)), wg.grad(ten)(np.full(n, 0.1)))
        assert sum(len(root.first.keys) * root.paths for root in roots._ROOTS.values()) <= 200
    assert len(roots._ROOTS) > 10


def test_paths_without_end_are_forgotten():
    def f(x):
        return np.sum(x * n)

    for n in range(1, 300):
        np.testing.assert_array_equal(wg.grad(f)(X), np.full(3, float(n)))


def test_a_first_gradient_loads_nothing_more():
    """Neither the passes, which the third call needs, nor the parts that NumPy loads when they are asked for."""
    script = (
        "import sys, numpy as np, wengert as wg\n"
        "wg.grad, before = wg.grad, set(sys.modules)\n"
        "for _ in range(2):\n"
        "    wg.grad(lambda x: np.sum(np.tanh(x) * x))(np.ones(3))\n"
        "print(sorted(set(sys.modules) - before), [m for m in before if 'passes' in m or 'f2py' in m])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout == "[] []\n"
