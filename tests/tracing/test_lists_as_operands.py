"""Lists and tuples with traced entries beside an operator or in a ufunc: the arrays that NumPy makes of them, in every tier."""

import numpy as np
import pytest

import wengert as wg

B = np.array([1.0, 2.0, 3.0])


def _into_out(b):
    found = np.zeros_like(b)
    np.multiply(b, [b[0], b[1], 1.0], out=found)
    return found


def _in_place(b):
    found = b * 1
    found += (b[0], b[1], 1.0)
    return found * b


CASES = {
    "product": lambda b: b * [b[0], b[1], 1.0],
    "product from the left": lambda b: [b[0], b[1], 1.0] * b,
    "sum": lambda b: b * ((b[0], b[1], 1.0) + b),
    "difference": lambda b: b * (b - (b[0], b[1], 1.0)),
    "quotient": lambda b: b / [b[0], b[1], 1.0],
    "quotient from the left": lambda b: [b[1], b[0], 1.0] / b,
    "power": lambda b: b ** [b[0], b[1], 1.0],
    "arctan2": lambda b: np.arctan2([b[0], b[1], 1.0], b),
    "maximum": lambda b: np.maximum(b, [b[1], 1.0, b[0]]),
    "logaddexp": lambda b: np.logaddexp(b, [b[0], b[1], 1.0]),
    "nested": lambda b: b * [[b[0], b[1], 1.0], (1, 2, b[2])],
    "arrays inside": lambda b: b * [b, b[::-1]],
    "one entry beside it": lambda b: b[:1] * [b[0], 2.0],
    "comparison": lambda b: np.where(b < [b[1], 1.0, b[0]], b * b, b),
    "comparison from the left": lambda b: np.where([b[1], 1.0, b[0]] > b, b * b, b),
    "choice": lambda b: np.where(b > 1, [b[0], b[1] * b[1], 1.0], b),
    "out": _into_out,
    "in place": _in_place,
    "outer": lambda b: np.multiply.outer([b[0], b[1]], b),
    "product of matrices": lambda b: b @ [b[0], b[1], 1.0],
    "dot": lambda b: np.dot([b[0], b[1], 1.0], b),
}


def _difference(f):
    """The gradient by central differences of a function that NumPy runs alone."""
    step = 1e-6
    moves = np.eye(3) * step
    return np.array([(f(B + move) - f(B - move)) / (2 * step) for move in moves])


@pytest.mark.parametrize("name", CASES)
def test_a_list_of_traced_values_is_the_array_that_numpy_makes_of_it_at_every_call_and_on_every_route(name):
    def f(b):
        return np.sum(CASES[name](b))

    want = _difference(f)
    gradient = wg.grad(f)
    found = [gradient(B) for _ in range(4)]
    found += [wg.compile(wg.grad(f))(B), wg.vmap(wg.grad(f))(np.stack([B, B]))[1]]
    found.append(np.array([wg.jvp(f, (B,), (e,))[1] for e in np.eye(3)]))
    found.append(wg.grad(lambda b: f(b) + 0 * np.sum(wg.grad(f)(b)))(B))
    for each in found:
        np.testing.assert_allclose(each, want, rtol=1e-6, atol=1e-7)


def test_a_list_of_numbers_stays_what_it_was():
    gradient = wg.grad(lambda b: np.sum(b * [1.0, 2.0, 3.0]))
    assert [gradient(B).tolist() for _ in range(4)] == [[1.0, 2.0, 3.0]] * 4
