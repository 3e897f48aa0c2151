"""A traced value: what it says of itself, what it refuses and where, what it captures; programs and their containers."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.dump import dump
from wengert.core.ops.evaluate import evaluate
from wengert.errors import TraceError
from wengert.functions.tracing.record import traced_program
from wengert.functions.tracing.tracer import current

Point = namedtuple("Point", "x y")


def test_a_traced_value_has_a_shape_and_a_dtype_and_no_numbers():
    seen = {}

    def f(x):
        seen.update(shape=x.shape, ndim=x.ndim, size=x.size, dtype=x.dtype, text=repr(x), len=len(x), T=x.T.shape)
        return x

    wg.trace(f)(np.ones((3, 4), np.float32))
    assert seen == {
        "shape": (3, 4),
        "ndim": 2,
        "size": 12,
        "dtype": np.dtype("float32"),
        "text": "<traced float32[3×4]>",
        "len": 3,
        "T": (4, 3),
    }


PLACE = np.zeros(())
NUMBERS = {
    "bool": (lambda x: 1.0 if x > 0 else 2.0, "truth of a traced value", "wg.cond"),
    "while": (lambda x: [x for _ in iter(lambda: x < 3, False)], "truth of a traced value", "wg.while_loop"),
    "not": (lambda x: not x, "truth of a traced value", "np.where"),
    "float": (lambda x: x.__float__(), "cannot become float", "int(n)"),
    "int": (lambda x: int(x), "cannot become int", "convert it outside"),
    "complex": (lambda x: x.__complex__(), "cannot become complex", "convert it outside"),
    "index": (lambda x: [1, 2][x], "cannot become an index", "wg.asarray(a)[i]"),
    "range": (lambda x: list(range(x)), "cannot become an index", "from outside"),
    "round": (lambda x: round(x), "cannot become a rounded number", "convert it outside"),
    "array": (lambda x: PLACE.searchsorted(x), "cannot become a NumPy array", "wg.asarray(a)[i]"),
}


@pytest.mark.parametrize(("f", "words", "repair"), NUMBERS.values(), ids=NUMBERS.keys())
def test_what_needs_the_number_is_refused_at_its_line_with_a_repair(f, words, repair):
    with pytest.raises(TraceError) as caught:
        wg.trace(f)(2.0)
    assert words in caught.value.what
    assert repair in caught.value.repair
    assert isinstance(caught.value, TypeError)


def test_the_caret_stands_under_what_was_asked_for():
    def f(ä):
        return 2 * (1 if ä > 0 else 3)

    with pytest.raises(TraceError) as caught:
        wg.trace(f)(2.0)
    line, caret = caught.value.where.split("\n")
    assert line.endswith("        return 2 * (1 if ä > 0 else 3)")
    assert line[caret.index("^") : caret.rindex("^") + 1] == "ä > 0"


def test_without_a_text_the_place_is_the_function():
    code = compile("def f(x):\n    return 1 if x > 0 else 2\n", "<typed>", "exec")
    space: dict = {}
    runner = getattr(__builtins__, "exec", None) or __builtins__["exec"]
    runner(code, space)
    with pytest.raises(TraceError) as caught:
        wg.trace(space["f"])(2.0)
    assert caught.value.where == "  in 'f'"


def test_a_value_that_outlives_its_function_is_refused():
    kept = []
    wg.trace(lambda x: kept.append(x) or x)(1.0)
    with pytest.raises(TraceError, match="after the function that it belongs to has ended"):
        kept[0] + 1
    with pytest.raises(TraceError, match="after the function that it belongs to has ended"):
        wg.grad(lambda y: y * kept[0])(2.0)
    assert current() is None


def test_a_trace_that_fails_is_closed():
    def f(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wg.grad(f)(1.0)
    assert current() is None


def test_values_of_an_outer_function_are_inputs_of_the_inner_one():
    def outer(x):
        y = np.sin(x)
        return wg.scan(lambda c, _: (c * y, None), x, length=2)[0]

    text = dump(wg.trace(outer)(0.5))
    assert "scan(x, v1, body=graph(carry 0, captured 0), carries=1, xs=0, length=2" in text


# ---------------------------------------------------------------- programs


def test_a_program_has_an_input_for_each_array_and_takes_all_else_as_it_is():
    def f(params, x, mode, *, scale=1.0, flag=True):
        assert mode == "sum"
        assert flag is True
        return {"y": params["w"] * x * scale, "z": (params["b"], None)}

    params = {"w": np.ones(3), "b": np.float32(2)}
    program = traced_program(f, (params, 2, "sum"), {"scale": 0.5, "flag": True})
    assert program.graph.input_names == ("params['b']", "params['w']", "x", "scale")
    assert program.fixed == ("sum", True)
    assert [leaf and str(leaf.type) for leaf in program.leaves] == [
        "float32[]",
        "float64[3]",
        "int64[]",
        None,
        None,
        "float64[]",
    ]
    values = {"params['b']": np.float32(2), "params['w']": np.ones(3), "x": 2, "scale": 0.5}
    y, b = evaluate(program.graph, values)
    assert y.tolist() == [1, 1, 1]
    assert b == 2
    assert program.result.num_leaves == 2


def test_every_argument_has_a_name():
    graph = wg.trace(lambda p, *rest, **more: p.x + rest[0] + more["k"])(Point(1.0, 2.0), 3.0, k=4.0)
    assert graph.input_names == ("p.x", "p.y", "argument 1", "k")


def test_a_result_that_is_known_is_a_constant():
    graph = wg.trace(lambda x: (1.5, np.arange(3), x))(1.0)
    assert [str(y.type) for y in graph.outputs] == ["float64[]", "int64[3]", "float64[]"]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**5000], ids=["2^63", "-2^63 - 1", "10^5000"])
def test_whole_numbers_beyond_int64_are_refused_and_its_ends_are_not(number):
    double = wg.compile(lambda x: x * 2)
    with pytest.raises(TraceError, match="at most 64 bits"):
        double(number)
    assert double(2**63 - 1) == -2
    assert double(-(2**63)) == 0


def test_a_result_or_argument_that_is_no_array_is_refused():
    with pytest.raises(TraceError, match="type str is no array of numbers"):
        wg.trace(lambda x: "a")(1.0)
    with pytest.raises(TraceError, match="type str is no array of numbers"):
        wg.grad(lambda x: x)("a")
    with pytest.raises(TraceError, match="dtype object cannot stand in a graph"):
        wg.trace(lambda x: x)(np.array([1, None]))


OWN_OPERATORS = {
    "a matrix": np.ones((2, 2)).view(np.matrix),
    "a masked array": np.ma.masked_array([1.0, 2.0], mask=[True, False]),
}


@pytest.mark.parametrize("array", OWN_OPERATORS.values(), ids=OWN_OPERATORS.keys())
def test_arrays_with_operators_of_their_own_are_refused_as_arguments_and_as_constants(array):
    for call in (
        lambda: wg.trace(lambda x: x * x)(array),
        lambda: wg.grad(lambda x: np.sum(x * x))(array),
        lambda: wg.trace(lambda x: np.add(x, array))(1.0),
    ):
        with pytest.raises(TraceError, match="have operators of their own"):
            call()


def test_whole_numbers_beyond_int64_are_refused_and_others_are_not():
    wide = np.array([2**63 - 1], np.uint64)
    assert wg.compile(lambda x: x)(wide) == 2**63 - 1
    for call in (wg.trace(lambda x: x / 2), lambda x: wg.trace(lambda y: y + x)(1.0)):
        with pytest.raises(TraceError, match="9223372036854775808 is beyond those of a graph"):
            call(wide + np.uint64(1))


def test_a_program_inside_of_another_function_may_not_read_its_values():
    def outer(x):
        traced_program(lambda y: y * x, (1.0,), {})
        return x

    with pytest.raises(TraceError, match="reads traced values of the function around it"):
        wg.trace(outer)(1.0)


def test_operators_with_what_is_no_number_are_pythons_errors():
    with pytest.raises(TypeError, match="unsupported operand"):
        wg.trace(lambda x: x + "a")(1.0)
    assert wg.trace(lambda x: x if x is not None and (x == None) is False else 0)(1.0)  # noqa: E711
    with pytest.raises(TypeError, match="unhashable"):
        wg.trace(lambda x: {x: 1})(1.0)
