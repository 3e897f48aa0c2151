"""wengert.optim: rules, schedules and clipping against optax's definitions, inside and outside of compile."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert import optim
from wengert.errors import ModelError
from wengert.train.optimizers import optimizer

RNG = np.random.default_rng(3)
PARAMS = {"w": RNG.normal(size=(3, 2)), "layers": [RNG.normal(size=2), np.float64(0.5)]}
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=20)


def loss(p, x, y):
    return np.mean((np.tanh(x @ p["w"]) @ p["layers"][0] + p["layers"][1] - y) ** 2)


RULES = {
    "sgd": lambda rate: optim.sgd(rate),
    "momentum": lambda rate: optim.momentum(rate, 0.8),
    "adam": lambda rate: optim.adam(rate),
    "adamw": lambda rate: optim.adamw(rate, weight_decay=0.01),
}
RATES = {
    "a number": 0.05,
    "linear": optim.linear(0.1, 0.01, 5),
    "exponential": optim.exponential_decay(0.1, 3, 0.5),
    "cosine": optim.cosine_decay(0.1, 6, 0.1),
    "pieces": optim.piecewise_constant(0.1, {2: 0.5, 4: 0.1}),
    "warm-up": optim.warmup_cosine_decay(0.0, 0.1, 3, 8),
    "constant": optim.constant(0.05),
}


def run(opt, steps, compiled):
    def step(p, state, x, y):
        updates, state = opt.update(wg.grad(loss)(p, x, y), state, p)
        return optim.apply_updates(p, updates), state

    step = wg.compile(step) if compiled else step
    p, state = PARAMS, opt.init(PARAMS)
    for _ in range(steps):
        p, state = step(p, state, X, Y)
    return p, state


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("rule", RULES)
def test_a_step_in_compile_is_the_step_outside(rule, rate):
    opt = optim.chain(optim.clip_by_global_norm(0.3), RULES[rule](RATES[rate]))
    (p, state), (q, other) = run(opt, 8, False), run(opt, 8, True)
    for a, b in zip(wg.flatten((p, state))[0], wg.flatten((q, other))[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)
    assert loss(p, X, Y) < loss(PARAMS, X, Y)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam", "adamw"])
def test_the_rules_are_those_of_training(rule):
    settings = {"momentum": {"momentum": 0.8}, "adamw": {"weight_decay": 0.01}}.get(rule, {})
    other = optimizer(rule, learning_rate=0.05, **settings)
    p = {"w": PARAMS["w"]}
    state, own, ours = other.init(p), RULES[rule](0.05), p
    mine = own.init(p)
    for k in range(5):
        g = {"w": np.cos(k + p["w"])}
        change, state = other.update(g, state, p)
        update, mine = own.update(g, mine, ours)
        np.testing.assert_allclose(update["w"], change["w"], rtol=1e-13)


def test_a_schedule_has_the_values_of_its_formula():
    at = np.arange(10)
    np.testing.assert_allclose([optim.linear(1, 0, 4)(t) for t in at], np.maximum(1 - at / 4, 0))
    np.testing.assert_allclose([optim.exponential_decay(2, 3, 0.5)(t) for t in at], 2 * 0.5 ** (at / 3))
    want = 0.9 * (1 + np.cos(np.pi * np.minimum(at / 5, 1))) / 2 + 0.1
    np.testing.assert_allclose([optim.cosine_decay(1, 5, 0.1)(t) for t in at], want)
    np.testing.assert_allclose(
        [optim.piecewise_constant(1, {2: 0.5, 5: 0.1})(t) for t in at], [1] * 2 + [0.5] * 3 + [0.05] * 5
    )
    warm = [float(optim.warmup_cosine_decay(0, 1, 2, 6)(t)) for t in range(7)]
    np.testing.assert_allclose(warm, [0, 0.5, *((1 + np.cos(np.pi * np.arange(5) / 4)) / 2)], atol=1e-15)


def test_clipping_keeps_the_direction_and_what_is_small():
    g = {"a": np.array([3.0, 4.0]), "b": np.array(12.0)}
    cut = optim.clip_by_global_norm(6.5).update(g, ())[0]
    np.testing.assert_allclose(cut["a"], [1.5, 2.0])
    np.testing.assert_allclose(cut["b"], 6.0)
    same = optim.clip_by_global_norm(20.0).update(g, ())[0]
    np.testing.assert_array_equal(same["a"], g["a"])
    np.testing.assert_array_equal(optim.clip(3.5).update(g, ())[0]["a"], [3.0, 3.5])


@pytest.mark.parametrize("rule", RULES)
def test_single_precision_stays_so(rule):
    opt = optim.chain(optim.clip_by_global_norm(1.0), RULES[rule](optim.linear(0.1, 0.0, 3)))
    p = {"w": PARAMS["w"].astype(np.float32)}
    updates, state = opt.update(p, opt.init(p), p)
    assert updates["w"].dtype == np.float32
    assert optim.apply_updates(p, updates)["w"].dtype == np.float32
    assert all(
        x.dtype in (np.float32, np.int64)
        for x in (state[1]["count"], *[v["w"] for k, v in state[1].items() if k != "count"])
    )


def test_optax_applies_the_updates():
    optax = pytest.importorskip("optax")
    p = {"w": PARAMS["w"].astype(np.float32)}
    for _ in range(3):
        updates, _ = optim.sgd(0.1).update(wg.grad(lambda p: np.sum(p["w"] ** 2))(p), optim.sgd(0.1).init(p), p)
        p = optax.apply_updates(p, updates)
    np.testing.assert_allclose(np.asarray(p["w"]), PARAMS["w"] * 0.8**3, rtol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_are_those_of_optax(rule):
    optax = pytest.importorskip("optax")
    theirs = {
        "sgd": optax.sgd(0.05),
        "momentum": optax.sgd(0.05, momentum=0.8),
        "adam": optax.adam(0.05),
        "adamw": optax.adamw(0.05, weight_decay=0.01),
    }[rule]
    p = {"w": PARAMS["w"].astype(np.float32)}
    ours, state, other = RULES[rule](0.05), RULES[rule](0.05).init(p), theirs.init(p)
    for k in range(4):
        g = {"w": np.cos(k + p["w"])}
        mine, state = ours.update(g, state, p)
        want, other = theirs.update(g, other, p)
        np.testing.assert_allclose(mine["w"], np.asarray(want["w"]), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optim.adamw(0.1).update(PARAMS, optim.adamw(0.1).init(PARAMS)), "Decay of weights needs the weights."),
        (lambda: optim.apply_updates(PARAMS, {"w": 1.0}), "Gradients and parameters are containers of other forms."),
        (lambda: optim.linear(1, 0, 0), "A schedule has at least one step, not 0."),
        (lambda: optim.joined([optim.constant(1)], [2]), "1 schedules have 0 starts, not 1."),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ModelError) as caught:
        call()
    assert str(caught.value).splitlines()[0] == words


@pytest.mark.parametrize("compiled", [False, True])
def test_whole_gradients_are_scaled_as_real_ones_are(compiled):
    def both(g):
        norm = wg.optim.clip_by_global_norm(1.0).update(g, ())[0]
        rated = wg.optim.sgd(wg.optim.linear(0.5, 0.0, 10))
        return norm, rated.update(g, rated.init(g))[0]

    norm, rated = (wg.compile(both) if compiled else both)(np.array([3, 4]))
    np.testing.assert_allclose(norm, [0.6, 0.8], rtol=1e-15)
    np.testing.assert_allclose(rated, [-1.5, -2.0], rtol=1e-15)
