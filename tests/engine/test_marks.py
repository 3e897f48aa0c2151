"""The numbers that formulas are known by: 1.0 is 1, and a function that meets them by chance has few paths all the same."""

import numpy as np
import pytest

import wengert as wg
from wengert.functions.run import programs
from wengert.functions.tracing.paths import FEW_PATHS, MOST_PATHS

SPELLINGS = {
    "log(eˣ + 1.0)": lambda x: np.log(np.exp(x) + 1.0),
    "log(1.0 + eˣ)": lambda x: np.log(1.0 + np.exp(x)),
    "log(eˣ − −1.0)": lambda x: np.log(np.exp(x) - -1.0),
    "np.add": lambda x: np.log(np.add(np.exp(x), 1.0)),
    "whole": lambda x: np.log(np.exp(x) + 1),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_formula_is_known_whether_its_numbers_are_whole_or_not(spelling):
    f = wg.value_and_grad(SPELLINGS[spelling])
    assert [tuple(map(float, f(1000.0))) for _ in range(5)] == [(1000.0, 1.0)] * 5
    assert tuple(map(float, wg.compile(f)(1000.0))) == (1000.0, 1.0)


def test_signs_of_data_do_not_make_a_path_for_each_of_their_combinations(monkeypatch):
    made = []
    compiled = programs.compiled
    monkeypatch.setattr(programs, "compiled", lambda graph: made.append(graph) or compiled(graph))

    def loss(w, signs):
        total = 0.0
        for k, sign in enumerate(signs):
            total = total + np.tanh(w[k % 3] * sign)
        return total

    gradient = wg.grad(loss)
    rng = np.random.default_rng(5)
    w = np.array([0.3, 0.7, -0.2])
    for k in range(3 * MOST_PATHS):
        signs = rng.choice([1.0, -1.0], 12).tolist()
        want = [sum(s / np.cosh(w[i]) ** 2 for s in signs[i::3]) for i in range(3)]
        np.testing.assert_allclose(gradient(w, signs), want, rtol=1e-12, atol=1e-14)
        if k == 2 * MOST_PATHS:
            before = len(made)
    assert len(made) == before <= FEW_PATHS


def test_a_schedule_whose_steps_are_marks_now_and_then_is_right_at_every_step():
    gradient = wg.grad(lambda w, rate: np.sum(np.sin(w * rate) * rate))
    w = np.array([0.3, 0.7])
    for rate in [0.5, 0.4, 1.0, 2.0, 1.5, -1.0, 0.5, 1.0, 0.3, 2.0] * 3:
        np.testing.assert_allclose(gradient(w, rate), np.cos(w * rate) * rate**2, rtol=1e-13)
