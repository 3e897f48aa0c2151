"""The layout of Python's and NumPy's objects is tried out before it is relied on."""

from __future__ import annotations

import sysconfig

import numpy as np
import pytest

from wengert.core.ir.types import ArrayType
from wengert.targets.native import entry, numpy_abi
from wengert.targets.native.calls import PlainCall
from wengert.targets.native.signature import Input, Signature

COPY = """
define i32 @program(ptr %inputs, ptr %outputs, ptr %arena) {
  %i = load ptr, ptr %inputs
  %x = load double, ptr %i
  %o = load ptr, ptr %outputs
  store double %x, ptr %o
  ret i32 0
}
"""


def test_this_python_and_this_numpy_look_as_expected():
    assert numpy_abi.usable.__wrapped__() == (not sysconfig.get_config_var("Py_GIL_DISABLED"))


@pytest.mark.parametrize(
    "name",
    ["TYPE", "SIZE", "TUPLE_ITEMS", "BYTES", "VALUE", "ARRAY_DATA", "ARRAY_RANK", "ARRAY_DESCR", "ARRAY_FLAGS"],
)
def test_a_field_that_lies_elsewhere_is_noticed(monkeypatch, name):
    monkeypatch.setattr(numpy_abi, name, getattr(numpy_abi, name) + (1 if name == "BYTES" else 8))
    assert not numpy_abi.usable.__wrapped__()


@pytest.mark.parametrize("name", ["WRITEABLE", "C_CONTIGUOUS", "ALIGNED"])
def test_a_flag_with_another_bit_is_noticed(monkeypatch, name):
    monkeypatch.setattr(numpy_abi, name, 0x0010)
    assert not numpy_abi.usable.__wrapped__()


def test_a_table_of_functions_that_says_something_else_is_noticed(monkeypatch):
    monkeypatch.setattr(numpy_abi, "symbols", lambda: {**numpy_abi.symbols.__wrapped__(), "PyArray_Type": id(int)})
    assert not numpy_abi.usable.__wrapped__()


def test_a_missing_function_is_noticed(monkeypatch):
    monkeypatch.setattr(numpy_abi, "_PYTHON", (*numpy_abi._PYTHON, "PyNothing_New"))
    assert "PyNothing_New" not in numpy_abi.symbols.__wrapped__()
    assert not numpy_abi.usable.__wrapped__()


def test_where_the_layout_is_another_calls_are_made_in_python(monkeypatch):
    monkeypatch.setattr(numpy_abi, "usable", lambda: False)
    signature = Signature((Input("x", ArrayType()),), (ArrayType(),))
    f = entry.build(COPY, signature, lambda *args: "slow", cache=False)
    assert isinstance(type(f).__dict__["__call__"], PlainCall)
    assert f(np.float64(2.5)) == 2.5
    assert f("text") == "slow"
