"""What cannot be derived is said with the line of the function where it stands, though it is found out after the function has run."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

import wengert as wg
from wengert.errors import GraphError, TraceError

X = np.array([1.0, 2.0])
DERIVATIVES = {
    "grad": lambda f, x: wg.grad(f)(x),
    "vjp": lambda f, x: wg.vjp(f, x)[1](1.0),
    "jvp": lambda f, x: wg.jvp(f, (x,), (np.ones_like(x),)),
    "hessian": lambda f, x: wg.hessian(f)(x),
}


def by_order(v):
    scaled = 2 * v
    found = scipy.special.jv(v, scaled)  # here
    return np.sum(found)


def full_factor(a):
    u, s, _ = np.linalg.svd(np.stack([a, 2 * a[::-1], a * a]))  # here
    return np.sum(u) + np.sum(s)


@pytest.mark.parametrize(("f", "error"), [(by_order, TraceError), (full_factor, GraphError)])
@pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
def test_the_line_is_that_of_the_function_at_every_call(f, error, derivative):
    for _ in range(4):
        with pytest.raises(error, match=r"# here") as raised:
            derivative(f, X)
        assert len(str(raised.value).splitlines()[2].strip("^ ")) == 0


def test_the_line_is_that_of_the_function_where_numbers_are_watched():
    with wg.check_nans(), pytest.raises(TraceError, match=r"# here"):
        wg.grad(by_order)(X)


def test_nested_derivatives_name_the_line_of_the_derivative_inside():
    def inside(x):
        return wg.grad(lambda v: scipy.special.jv(v, 2.0))(x)

    with pytest.raises(TraceError, match=r"scipy\.special\.jv\(v, 2\.0\)"):
        wg.grad(inside)(1.0)


def test_a_line_is_that_of_the_path_that_was_taken():
    def f(x):
        if x > 0:
            return scipy.special.jv(x, 1.0)  # above
        return scipy.special.jv(x, 1.0)  # below

    for x, line in ((1.0, "above"), (-1.0, "below"), (1.0, "above"), (-1.0, "below")):
        with pytest.raises(TraceError, match=rf"# {line}"):
            wg.grad(f)(x)


def test_what_is_followed_again_leaves_no_line_behind():
    with pytest.raises(TraceError, match=r"# here"):
        wg.grad(by_order)(X)
    with pytest.raises(TraceError, match=r"argnums=3"):
        wg.grad(by_order, argnums=3)(X)
    with pytest.raises(TraceError, match=r"wg\.grad\(by_order, argnums=3\)"):
        wg.grad(by_order, argnums=3)(X)
