"""--bind: its grammar, the arrays it yields, and its errors."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.errors import DataError
from wengert.train.binding import Expression, bind, parse_binding
from wengert.train.table import Table

COLUMNS = {
    "data": np.arange(6.0).reshape(3, 2),
    "target": np.array([2, 0, 2]),
    "age": np.array([1.0, 2.0, 3.0]),
    "mean radius": np.array([4.0, 5.0, 6.0]),
    "kind": np.array(["b", "a", "b"]),
}


def refusal(spec, names=None, **options):
    with pytest.raises(DataError) as caught:
        bind(spec, COLUMNS, names, **options)
    assert caught.value.where
    assert caught.value.repair.endswith(".")
    return caught.value


def test_every_form_is_parsed():
    spec = "x=data, t=onehot(target), w^(1)=[age, 'mean radius'], i_{k,l} = int(target), u=float(age),v=columns(all except: age, kind)"
    assert parse_binding(spec) == {
        "x": Expression("column", ("data",)),
        "t": Expression("onehot", ("target",)),
        "w^(1)": Expression("stack", ("age", "mean radius")),
        "i_{k,l}": Expression("int", ("target",)),
        "u": Expression("float", ("age",)),
        "v": Expression("except", ("age", "kind")),
    }
    assert parse_binding("") == {}


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ("x", "'x' is not of the form name=column."),
        ("x=", "'x=' is not of the form name=column."),
        ("x=a,,t=b", "A binding is empty: two commas, or one at the end."),
        ("x=a,x=b", "The name 'x' is bound twice."),
        ("x=[a", "A closing ] is missing."),
        ("x=a)", "The bracket ')' closes none."),
        ("x='a", "A closing ' is missing."),
        ("x=onehto(a)", "'onehto' is none of onehot, int, float and columns, for example 'onehot'."),
        ("x=onehot(a,b)", "'onehot(…)' takes one column, not 2."),
        ("x=onehot(a) b", "'onehot(a) b' goes on after its closing bracket."),
        ("x=[]", "'' is not the name of a column."),
        ("x=[a,[b]]", "'[b]' is not the name of a column."),
        ("x=columns(a)", "'columns(a)' is not of the form 'columns(all except a, b)'."),
    ],
)
def test_what_is_not_of_the_grammar(spec, what):
    with pytest.raises(DataError) as caught:
        parse_binding(spec)
    assert caught.value.what == what
    assert caught.value.where == f"  --bind '{spec}'"


def test_arrays_of_every_form():
    bound = bind(
        "x=data,t=onehot(target),s=[age,mean_radius],i=int(target),e=columns(all except kind, target)", COLUMNS
    )
    np.testing.assert_array_equal(bound.arrays["x"], COLUMNS["data"])
    np.testing.assert_array_equal(bound.arrays["t"], [[0, 1], [1, 0], [0, 1]])
    np.testing.assert_array_equal(bound.arrays["s"], [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(bound.arrays["e"], bound.arrays["s"])
    assert bound.arrays["i"].dtype == np.int64
    assert bound.classes == {"t": (0, 2)}
    assert bound.n == 3


def test_labels_are_bound_as_classes_only():
    bound = bind("t=onehot(kind)", COLUMNS)
    assert bound.classes == {"t": ("a", "b")}
    np.testing.assert_array_equal(bound.arrays["t"], [[0, 1], [1, 0], [0, 1]])
    assert refusal("t=kind").repair == "Bind it as classes, 't=onehot(kind)', or bind another column."


def test_numbers_become_float64_and_float32_stays():
    columns = {"a": np.ones(2, np.float32), "b": np.ones(2, np.int8), "c": np.array([True, False])}
    arrays = bind("a=a,b=b,c=c,d=float(a)", columns).arrays
    assert [arrays[name].dtype.name for name in "abcd"] == ["float32", "float64", "float64", "float64"]


def test_names_equal_to_columns_are_bound_without_a_spec():
    assert set(bind("x=data", COLUMNS, ["x", "age"]).arrays) == {"x", "age"}


def test_name_without_data_says_what_to_write():
    assert str(refusal("x=data", ["x", "t"])).split("\n") == [
        "The equations need 't', and no data is bound to it.",
        "  the data has data, target, age, mean radius, kind",
        "Write --bind 't=COLUMN', name it as a parameter with --params, or give its value with --set.",
    ]


def test_name_that_is_not_in_the_equations():
    error = refusal("y_tain=data", ["y_train"])
    assert error.what == "'y_tain' is bound to data, but it is not a free quantity of the equations."
    assert error.repair.endswith("for example 'y_train'.")


def test_missing_column_of_a_spec():
    assert refusal("x=dta", ["x"]).repair == "Write one of these names, for example 'data'."


def test_lenient_binding_leaves_out_what_has_no_column():
    table = Table("new.csv", {"age": COLUMNS["age"]})
    bound = bind("x=[age],t=onehot(target)", table, ["x", "t"], lenient=True)
    assert set(bound.arrays) == {"x"}
    assert bound.missing == {"t": "target"}


def test_known_classes_keep_their_places_and_new_ones_are_refused():
    bound = bind("t=onehot(target)", COLUMNS, classes={"t": (0, 1, 2)})
    np.testing.assert_array_equal(bound.arrays["t"], [[0, 0, 1], [1, 0, 0], [0, 0, 1]])
    error = refusal("t=onehot(target)", classes={"t": (0, 1)})
    assert error.what == "The column 'target' holds the class 2, which the training data had not."
    assert error.where == "  target, row 1; classes: 0, 1"


def test_onehot_and_int_need_whole_numbers():
    columns = {"t": np.array([1.0, 2.5])}
    for form in ("onehot", "int"):
        with pytest.raises(DataError, match=r"The column 't' holds 2.5, which is not a whole number"):
            bind(f"t={form}(t)", columns)


def test_onehot_of_too_many_classes():
    with pytest.raises(DataError, match="20000 classes for 20000 examples"):
        bind("t=onehot(t)", {"t": np.arange(20000)})


def test_different_numbers_of_examples():
    with pytest.raises(DataError) as caught:
        bind("x=a,t=b", {"a": np.ones(3), "b": np.ones(4)})
    assert caught.value.where == "  x: 3, t: 4"


@pytest.mark.parametrize("values", [np.array(1.0), np.ones((0, 2))])
def test_arrays_without_rows(values):
    with pytest.raises(DataError, match="The data for 'x'"):
        bind("x=a", {"a": values})
