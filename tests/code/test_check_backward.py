"""check_backward: right passes hold, one mistake is one line, and what is no gradient is refused in three lines."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from tests.code import pairs
from wengert.errors import CheckError

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape)


INPUTS = {
    "affine": (normal(4, 2, 3), normal(6, 5), normal(5)),
    "relu": (normal(4, 5),),
    "batchnorm": (normal(6, 5), normal(5), normal(5)),
    "layernorm": (normal(4, 6), normal(6), normal(6)),
    "conv": (normal(2, 3, 5, 4), normal(2, 3, 3, 3), normal(2)),
    "dropout": (normal(4, 5),),
    "attention": (normal(4, 3), normal(4, 3), normal(4, 5)),
    "embedding": (np.array([[0, 2], [2, 1]]), normal(3, 4)),
    "rnn": (normal(2, 3, 4), normal(2, 5), normal(4, 5), normal(5, 5), normal(5)),
}


@pytest.mark.parametrize("name", INPUTS)
def test_right_passes_hold(name):
    report = wg.check_backward(getattr(pairs, f"{name}_forward"), getattr(pairs, f"{name}_backward"), *INPUTS[name])
    assert report.holds, report.text()
    assert set(report.judged[0].results.values()) <= {"right", "value"}


def test_a_loss_with_its_gradient_in_one_function_holds():
    report = wg.check_backward(pairs.softmax_loss, None, normal(5, 3), np.array([0, 2, 1, 1, 0]))
    assert report.judged[0].results == {"dx": "right"}


def test_methods_of_an_object_are_judged_and_leave_it_as_it_was():
    layer = pairs.Linear(normal(4, 3), normal(3))
    report = wg.check_backward(layer.forward, layer.backward, normal(5, 4))
    assert report.judged[0].results == {"dx": "right", "self.dW": "right", "self.db": "right"}
    assert not hasattr(layer, "dW")


def test_single_precision_is_judged_in_double():
    report = wg.check_backward(
        pairs.affine_forward, pairs.affine_backward, *(v.astype(np.float32) for v in INPUTS["affine"])
    )
    assert report.holds


def sine(x):
    y = np.sin(x)
    return y


def sine_backward(dy, x):
    dx = dy * np.sin(x)
    return dx


def test_the_slope_of_another_function_is_named_and_mended():
    (row,) = [r for r in wg.check_backward(sine, sine_backward, normal(4)).judged[0].rows if r.status == "wrong"]
    assert (row.text, row.kind, row.corrected) == ("dx = dy * np.sin(x)", "slope", "dx = dy * np.cos(x)")


def two_layers(x, w, b, v):
    z = x @ w + b
    h = np.tanh(z)
    y = h @ v
    return y, (x, h, v)


def two_mistakes(dy, cache, w):
    x, h, v = cache
    dv = h.T @ dy
    dh = dy @ v.T
    dz = dh * (1 - h)
    dw = x.T @ dz
    db = np.mean(dz, axis=0)
    dx = dz @ w.T
    return dx, dw, db, dv


def test_two_mistakes_are_two_lines_and_what_follows_takes_the_earlier_one_as_mended():
    report = wg.check_backward(two_layers, two_mistakes, normal(4, 3), normal(3, 5), normal(5), normal(5, 2))
    wrong = [(r.text, r.kind, r.corrected) for r in report.judged[0].rows if r.status == "wrong"]
    assert wrong == [
        ("dz = dh * (1 - h)", "slope", "dz = dh * (1 - h ** 2)"),
        ("db = np.mean(dz, axis=0)", "mean", "db = np.sum(dz, axis=0)"),
    ]


def test_a_report_prints_its_lines_and_is_data():
    report = wg.check_backward(sine, sine_backward, normal(4))
    assert "write:  dx = dy * np.cos(x)" in str(report)
    assert report.to_json()["counts"] == {"holds": 0, "wrong": 1, "defined": 0, "unread": 0}


def gives_none(dy, x):
    return None


def gives_integers(dy, x):
    dx = np.ones(x.shape, dtype=int)
    return dx


def gives_nan(dy, x):
    dx = dy * np.cos(x) * np.nan
    return dx


def product_of_two(x, z):
    return np.sin(x) * z


def gives_no_names(dy, x, z):
    return (dy * 2.0 * x * x, dy * 3.0)


def gives_twice_its_gradient(dy, x):
    return 2 * dy * np.cos(x)


@pytest.mark.parametrize(
    ("backward", "says"),
    [
        (gives_none, "'gives_none' gives None for 'return[0]'."),
        (gives_integers, "'gives_integers' gives int64 for 'dx', where a gradient is a real number."),
        (gives_nan, "'gives_nan' gives NaN or infinity for 'dx'."),
    ],
)
def test_what_is_no_gradient_is_refused_in_three_lines(backward, says):
    with pytest.raises(CheckError) as caught:
        wg.check_backward(sine, backward, normal(4))
    lines = str(caught.value).split("\n")
    assert lines[0] == says
    assert len(lines) == 3


def test_results_without_names_are_refused_where_there_are_several_inputs():
    with pytest.raises(CheckError, match="No result of the backward pass has a name that says of which input"):
        wg.check_backward(product_of_two, gives_no_names, normal(4), normal(4))


def test_a_result_without_a_name_is_the_gradient_of_the_only_input():
    assert not wg.check_backward(sine, gives_twice_its_gradient, normal(4)).holds


def test_inputs_that_are_not_finite_are_refused():
    with pytest.raises(CheckError, match=r"The input 'x' is not finite\."):
        wg.check_backward(sine, sine_backward, np.array([1.0, np.nan]))


def random_forward(x):
    return x * np.random.default_rng().standard_normal(x.shape)


def test_a_forward_that_draws_new_numbers_is_refused():
    with pytest.raises(CheckError, match="gives other numbers when it is run again"):
        wg.check_backward(random_forward, sine_backward, normal(4))
