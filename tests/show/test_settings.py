"""`--set name=value`: a grammar of its own, and nothing else is read."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thorough import rounds
from wengert.errors import DataError
from wengert.notes.show.settings import parse_setting, template


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("w=0.5", "w", 0.5),
        ("w = −1e-3", "w", -1e-3),
        ("x=[1, 2, 3]", "x", [1, 2, 3]),
        ("W=[[1,2],[3,4]]", "W", [[1, 2], [3, 4]]),
        ("w^(1)=[1/4, .5]", "w^(1)", [0.25, 0.5]),
        ("x=[]", "x", []),
        ("x=[−inf, ∞]", "x", [-np.inf, np.inf]),
    ],
)
def test_numbers_and_lists_are_read(text, name, value):
    found, array = parse_setting(text)
    assert found == name
    np.testing.assert_array_equal(array, value)


def test_integers_stay_integers():
    assert parse_setting("Y=[0, 2]")[1].dtype == np.int64
    assert parse_setting("Y=[0, 2.0]")[1].dtype == np.float64


def test_arrays_come_from_npy_files(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(6.0).reshape(2, 3))
    name, array = parse_setting(f"x={path}")
    assert (name, array.shape) == ("x", (2, 3))


def test_pickled_and_missing_files_are_refused(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.array([object()]), allow_pickle=True)
    for text in (f"x={path}", f"x={tmp_path / 'none.npy'}"):
        with pytest.raises(DataError, match="cannot be read from a file"):
            parse_setting(text)
    np.save(path, np.array(["a"]))
    with pytest.raises(DataError, match="does not hold real numbers"):
        parse_setting(f"x={path}")


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("w", "This is not a value for an input.", "^"),
        ("=3", "This is not a value for an input.", "^^"),
        ("w=abc", "This is not a number or a list of numbers.", "  ^^^"),
        ("w=__import__('os')", "This is not a number or a list of numbers.", "  ^^^^^^^^^^^^^^^^"),
        ("w=[1,2", "A bracket is not closed.", "  ^^^^"),
        ("w=[1 2]", "A comma is missing before this.", "     ^"),
        ("w=[[1],[2,3]]", "The rows of this list differ in length.", "  ^^^^^^^^^^^"),
        ("w=1.2.3", "This is not a number or a list of numbers.", "  ^^^^^"),
        ("w=1/0", "This divides by zero.", "  ^^^"),
    ],
)
def test_what_cannot_be_read_is_shown_with_a_caret(text, what, place):
    with pytest.raises(DataError) as caught:
        parse_setting(text)
    assert caught.value.what == what
    assert caught.value.where.split("\n") == [f"  {text}", f"  {place}"]
    assert caught.value.repair.startswith(("Write ", "Give ", "Separate "))


def test_deep_lists_do_not_exhaust_the_stack():
    with pytest.raises(DataError, match="nested more than 8 deep"):
        parse_setting("w=" + "[" * 100_000)


@given(st.text(max_size=40))
@settings(max_examples=rounds(20, 60), deadline=None)
def test_any_text_is_read_or_refused_with_a_data_error(text):
    with contextlib.suppress(DataError):
        parse_setting(text)


@given(st.lists(st.lists(st.floats(allow_nan=False), min_size=2, max_size=2), min_size=1, max_size=3))
def test_what_repr_writes_is_read_back(rows):
    np.testing.assert_array_equal(parse_setting(f"W={rows}")[1], np.array(rows))


def test_templates_show_what_to_write():
    assert template("w", ()) == "--set w=0.5"
    assert template("x", (3,)) == "--set x=[1,2,3]"
    assert template("W", (2, 2)) == "--set W=[[1,2],[3,4]]"
    assert template("W", (20, 30)) == "--set W=file.npy"
