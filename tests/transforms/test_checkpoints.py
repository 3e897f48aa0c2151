"""checkpoint, and scans with a budget of memory: the same derivatives, fewer bytes."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.autodiff.memory import StepBytes, least_bytes, segments
from wengert.errors import TraceError
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.lower import lower

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 40))
W = RNG.normal(size=(6, 40, 40)) / 7


def arena(f, *args):
    """The bytes of all temporaries of a compiled function."""
    return plan(lower(wg.compile(f).graph(*args))).bytes


def block(x, w):
    for _ in range(3):
        x = np.tanh(w @ x)
    return x


def network(f):
    def loss(x):
        for w in W:
            x = f(x, w)
        return np.sum(x**2)

    return loss


def test_a_checkpoint_has_the_same_derivatives():
    plain, saved = network(block), network(wg.checkpoint(block))
    np.testing.assert_allclose(wg.grad(saved)(X), wg.grad(plain)(X), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(wg.compile(wg.grad(saved))(X), wg.grad(plain)(X), rtol=1e-12, atol=1e-14)
    direction = RNG.normal(size=X.shape)
    np.testing.assert_allclose(wg.jvp(saved, (X,), (direction,))[1], wg.jvp(plain, (X,), (direction,))[1], rtol=1e-12)
    expected = wg.hvp(plain)(X, direction)
    np.testing.assert_allclose(wg.hvp(saved)(X, direction), expected, rtol=1e-10, atol=1e-12)
    over = wg.grad(lambda x: np.sum(wg.grad(saved)(x) * direction))
    np.testing.assert_allclose(over(X), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        wg.vmap(wg.grad(saved))(np.stack([X, 2 * X]))[1], wg.grad(plain)(2 * X), rtol=1e-12, atol=1e-14
    )


def test_a_checkpoint_saves_memory_in_code():
    plain, saved = arena(wg.grad(network(block)), X), arena(wg.grad(network(wg.checkpoint(block))), X)
    # Eighteen results are kept, or six checkpoints and the three of one block; and some to work with.
    assert plain >= 17 * X.nbytes
    assert saved <= 11 * X.nbytes


def test_a_checkpoint_computes_its_body_twice():
    def products(f):
        graph = wg.compile(wg.grad(f)).graph(X)
        from wengert.core.ir.walk import topological

        return sum(node.op.name == "tanh" for node in topological(graph.outputs))

    assert products(network(block)) == 18
    # The slope of tanh is read off its input, so the last step of a block is not run again.
    assert products(network(wg.checkpoint(block))) == 30


def test_a_checkpoint_takes_containers_numbers_and_values_from_outside():
    scale = 3.0

    def f(x):
        @wg.checkpoint
        def inner(p, mode, *, power):
            assert mode == "sum"
            return {"y": np.sum(p["a"] ** power) * x * scale, "n": p["b"]}

        found = inner({"a": np.array([1.0, 2.0]) * x, "b": x}, "sum", power=2)
        return found["y"] + found["n"]

    assert wg.grad(f)(2.0) == pytest.approx(3 * 5 * 3 * 4 + 1)
    assert wg.checkpoint(lambda a, b: a + b)(1, 2) == 3
    assert wg.grad(lambda x: wg.checkpoint(lambda: x**2)())(3.0) == 6


def test_checkpoints_nest():
    f = wg.checkpoint(lambda x: np.sin(wg.checkpoint(lambda y: np.exp(y))(x)))
    assert wg.grad(f)(0.3) == pytest.approx(np.cos(np.exp(0.3)) * np.exp(0.3), rel=1e-14)
    assert wg.grad(wg.grad(wg.grad(f)))(0.3) == pytest.approx(
        float(wg.grad(wg.grad(wg.grad(lambda x: np.sin(np.exp(x)))))(0.3)), rel=1e-12
    )


# ---------------------------------------------------------------- scans


def walk(x, memory=None, steps=500, reverse=False):
    def step(carry, t):
        carry = carry + 0.01 * np.sin(carry * t)
        return carry, np.sum(carry)

    return wg.scan(step, x, np.linspace(0.0, 1.0, steps), reverse=reverse, memory=memory)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("memory", [None, 10**6, 50_000, 15_000])
def test_a_scan_is_the_same_with_every_budget(memory, reverse):
    x = RNG.normal(size=20)
    last, sums = walk(x, memory, reverse=reverse)
    expected, other = walk(x, reverse=reverse)
    np.testing.assert_allclose(last, expected, rtol=1e-14)
    np.testing.assert_allclose(sums, other, rtol=1e-13)
    weights = RNG.normal(size=500)

    def loss(x, memory):
        last, sums = walk(x, memory, reverse=reverse)
        return np.sum(last**2) + np.sum(weights * sums)

    slope = wg.grad(loss)
    np.testing.assert_allclose(slope(x, memory), slope(x, None), rtol=1e-12, atol=1e-13)


def test_a_scan_keeps_within_its_budget():
    x = RNG.normal(size=1000)

    def loss(x, memory):
        return np.sum(walk(x, memory)[0])

    def bytes_with(memory):
        return arena(wg.grad(lambda x: loss(x, memory)), x)

    work = 10 * x.nbytes
    assert bytes_with(None) >= 500 * x.nbytes
    for memory in (400_000, 800_000, 250_000):
        assert bytes_with(memory) <= memory + work
    with pytest.raises(TraceError, match="needs more than 20000 bytes, however it is cut") as caught:
        wg.grad(loss)(x, 20_000)
    least = int(caught.value.repair.rpartition("=")[2])
    assert bytes_with(least) <= least + work


def test_segments_are_the_fewest_and_longest_that_fit():
    cost = StepBytes(carries=8, kept=16)
    assert segments(100, cost, 1600) == ()
    assert segments(100, cost, 1599) == (50,)
    for memory in (1000, 500, 300, least_bytes(100, cost)):
        lengths = segments(100, cost, memory)
        assert lengths
        counts = [-(-a // b) for a, b in zip((100, *lengths), lengths, strict=False)]
        assert sum(count + 2 for count in counts) * 8 + lengths[-1] * 16 <= memory + 8 * len(lengths)
    assert segments(100, cost, least_bytes(100, cost) - 1) is None


def test_a_counted_loop_takes_a_budget_and_second_derivatives():
    def f(x, memory=None):
        return np.sum(wg.fori_loop(0, 60, lambda i, c: c + 0.1 * np.sin(c) * i / 60, x, memory=memory))

    x = RNG.normal(size=5)
    np.testing.assert_allclose(f(x, 700), f(x), rtol=1e-14)
    np.testing.assert_allclose(wg.grad(lambda x: f(x, 800))(x), wg.grad(f)(x), rtol=1e-12)
    np.testing.assert_allclose(wg.hessian(lambda x: f(x, 800))(x), wg.hessian(f)(x), rtol=1e-11, atol=1e-12)


def test_gradients_of_batches_of_branches_and_loops():
    """cond and while_loop under vmap of grad, rows with other branches and other numbers of steps."""

    def f(x):
        y = wg.cond(x > 0, lambda x: np.sin(x), lambda x: x**2, x)
        return wg.while_loop(lambda s: s < 3.0, lambda s: s * 1.5 + 0.1, y + 1.5)

    points = np.array([-1.0, -0.3, 0.2, 1.0])
    expected = [wg.grad(f)(p) for p in points]
    np.testing.assert_allclose(wg.vmap(wg.grad(f))(points), expected, rtol=1e-13)
    np.testing.assert_allclose(wg.compile(wg.vmap(wg.grad(f)))(points), expected, rtol=1e-13)
