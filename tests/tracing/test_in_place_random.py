"""Random programs of views, copies and writes: every name holds what it holds in NumPy, and the gradient is that of the complex step."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.ops.evaluate import evaluate
from wengert.errors import TraceError
from wengert.functions.tracing.record import traced_program

A = np.random.default_rng(5).uniform(0.2, 1.2, size=(3, 4))

VIEWS = (
    lambda v, r: v.T,
    lambda v, r: v[r.integers(len(v))] if v.ndim > 1 else v[::-1],
    lambda v, r: v[..., :: r.choice([1, -1])],
    lambda v, r: v[: r.integers(1, len(v) + 1)],
    lambda v, r: v.reshape(-1),
    lambda v, r: v.ravel(),
    lambda v, r: v.reshape(*v.shape[::-1]),
    lambda v, r: v[None].squeeze(0),
    lambda v, r: np.flip(v),
    lambda v, r: np.moveaxis(v, 0, -1),
    lambda v, r: v.copy(),
    lambda v, r: v[[0, -1]],
    lambda v, r: v + 0.1,
    lambda v, r: np.array_split(v, 2)[0],
    lambda v, r: v.swapaxes(0, -1),
    lambda v, r: np.sin(v),
)


def program(a, seed):
    """Twelve random steps; the names at the end."""
    r = np.random.default_rng(seed)
    names = [a * 1.0]
    for _ in range(12):
        v = names[r.integers(len(names))]
        if r.random() < 0.5:
            names.append(VIEWS[r.integers(len(VIEWS))](v, r))
            continue
        number = names[r.integers(len(names))].reshape(-1)[0]
        kind = r.integers(6)
        if kind == 0:
            v[r.integers(len(v))] = number * 0.5
        elif kind == 1:
            v *= 0.9
        elif kind == 2:
            v[: r.integers(len(v) + 1)] += 0.2 * number
        elif kind == 3:
            v[...] = np.sin(v[::-1])
        elif kind == 4:
            np.add.at(v, [0, 0, -1], 0.1 * number)
        else:
            np.multiply(v, number, out=v)
    return names


def loss(a, seed):
    return sum(np.sum(np.sin(v) * (k + 1.0)) for k, v in enumerate(program(a, seed)))


@pytest.mark.parametrize("start", range(0, 120, 20))
def test_every_name_holds_what_it_holds_in_numpy(start):
    refused = []
    for seed in range(start, start + 20):
        expected = program(A.copy(), seed)
        try:
            traced = traced_program(lambda a, seed=seed: [v * 1 for v in program(a, seed)], (A,), {})
        except TraceError as error:
            refused.append(seed)
            assert "In which order the entries of an array lie in memory" in error.what  # noqa: PT017
            continue
        found = evaluate(traced.graph, {traced.graph.input_names[0]: A})
        assert len(found) == len(expected)
        for k, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, err_msg=f"seed {seed}, name {k}")
    assert len(refused) < 3, "what is refused is rare"


@pytest.mark.parametrize("start", range(0, 30, 10))
def test_gradients_are_those_of_the_complex_step(start):
    direction = np.cos(np.arange(A.size)).reshape(A.shape)
    for seed in range(start, start + 10):
        expected = loss(A + 1e-30j * direction, seed).imag * 1e30
        for _ in range(2):
            value, slope = wg.value_and_grad(loss)(A, seed)
            assert value == pytest.approx(loss(A.copy(), seed), rel=1e-12)
            assert np.sum(slope * direction) == pytest.approx(expected, rel=1e-9), f"seed {seed}"
        assert wg.jvp(lambda a, seed=seed: loss(a, seed), (A,), (direction,))[1] == pytest.approx(expected, rel=1e-9)
