"""Complex numbers and Fourier transforms in native code: the values and slopes of NumPy, nothing left to the host."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.autodiff.check import check_grads
from wengert.core.passes import pipeline
from wengert.targets.base import default
from wengert.targets.native import jit, pocketfft, pool
from wengert.targets.native.emit import emit
from wengert.targets.native.loops import interpret
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.complex_parts import RULES
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import For, Routine
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2
from wengert.targets.partition import partition

SIZES = (1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 30, 64, 97)


def size(z):
    """Σ |z|² and a term that tells the real part from the imaginary one."""
    return np.sum(np.real(z) ** 2 + np.imag(z) ** 2) + np.sum(np.real(z) - 0.5 * np.imag(z))


def convolved(x, y):
    return size(np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(y), n=x.shape[-1]))


FUNCTIONS = {
    "product": lambda x, y: size((x + 1j * y) * (y - 2j * x)),
    "quotient": lambda x, y: size((x + 1j * y) / (y + 0.5j * x + 3.0)),
    "reciprocal": lambda x, y: size(1.0 / (x + 1j * y + 3.0)),
    "powers": lambda x, y: size((x + 1j * y) ** 2 + (x - 1j * y) ** 3 + (y + 1j * x) ** 4),
    "exponential": lambda x, y: size(np.exp(0.3 * x + 1j * y)),
    "magnitude": lambda x, y: np.sum(np.abs(x + 1j * y)) + np.sum(np.abs(x - 1j * y) ** 2),
    "conjugate": lambda x, y: size(np.conj(x + 1j * y) * (x + 2j)),
    "inner product": lambda x, y: size((x + 1j * y) @ (y + 1j * x).T) if x.ndim == 2 else size(np.dot(x + 1j * y, y)),
    "joined and cut": lambda x, y: size(np.concatenate([x + 1j * y, (y - 1j * x)[..., ::-1]], -1)[..., 1:] * 2j),
    "chosen": lambda x, y: size(np.where(x > 0, x + 1j * y, y * 1j)),
    "spectrum": lambda x, y: size(np.fft.fft(x + 1j * y)),
    "inverse": lambda x, y: size(np.fft.ifft(x + 1j * y)),
    "half spectrum": lambda x, y: size(np.fft.rfft(x * y)),
    "convolution": convolved,
    "power spectrum": lambda x, y: np.sum(np.abs(np.fft.rfft(x)) ** 2 * 0.5) + np.sum(y),
    "derivative by waves": lambda x, y: size(np.fft.ifft(1j * np.fft.fftfreq(x.shape[-1]).astype(x.dtype) * np.fft.fft(x))) + np.sum(y),
    "first axis": lambda x, y: size(np.fft.fft(x + 1j * y, axis=0)),
    "there and back": lambda x, y: size(np.fft.rfft(-3.0 * np.fft.irfft(np.fft.rfft(x) * (2 + 1j), n=x.shape[-1]) * 0.5)) + np.sum(y),
}  # fmt: skip


def numbers(*shape, dtype="float64"):
    random = np.random.default_rng(shape)
    return [random.normal(size=shape).astype(dtype) for _ in range(2)]


def ready(f, *given):
    """The graph of value and slopes with its complex numbers in parts."""
    return default().prepared(pipeline.run(wg.trace(wg.value_and_grad(f, (0, 1)))(*given)))


def assert_agrees(f, given, tolerance):
    wanted = wg.compile(wg.value_and_grad(f, (0, 1)), backend="interpreter")(*(x.astype("float64") for x in given))
    value, slopes = wg.compile(wg.value_and_grad(f, (0, 1)), cache=False)(*given)
    for found, other in zip([value, *slopes], [wanted[0], *wanted[1]], strict=True):
        assert found.dtype == given[0].dtype
        np.testing.assert_allclose(found, other, rtol=tolerance, atol=tolerance * max(np.max(np.abs(other)), 1e-30))


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("n", [1, 5, 8])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-4)])
def test_values_and_slopes_are_those_of_numpy_and_all_of_it_is_code(f, n, dtype, tolerance):
    given = numbers(3, n, dtype=dtype)
    assert partition(ready(f, *given), default()) is None
    assert_agrees(f, given, tolerance)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("f", [np.fft.fft, np.fft.ifft, np.fft.rfft], ids=lambda f: f.__name__)
def test_transforms_have_the_bits_of_numpy(f, n):
    """The same functions of C run on the same numbers."""
    real, imag = numbers(2, n)
    z = real if f is np.fft.rfft else real + 1j * imag
    wanted = f(z, norm="backward" if f is not np.fft.ifft else "forward")

    def parts(x, y):
        found = f(x if f is np.fft.rfft else x + 1j * y, norm="backward" if f is not np.fft.ifft else "forward")
        return np.real(found), np.imag(found)

    re, im = wg.compile(parts, cache=False)(real, imag)
    np.testing.assert_array_equal(re + 1j * im, wanted)


@pytest.mark.parametrize("n", SIZES)
def test_slopes_of_transforms_agree_with_differences_at_every_size(n):
    given = numbers(n)
    graph = wg.trace(convolved)(*given)
    check_grads(graph, dict(zip(graph.input_names, given, strict=True)))
    assert_agrees(convolved, given, 1e-12)


def test_the_transform_of_what_was_transformed_back_is_not_made():
    def f(x, y):
        return 0.5 * np.sum(np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(y), n=x.shape[-1]) ** 2)

    graph = ready(f, *numbers(12))
    assert_agrees(f, numbers(12), 1e-12)
    assert_agrees(f, numbers(9), 1e-12)
    names = [each.name for each in statements(lower(graph).body) if isinstance(each, Routine)]
    assert (names.count("rfft_parts"), names.count("irfft_parts")) == (2, 3)


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_nests_say_what_the_code_does(f):
    given = numbers(4, 6)
    graph = ready(f, *given)
    wanted = wg.compile(wg.value_and_grad(f, (0, 1)), backend="interpreter")(*given)
    found = interpret.run(lower(graph), given)
    for one, other in zip(found, [wanted[0], *wanted[1]], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_rows_are_shared_among_threads_and_no_bit_depends_on_their_number():
    given = numbers(400, 128)
    shared = [each for each in statements(lower(ready(convolved, *given)).body) if isinstance(each, For)]
    assert any(each.kind == "parallel" and isinstance(each.body[0], Routine) for each in shared)
    both, before, found = wg.compile(wg.value_and_grad(convolved, (0, 1)), cache=False), pool.threads(), []
    try:
        for count in (1, 2):
            pool.set_threads(count)
            found.append(both(*given))
    finally:
        pool.set_threads(before)
    for one, two in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "pair", [(1e300, 1e300), (1e-300, 1e-300), (1e300, 1e-300), (0.0, 2.0), (2.0, 0.0), (0.0, 0.0), (np.inf, 1.0)]
)
def test_quotients_of_the_largest_and_smallest_numbers_are_those_of_numpy(pair):
    c, d = (np.full(3, x) for x in pair)

    def f(c, d):
        z = (1.0 + 2.0j) / (c + 1j * d)
        return np.real(z), np.imag(z)

    found = wg.compile(f, cache=False)(c, d)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, f(c, d), rtol=6e-16)


@pytest.mark.parametrize("a", [709.0, 710.0, -750.0, 0.0])
@pytest.mark.parametrize("b", [0.0, 1.5707, -3.0])
def test_large_exponentials_are_those_of_numpy(a, b):
    def f(a, b):
        z = np.exp(a + 1j * b)
        return np.real(z), np.imag(z)

    found = wg.compile(f, cache=False)(np.array([a]), np.array([b]))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, f(np.array([a]), np.array([b])), rtol=2e-15)


def test_what_has_no_rule_is_the_hosts_and_the_rest_is_code():
    def f(x, y):
        return size(np.fft.fft(np.tanh(x + 1j * y) * 2j))

    given = numbers(6)
    found = partition(ready(f, *given), default())
    assert found is not None
    hosted = {part.node.op.name for part in found.parts if part.node is not None}
    assert "tanh" in hosted
    assert hosted.isdisjoint({"fft", "multiply", "add"})
    assert "tanh" not in RULES
    assert_agrees(f, given, 1e-12)


def test_without_numpys_functions_the_host_transforms(monkeypatch):
    monkeypatch.setattr(pocketfft, "is_there", lambda: False)
    assert partition(ready(convolved, *numbers(6)), default()) is not None
    assert_agrees(convolved, numbers(6), 1e-12)


@pytest.mark.parametrize("target", [AVX512, AVX2, X86_64_V2, AARCH64], ids=["AVX-512", "AVX2", "no FMA", "AArch64"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_transforms_assemble_for_every_target(target, dtype):
    def whole(x, y):
        return sum(f(x, y) for f in FUNCTIONS.values())

    program = lower(ready(whole, *numbers(3, 20, dtype=dtype)))
    assert jit.emit_assembly(emit(program, plan(program), target).text, target)


# ---------------------------------------------------------------- complex arguments and results

OF_COMPLEX = {
    "product": lambda z: (1 - 2j) * z * z + np.conj(z),
    "quotient": lambda z: z / (z + 3.5j) + 1 / (z - 9.0),
    "exponential": lambda z: np.exp(0.3j * z),
    "in several arrays": lambda z: {"parts": (np.real(z), np.imag(z)), "sum": np.sum(z), "size": np.abs(z)},
    "spectrum": lambda z: np.fft.ifft(2 * np.fft.fft(z)),
    "slopes": wg.value_and_grad(lambda z: size(z * z)),
    "unchanged": lambda z: z,
    "cut": lambda z: z[..., :1],
    "nothing": lambda z: z[..., :0] * 2,
}


@pytest.mark.parametrize("f", OF_COMPLEX.values(), ids=OF_COMPLEX)
@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3)])
def test_complex_arguments_and_results_are_code(f, shape):
    real, imag = numbers(*shape)
    z = real + 1j * imag
    graph = default().prepared(pipeline.run(wg.trace(f)(z)))
    assert partition(default().written(graph), default()) is None
    for given in (z, np.asfortranarray(z), np.repeat(z, 2, -1)[..., ::2]):
        found, wanted = wg.compile(f, cache=False)(given), wg.compile(f, backend="interpreter")(z)
        for one, other in zip(leaves(found), leaves(wanted), strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13)


def leaves(value):
    """The arrays in tuples and dictionaries, in order."""
    if isinstance(value, dict):
        value = tuple(value.values())
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, tuple) else [np.asarray(value)]


def test_a_complex_number_is_one_too_and_results_share_no_memory_with_arguments():
    f = wg.compile(lambda z: z * z, cache=False)
    assert f(np.complex128(1 + 2j)) == -3 + 4j
    z = np.array([1 + 2j])
    wg.compile(lambda z: z, cache=False)(z)[0] = 0
    assert z[0] == 1 + 2j


def test_what_has_no_native_form_is_the_hosts_between_complex_arguments_too():
    z = np.array([1 + 2j, -3 + 0.5j])
    np.testing.assert_allclose(wg.compile(lambda z: np.arcsin(z) * 2, cache=False)(z), 2 * np.arcsin(z), rtol=1e-15)


PARTS = [0.0, -0.0, 1.0, -1.0, 0.5, -3.0, 1 + 2.0**-40, 1e-12, 1e-200, 5e-300, -1e300, 1.7e308, np.inf, -np.inf]


def everywhere():
    """Numbers of all quarters, sizes and edges, those on the cut and on the unit circle among them."""
    random, angle = np.random.default_rng(0), np.linspace(-3.1, 3.1, 100)
    edges = np.array([complex(a, b) for a in PARTS for b in PARTS])
    return np.concatenate([edges, np.exp(1j * angle), random.normal(size=200) + 1j * random.normal(size=200)])


@pytest.mark.parametrize("f", [np.log, np.sqrt], ids=lambda f: f.__name__)
def test_logarithms_and_roots_are_those_of_numpy_everywhere(f):
    """To rounding of the larger part, with the same infinities, and on the same side of the cut."""
    z = everywhere()
    assert partition(default().written(default().prepared(wg.trace(lambda z: f(z))(z))), default()) is None
    found = wg.compile(lambda z: f(z), cache=False)(z)
    with np.errstate(divide="ignore"):
        wanted = f(z)
    size = np.where(np.isfinite(wanted), np.abs(wanted), 1)
    for one, other in ((found.real, wanted.real), (found.imag, wanted.imag)):
        ends = ~np.isfinite(other)
        np.testing.assert_array_equal(one[ends], other[ends])
        assert np.all(np.abs(one[~ends] - other[~ends]) <= 1e-15 * size[~ends])
        certain = np.abs(other) > 1e-15 * size
        np.testing.assert_array_equal(np.signbit(one)[certain], np.signbit(other)[certain])
    on_the_cut = (z.real < 0) & (z.imag == 0)
    np.testing.assert_array_equal(np.signbit(found.imag)[on_the_cut], np.signbit(z.imag)[on_the_cut])


@pytest.mark.parametrize("f", [np.log, np.sqrt], ids=lambda f: f.__name__)
def test_slopes_of_logarithms_and_roots_are_code(f):
    given = [x[:, :3] + 0.1 for x in numbers(3, 4)]
    assert_agrees(lambda x, y: size(f(x + 1j * y)), given, 1e-12)
    assert partition(ready(lambda x, y: size(f(x + 1j * y)), *given), default()) is None
