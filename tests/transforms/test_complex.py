"""Complex numbers: gradients are ∂L/∂x − i ∂L/∂y, analytic functions have one derivative, and nothing loses an imaginary part."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.graph import Graph
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes import pipeline
from wengert.errors import CheckError, ShapeError, TraceError

Z = np.array([1 + 2j, -0.5 + 0.3j, -1.2 - 0.7j])


def close(a, b, rtol=1e-12):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-13)


# ---------------------------------------------------------------- the convention


REAL_OF_COMPLEX = {
    "|z|²": (lambda z: np.abs(z) ** 2, lambda z: 2 * z.conj()),
    "|z|": (np.abs, lambda z: z.conj() / abs(z)),
    "Re z": (np.real, np.ones_like),
    "Im z": (np.imag, lambda z: np.full_like(z, -1j)),
    "the angle": (np.angle, lambda z: -1j / z),
    "z z*": (lambda z: (z * np.conj(z)).real, lambda z: 2 * z.conj()),
    "Re z²": (lambda z: np.real(z**2), lambda z: 2 * z),
    "Im e^z": (lambda z: np.exp(z).imag, lambda z: -1j * np.exp(z)),
    "log |z|": (lambda z: np.log(np.abs(z)), lambda z: 1 / z),
}


@pytest.mark.parametrize(("f", "slope"), REAL_OF_COMPLEX.values(), ids=REAL_OF_COMPLEX.keys())
def test_a_gradient_is_that_by_the_real_part_less_i_times_that_by_the_imaginary_one(f, slope):
    close(wg.grad(lambda z: np.sum(f(z)))(Z), slope(Z))
    close([wg.grad(f)(z) for z in Z], slope(Z))
    close(wg.compile(wg.grad(lambda z: np.sum(f(z))))(Z), slope(Z))


def test_the_gradient_by_a_real_argument_is_real():
    gradient = wg.grad(lambda x: np.sum(np.abs(np.exp(1j * x) + x) ** 2))(Z.real)
    assert gradient.dtype == np.float64
    x = Z.real
    close(gradient, 2 * x + 2 * np.cos(x) - 2 * x * np.sin(x))


def test_forward_mode_moves_both_parts():
    y, moved = wg.jvp(lambda z: z * np.conj(z), (Z,), (1j * np.ones(3),))
    close(y, np.abs(Z) ** 2)
    close(moved, 2 * Z.imag)


def test_second_derivatives_are_gradients_of_gradients():
    def f(z):
        return np.sum(np.abs(z) ** 4)

    v = np.array([1 - 1j, 0.5j, 2.0])
    ahead = wg.jvp(wg.grad(f), (Z,), (v,))[1]
    h = 1e-6
    close(ahead, (wg.grad(f)(Z + h * v) - wg.grad(f)(Z - h * v)) / (2 * h), 1e-8)


# ---------------------------------------------------------------- analytic functions

ANALYTIC = {
    np.exp: mpmath.exp,
    np.exp2: lambda z: mpmath.mpf(2) ** z,
    np.expm1: mpmath.expm1,
    np.log: mpmath.log,
    np.log2: lambda z: mpmath.log(z, 2),
    np.log10: mpmath.log10,
    np.log1p: lambda z: mpmath.log(1 + z),
    np.sqrt: mpmath.sqrt,
    np.reciprocal: lambda z: 1 / z,
    np.sin: mpmath.sin,
    np.cos: mpmath.cos,
    np.tan: mpmath.tan,
    np.arcsin: mpmath.asin,
    np.arccos: mpmath.acos,
    np.arctan: mpmath.atan,
    np.sinh: mpmath.sinh,
    np.cosh: mpmath.cosh,
    np.tanh: mpmath.tanh,
    np.arcsinh: mpmath.asinh,
    np.arccosh: mpmath.acosh,
    np.arctanh: mpmath.atanh,
}
POINTS = (0.7 + 0.4j, -0.6 + 1.1j, -1.7 - 0.8j, 1.4 - 2.1j)


@pytest.mark.parametrize("ufunc", ANALYTIC, ids=lambda ufunc: ufunc.__name__)
def test_the_derivative_of_an_analytic_function_is_mpmaths(ufunc):
    first = wg.holomorphic_grad(ufunc)
    second = wg.holomorphic_grad(first)
    with mpmath.workdps(40):
        for z in POINTS:
            close(first(z), complex(mpmath.diff(ANALYTIC[ufunc], z)), 1e-11)
            close(second(z), complex(mpmath.diff(ANALYTIC[ufunc], z, 2)), 1e-10)


def test_a_complex_power_has_the_principal_value_by_both_arguments():
    w = 0.3 - 1.2j
    for z in POINTS:
        close(wg.holomorphic_grad(np.power)(z, w), w * z ** (w - 1))
        close(wg.holomorphic_grad(np.power, 1)(z, w), np.log(z) * z**w)
        close(wg.holomorphic_grad(lambda z: z**3)(z), 3 * z**2)
        close(wg.holomorphic_grad(lambda z: z**0.5)(z), 0.5 / np.sqrt(z))


def test_entries_of_arrays_have_their_derivatives():
    close(wg.holomorphic_grad(lambda z: np.sum(np.sin(z)))(Z), np.cos(Z))
    close(wg.elementwise_grad(np.sin)(Z), np.cos(Z))


@pytest.mark.parametrize("f", [np.conj, lambda z: z * np.conj(z), lambda z: z * np.abs(z), lambda z: np.real(z) + 0j])
def test_what_is_not_analytic_has_no_derivative(f):
    with pytest.raises(CheckError, match="is not analytic"):
        wg.holomorphic_grad(f)(1 + 2j)
    with pytest.raises(CheckError, match="is not analytic"):
        wg.elementwise_grad(f)(Z)
    with pytest.raises(CheckError, match="is not analytic"):
        wg.jacobian(f)(Z)


# ---------------------------------------------------------------- matrices


def test_the_jacobian_of_a_transform_is_its_matrix():
    rows = np.exp(-2j * np.pi * np.outer(np.arange(3), np.arange(3)) / 3)
    close(wg.jacobian(np.fft.fft)(Z), rows)
    close(wg.jacobian(np.fft.rfft)(Z.real), rows[:2])
    close(wg.jacobian(lambda x: 1j * x)(Z.real), 1j * np.eye(3))
    close(wg.jacobian(np.abs)(Z), np.diag(Z.conj() / np.abs(Z)))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: wg.grad(lambda z: z * z)(1j), ShapeError, "gradient is that of a real number"),
        (lambda: wg.value_and_grad(np.sum)(Z), ShapeError, "gradient is that of a real number"),
        (lambda: wg.holomorphic_grad(np.sum)(Z.real), TraceError, "does not hold complex numbers"),
        (lambda: wg.holomorphic_grad(np.sin)(Z), ShapeError, "needs one complex number"),
        (lambda: wg.elementwise_grad(lambda x: 1j * x)(Z.real), TraceError, "does not hold complex numbers"),
        (lambda: wg.hessian(lambda z: np.sum(np.abs(z)))(Z), ShapeError, "matrix of second derivatives"),
        (lambda: wg.jacobian(np.abs, mode="forward")(Z), ShapeError, "is not made in forward mode"),
        (lambda: wg.jacobian(lambda x: 1j * x, mode="reverse")(Z.real), ShapeError, "not made in reverse mode"),
        (lambda: wg.jacobian(lambda z: (z, np.abs(z)))(Z), ShapeError, "lose imaginary parts"),
        (lambda: wg.vjp(np.sin, Z.real)[1](Z), TraceError, "complex where"),
        (lambda: wg.jvp(np.sin, (Z.real,), (Z,)), TraceError, "complex where"),
        (lambda: wg.grad(lambda z: np.sum(np.maximum(z, 1j).real))(Z), TraceError, "by their real parts first"),
    ],
)
def test_what_would_lose_a_part_is_refused(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in caught.value.what
    assert caught.value.where
    assert caught.value.repair


# ---------------------------------------------------------------- kinks


def test_the_modulus_has_the_slope_0_at_0():
    close(wg.grad(lambda z: np.sum(np.abs(z)))(np.array([0j, 3 + 4j])), [0, 0.6 - 0.8j])
    close(wg.grad(np.abs)(0j), 0)


def test_a_mask_annihilates_what_is_infinite():
    def f(z):
        return np.sum(np.where(np.abs(z) > 0, np.log(z), 0).real)

    close(wg.grad(f)(np.array([0j, 2j])), [0, -0.5j])
    close(wg.jvp(f, (np.array([0j, 2j]),), (np.ones(2) + 0j,))[1], 0)


def test_a_real_part_of_0_is_not_0():
    close(wg.grad(lambda z: np.sum(np.abs(np.sqrt(z)) ** 2))(np.array([2j, -2j])), [-1j, 1j])


# ---------------------------------------------------------------- on the way


def test_python_numbers_are_weak():
    single = Z.astype(np.complex64)
    for f in (lambda z: 1j * z, lambda z: z + 2, lambda z: z**2.0, lambda z: np.where(np.abs(z) > 1, z, 0.5j)):
        assert wg.compile(f)(single).dtype == f(single).dtype == np.complex64
    x = np.float32([1, 2])
    assert wg.compile(lambda x: 1j * x)(x).dtype == (1j * x).dtype == np.complex64


def test_parts_are_written_in_place():
    def f(z):
        y = 2 * z
        y.real[0] = 3.0
        y.imag[1:] *= 2
        y.imag = y.imag + z.real
        return np.sum(np.abs(y) ** 2)

    def by_hand(z):
        x = np.concatenate([np.full_like(z.real[:1], 3.0), 2 * z.real[1:]])
        y = np.concatenate([2 * z.imag[:1], 4 * z.imag[1:]]) + z.real
        return np.sum(x**2 + y**2)

    close(wg.grad(f)(Z), wg.grad(by_hand)(Z))
    close(wg.compile(f)(Z), by_hand(Z))


def test_loops_and_branches_carry_complex_numbers():
    def julia(c):
        return np.abs(wg.fori_loop(0, 5, lambda k, z: z**2 + c, 0.1j + 0 * c)) ** 2

    def unrolled(c):
        z = 0.1j + 0 * c
        for _ in range(5):
            z = z**2 + c
        return np.abs(z) ** 2

    c = 0.3 - 0.2j
    close(wg.grad(julia)(c), wg.grad(unrolled)(c))
    close(wg.compile(wg.grad(julia))(c), wg.grad(unrolled)(c))
    turned = wg.grad(lambda z: wg.cond(np.abs(z) > 1, lambda z: (z * z).real, lambda z: z.imag, z))
    close([turned(2 + 1j), turned(0.1j)], [4 + 2j, -1j])


def test_batches_of_complex_numbers():
    close(wg.vmap(wg.grad(lambda z: np.abs(z) ** 2))(Z), 2 * Z.conj())
    close(wg.vmap(np.fft.fft)(np.outer(Z, Z)), np.fft.fft(np.outer(Z, Z)))


def test_real_if_close_is_what_numpy_makes_of_the_numbers():
    f = wg.grad(lambda z: np.sum(np.real_if_close(z**2).real))
    close(f(Z), 2 * Z)
    close(f(Z.real + 0j), 2 * Z.real)


# ---------------------------------------------------------------- what runs

REAL_RULES = {
    "√z²": lambda z: np.sqrt(z * z),
    "√z ²": lambda z: np.sqrt(z) ** 2,
    "log e^z": lambda z: np.log(np.exp(4 * z)),
    "e^log z": lambda z: np.exp(np.log(z)),
    "1/(1 + e^−z)": lambda z: 1 / (1 + np.exp(-z)),
    "log(1 + e^z)": lambda z: np.log(1 + np.exp(3 * z)),
    "log Σ e^z": lambda z: np.log(np.sum(np.exp(z))),
    "e^z/Σ e^z": lambda z: np.exp(z) / np.sum(np.exp(z)),
    "(z^a)^b": lambda z: (z**2) ** 0.5,
    "√|z|²": lambda z: np.sqrt(z * np.conj(z)),
    "z/|z|": lambda z: z / np.abs(z),
    "e^(z + w)": lambda z: np.exp(z) * np.exp(2 * z),
    "log z²": lambda z: np.log(z**2),
    "moved": lambda z: np.sum(-(z.reshape(1, 3).T) * 2, axis=1) / 4,
}


@pytest.mark.parametrize("f", REAL_RULES.values(), ids=REAL_RULES.keys())
def test_what_holds_for_real_numbers_is_not_done_to_complex_ones(f):
    graph = wg.trace(f)(Z)
    after = pipeline.run(graph)
    for each in (graph, after):
        (y,) = evaluate(each, {each.input_names[0]: Z})
        close(y, f(Z))
    assert np.asarray(wg.compile(f)(Z)).dtype == np.complex128
    close(wg.compile(f)(Z), f(Z))


def test_compiled_functions_mix_real_and_complex_results():
    def f(z, x):
        spectrum = np.fft.rfft(x)
        return {"power": np.abs(spectrum) ** 2, "sum": np.sum(x * x), "z": z + x, "same": z}, 1j

    x = np.array([0.5, -1.0, 2.0])
    found, expected = wg.compile(f)(Z, x), f(Z, x)
    assert found[1] == 1j
    for name, value in expected[0].items():
        assert np.asarray(found[0][name]).dtype == np.asarray(value).dtype
        close(found[0][name], value)
    assert not np.shares_memory(found[0]["same"], Z)


def test_a_folded_constant_keeps_its_imaginary_part():
    graph = wg.trace(lambda z: z * (np.exp(np.full_like(z, 2j)) + 1))(Z)
    after = pipeline.run(graph)
    assert isinstance(after, Graph)
    close(evaluate(after, {after.input_names[0]: Z})[0], Z * (np.exp(2j) + 1))


def test_python_numbers_are_weak_where_a_function_is_only_run():
    x = np.float32([1, 2])
    for number in (2.0, 1.5 + 1j):
        y, _ = wg.vjp(lambda c: 1j * c * x, number)
        assert y.dtype == (1j * number * x).dtype == np.complex64


def square(z):
    return np.abs(z) ** 2


def test_the_check_of_derivatives_moves_both_parts():
    assert wg.check_grads(lambda z: np.abs(np.fft.fft(z)) ** 2, (Z,)).checks > 10
    wrong = wg.primitive(square, check=False).defvjp(lambda ans, z: lambda g: 2 * g * z)
    with pytest.raises(CheckError, match="is wrong"):
        wg.check_grads(wrong, (Z,), order=1)


def test_a_rule_without_its_conjugate_is_caught_where_it_is_used():
    wrong = wg.primitive(square).defvjp(lambda ans, z: lambda g: 2 * g * z)
    with pytest.raises(CheckError, match="rule 'defvjp'"):
        wg.grad(lambda z: np.sum(wrong(z)))(Z)
    right = wg.primitive(square).defvjp(lambda ans, z: lambda g: 2 * g * np.conj(z))
    close(wg.grad(lambda z: np.sum(right(z)))(Z), 2 * Z.conj())
    close(wg.jvp(right, (Z,), (1j * np.ones(3),))[1], 2 * Z.imag)


def test_a_real_tangent_of_a_complex_number_may_itself_be_differentiated():
    z, v, h = 1.1 + 1.2j, 0.3, 1e-6

    def along(z, v):
        return wg.jvp(np.abs, (z,), (v,))[1]

    value, slope = wg.jvp(along, (z, v), (1j, 1.0))
    np.testing.assert_allclose(value, v * z.real / abs(z), rtol=1e-14)

    def by_hand(t):
        return (v + t) * z.real / abs(z + t * 1j)

    np.testing.assert_allclose(slope, (by_hand(h) - by_hand(-h)) / (2 * h), atol=1e-8)
    _, pullback = wg.vjp(along, z, v)
    np.testing.assert_allclose(pullback(1.0)[1], z.real / abs(z), rtol=1e-14)


def test_the_root_of_a_complex_sum_of_squares_has_its_derivative_on_every_route():
    def f(p):
        z = np.sqrt((p[0] * 1j - p[1]) ** 2 + p[0] ** 2 * (p[1] * 1j + p[1] ** 2))
        return np.real(z) + np.imag(np.sqrt(z**2 + 1.0))

    p = np.array([0.7, 1.3])
    expected = [(8 * (f(p + h) - f(p - h)) - (f(p + 2 * h) - f(p - 2 * h))) / 12e-3 for h in 1e-3 * np.eye(2)]
    for gradient in (wg.grad(f), wg.compile(wg.grad(f))):
        np.testing.assert_allclose(gradient(p), expected, rtol=1e-9)
