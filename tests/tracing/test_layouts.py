"""Writing through a view of a result: which entries of the result change is what NumPy's order in memory says."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from wengert.errors import TraceError

B = np.arange(12.0).reshape(3, 4)

MADE = {
    "method copy": lambda b: (b @ b.T).copy(),
    "matmul": lambda b: b @ b.T,
    "copy of a transpose": lambda b: b.T.copy(),
    "np.copy, which keeps the order": lambda b: np.copy(b.T),
    "np.array, which keeps the order": lambda b: wnp.array(b.T),
    "np.array by rows": lambda b: wnp.array(b.T, order="C"),
    "np.array of another dtype": lambda b: wnp.array(b.T, np.float32),
    "ascontiguousarray": lambda b: wnp.ascontiguousarray(b.T),
    "a ufunc": lambda b: np.sin(b.T),
    "an operator": lambda b: b.T + 1,
    "two orders that meet": lambda b: b.T + np.ones((4, 3)),
    "a sum of products": lambda b: b.T @ b + b.T @ b,
    "astype": lambda b: b.T.astype(np.float32),
    "dot": lambda b: np.dot(b.T, b),
    "stack": lambda b: np.stack([b.T[0], b.T[1]]),
    "concatenate": lambda b: np.concatenate([b.T, b.T]),
    "sum": lambda b: np.sum(np.stack([b.T, b.T]), 0),
    "sum of a transposed stack": lambda b: np.sum(b.reshape(3, 2, 2).T, 0),
    "where": lambda b: np.where(b.T > 1, b.T, 0.0),
    "zeros_like": lambda b: np.zeros_like(b.T),
    "ones_like of a ufunc": lambda b: np.ones_like(np.sin(b.T)),
    "cumsum": lambda b: np.cumsum(b.T, 0),
    "batched matmul": lambda b: np.matmul(b.reshape(3, 2, 2).transpose(1, 0, 2), b.reshape(3, 2, 2).transpose(1, 2, 0)),
    "take": lambda b: np.take(b.T, [0, 1], axis=0),
    "a list of places": lambda b: b.T[[0, 1]],
    "flatten": lambda b: b.T.flatten().reshape(3, 4),
    "einsum": lambda b: np.einsum("ij,kj->ik", b, b),
    "a transpose by einsum": lambda b: np.einsum("ij->ji", b) * 1.0,
    "sort": lambda b: np.sort(b.T, 0),
    "tile": lambda b: np.tile(b.T, (2, 1)),
    "inverse": lambda b: np.linalg.inv(b.T @ b + np.eye(4)).T + 0,
    "narrow whole numbers": lambda b: b.T.astype("int8") * np.int8(3),
    "a chain": lambda b: np.exp(np.tanh((b.T * 2).copy()).T - 1).T * 3,
}


def through_a_view(make):
    def f(b):
        v = make(b)
        r = v.reshape(-1)
        r[0] = 100
        r[1] = 50
        return v * 1, r * 1

    return f


@pytest.mark.parametrize("name", MADE)
def test_a_write_through_a_reshape_reaches_what_it_reaches_in_numpy(name):
    f = through_a_view(MADE[name])
    wanted = f(B.copy())
    routes = {
        "compiled": wg.compile(f)(B),
        "inside": wg.compile(lambda b: wg.jvp(lambda x: f(x), (b,), (b,))[0])(B),
        "batch": [x[0] for x in wg.vmap(f)(B[None])],
        "tape": wg.jvp(f, (B,), (B,))[0],
    }
    for route, found in routes.items():
        for x, y in zip(found, wanted, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12 if y.dtype != np.float32 else 1e-6, atol=1e-12, err_msg=route)


def test_an_order_that_is_too_far_back_is_not_guessed():
    def f(b):
        x = b.T
        for _ in range(400):
            x = x * 1.0
        x.reshape(-1)[0] = 1.0
        return x

    with pytest.raises(TraceError, match="In which order the entries of an array lie in memory is not known"):
        wg.compile(f)(B)
