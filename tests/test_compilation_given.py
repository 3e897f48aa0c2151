"""Results of compiled functions in given arrays: `out=` of a call, and `bind`, where arrays are given once."""

from __future__ import annotations

import threading
from collections import namedtuple

import numpy as np
import pytest

import wengert as wg
from wengert.errors import GraphError
from wengert.targets.native import numpy_abi

Pair = namedtuple("Pair", "value slope")
RNG = np.random.default_rng(5)


def f(x, y):
    return {"sum": np.sum(x * y), "parts": (np.tanh(x), [y @ x, x - y])}


def compiled(f, **options):
    return wg.compile(f, cache=False, **options)


def like(result):
    return {
        "sum": np.empty(()),
        "parts": (np.empty(result["parts"][0].shape), [np.empty(()), np.empty(result["parts"][0].shape)]),
    }


def flat(result):
    return [result["sum"], result["parts"][0], *result["parts"][1]]


def same(one, two):
    for a, b in zip(flat(one), flat(two), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(params=["entry", "plain"])
def way(request, monkeypatch):
    """With the emitted entry, and as on a Python whose objects are not as expected."""
    if request.param == "plain":
        monkeypatch.setattr(numpy_abi, "usable", lambda: False)


# ---------------------------------------------------------------- out=


def test_results_lie_in_the_given_arrays_and_the_given_container_comes_back(way):
    g, x, y = compiled(f), RNG.normal(size=7), RNG.normal(size=7)
    out = like(g(x, y))
    for k in range(4):  # the first call copies, later ones go by an entry of their own
        assert g(x + k, y, out=out) is out
        same(out, g(x + k, y))


def test_a_result_alone_and_named_tuples_are_given_as_they_come_back(way):
    g, x = compiled(lambda x: 2 * x), np.arange(3.0)
    h = compiled(lambda x: Pair(np.sum(x), 2 * x))
    out, pair = np.empty(3), Pair(np.empty(()), np.empty(3))
    for _ in range(3):
        assert g(x, out=out) is out
        assert h(x, out=pair) is pair
    np.testing.assert_array_equal(out, 2 * x)
    assert (pair.value, pair.slope.tolist()) == (3.0, [0.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("out", "what"),
    [
        (np.empty(3), "'out' has not the structure of the result."),
        ((np.empty(()), np.empty(4)), "  it is float64[4]; the result is float64[3]"),
        ((np.empty(()), np.empty(3, "float32")), "  it is float32[3]; the result is float64[3]"),
        ((0.0, np.empty(3)), "  it is of type float; the result is float64[]"),
    ],
)
def test_what_cannot_take_a_result_is_refused_with_what_could(out, what):
    g, x = compiled(lambda x: (np.sum(x), 2 * x)), np.arange(3.0)
    for _ in range(3):
        with pytest.raises(GraphError) as error:
            g(x, out=out)
        assert what in str(error.value).split("\n")
    with pytest.raises(GraphError):
        g.bind(x, out=out)


def test_a_read_only_array_and_two_results_in_one_place_are_refused():
    g, x = compiled(lambda x: (x + 1, 2 * x)), np.arange(3.0)
    closed, whole = np.empty(3), np.empty(5)
    closed.flags.writeable = False
    for out, what in [((closed, np.empty(3)), "'out[0]' cannot take"), ((whole[:3], whole[2:]), "share memory")]:
        for _ in range(3):
            with pytest.raises(GraphError, match=what.replace("[", r"\[").replace("]", r"\]")):
                g(x, out=out)


def test_arrays_with_gaps_and_arguments_as_their_own_results_are_right():
    g = compiled(lambda x, y: (x[::-1] + y, x * y))
    for _ in range(3):
        x, y = np.arange(5.0), np.linspace(1, 2, 5)
        wanted = g(x, y)
        gaps = np.zeros((5, 2))
        g(x, y, out=(x, gaps[:, 0]))
        np.testing.assert_array_equal(x, wanted[0])
        np.testing.assert_array_equal(gaps[:, 0], wanted[1])


def test_a_parameter_of_the_function_called_out_stays_its_own():
    g = compiled(lambda x, out: x + out)
    np.testing.assert_array_equal(g(np.ones(2), out=np.ones(2)), [2.0, 2.0])
    assert compiled(lambda **named: named["out"] * 2)(out=np.ones(1)) == 2


@pytest.mark.parametrize("options", [{"backend": "interpreter"}, {"donate": "x"}])
def test_back_ends_and_donation_copy_into_the_given_arrays(options):
    g, out = compiled(lambda x: 2 * x, **options), np.empty(3)
    for k in range(3):
        assert g(np.arange(3.0) + k, out=out) is out
        np.testing.assert_array_equal(out, 2 * (np.arange(3.0) + k))


def test_functions_that_ask_for_values_and_narrow_numbers_go_into_given_arrays_too():
    g, out = compiled(lambda x: x if x[0] > 0 else -x), np.empty(2)
    h, few = compiled(lambda x: x + x), np.empty(2, "int16")
    for sign in (1.0, -1.0, 1.0):
        g(np.array([sign, 2.0]), out=out)
        assert out.tolist() == [1.0, 2.0 * sign]
        assert h(np.array([3, int(sign)], "int16"), out=few).tolist() == [6, 2 * sign]


def test_inside_of_a_followed_function_there_is_no_place_to_write_to():
    inner, out = compiled(lambda x: 2 * x), np.empty(3)
    for made in (lambda x: inner(x, out=out), lambda x: inner.bind(x)()):
        with pytest.raises(GraphError, match="is to write into arrays"):
            compiled(made)(np.arange(3.0))


# ---------------------------------------------------------------- bind


def test_a_bound_call_reads_what_its_arrays_hold_and_writes_to_the_same_results(way):
    g, x, y = compiled(f), RNG.normal(size=7), RNG.normal(size=7)
    call = g.bind(x, y)
    first = call()
    for k in range(3):
        x[:] = RNG.normal(size=7) + k
        assert call() is first
        same(first, g(x, y))


def test_bound_results_may_be_given_and_numbers_are_taken_once(way):
    g = compiled(lambda x, k: (k * x, np.sum(x)))
    x, out = np.arange(3.0), (np.empty(3), np.empty(()))
    call = g.bind(x, 4.0, out=out)
    assert call()[0] is out[0]
    assert (out[0].tolist(), float(out[1])) == ([0.0, 4.0, 8.0], 3.0)
    number = np.array(2.0)
    call = g.bind(x, number)
    number[...] = 3.0
    assert call()[0].tolist() == [0.0, 3.0, 6.0]


def test_a_bound_donated_array_goes_on_from_call_to_call(way):
    g, x = compiled(lambda x: 2 * x, donate="x"), np.ones(3)
    call = g.bind(x)
    assert call() is x
    assert call().tolist() == [4.0, 4.0, 4.0]
    with pytest.raises(GraphError, match="takes a result that the donated argument takes"):
        g.bind(x, out=np.empty(3))


def test_what_code_cannot_do_in_place_is_bound_all_the_same():
    x, gaps = np.arange(1.0, 4.0), np.zeros((3, 2))
    itself = compiled(lambda x: x[::-1] * 2).bind(x, out=x)
    assert (itself().tolist(), itself().tolist()) == ([6.0, 4.0, 2.0], [4.0, 8.0, 12.0])
    apart = compiled(lambda x: x + 1).bind(x, out=gaps[:, 1])
    assert apart() is not None
    np.testing.assert_array_equal(gaps[:, 1], x + 1)
    asks = compiled(lambda x: x if x[0] > 0 else -x).bind(x)
    asks()
    x[0] = -1.0
    assert asks()[0] == 1.0
    hosted = compiled(lambda m: np.linalg.svd(m)[1]).bind(np.diag([3.0, 2.0]))
    np.testing.assert_allclose(hosted(), [3.0, 2.0])


def test_what_a_bound_call_meets_is_raised_as_the_interpreter_says_it():
    table, place = np.arange(3.0), np.array(1)
    call = compiled(lambda table, place: table[place]).bind(table, place)
    assert call() == 1.0
    place[...] = 7
    with pytest.raises((GraphError, IndexError)):
        call()
    place[...] = 2
    assert call() == 2.0


def test_bound_calls_of_several_threads_are_right_each_with_its_own_arrays():
    g, failed = compiled(lambda x: np.cumsum(np.sin(x))), []

    def work(seed):
        x = np.random.default_rng(seed).normal(size=20000)
        call, wanted = g.bind(x), g(x)
        failed.extend(seed for _ in range(50) if not np.array_equal(call(), wanted))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_a_second_call_of_one_bound_function_meanwhile_is_refused_and_the_first_is_right():
    def long(x):
        return wg.scan(lambda s, _: (np.sin(s) + x, s[0]), x, None, length=200_000)[0]

    x = RNG.normal(size=8)
    g = compiled(long)
    call, wanted, refused, found = g.bind(x), g(x), [], []
    thread = threading.Thread(target=lambda: found.append(call().copy()))
    thread.start()
    while thread.is_alive():
        try:
            call()
        except GraphError as error:
            refused.append(str(error))
    thread.join()
    np.testing.assert_array_equal(found[0], wanted)
    assert all("is called while it runs with these arrays" in text for text in refused)
