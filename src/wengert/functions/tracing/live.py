"""Live, what stands in for an array whose calls are put on a tape. What a call does the tape knows; here is the way there.

Most calls of a run are those of the run before, so each operator compares one key with the one that stands on the tape.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.calls import number_operator
from wengert.functions.tracing.kinds import Kind
from wengert.functions.tracing.references import MARKS, SUMS
from wengert.functions.tracing.standin import Array, NumberText, StandIn
from wengert.functions.tracing.tracer import current
from wengert.functions.tracing.views import Layout, rows_first

if TYPE_CHECKING:
    from wengert.functions.tracing.tape import Tape


class Live(StandIn):
    """The result of a call on a tape, or an argument of the function that runs.

    `place` is that of the call; ~k for the k-th input of the run.
    """

    __slots__ = ("kind", "place", "tape")
    MEANING = ("kind", "place")

    place: int
    kind: Kind
    tape: Tape

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self.kind.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        return self.kind.dtype

    @property
    def weak(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether it is a Python number, which takes the dtype of what it meets."""
        return self.kind.weak

    @property
    def type(self) -> ArrayType:
        """The type in a graph."""
        return self.kind.type

    @property
    def node(self) -> Node:
        """What stands for the value in a graph that captures it."""
        return self.tape.own(self)

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call, which is put on the tape."""
        return self.tape.call(function, args, kwargs)

    def operate(self, ufunc: Any, *operands: Any) -> Any:
        """The result of an operator of Python: of Python numbers it is one."""
        return self.tape.operate(ufunc, *operands)

    def number(self) -> Array | None:
        """The value."""
        return self.tape.number(self)

    def outcome(self, of: Callable[[Any], Any]) -> Any:
        """What bool, int or operator.index gives of the value, noted on the tape."""
        return self.tape.outcome(self, of)

    def entered(self) -> AbstractContextManager[Any]:
        """Calls go to the tape of their arguments always."""
        return nullcontext()

    def is_open(self) -> bool:
        """Whether what runs now is the function that this value belongs to."""
        return current() is self.tape

    def layout(self, *meaning: Any) -> Layout:
        """The strides of the value that this was first."""
        strides = meaning[0].strides
        if strides is None:
            return rows_first(self.shape)
        order = sorted(range(len(strides)), key=lambda axis: -abs(strides[axis]))
        return np.transpose(rows_first(tuple(self.shape[k] for k in order)), np.argsort(order))

    def is_zero_dimensional(self) -> bool:
        """Whether a value without axes is an array: an argument may be one."""
        return self.place < 0 and isinstance(self.tape.inputs[~self.place], np.ndarray)

    def __repr__(self) -> str:
        return f"<traced {self.kind.type}>"

    def __str__(self) -> str:
        return NumberText(self.tape.number(self)) if self.tape.is_open else repr(self)

    def __format__(self, form: str) -> str:
        return NumberText(format(self.tape.number(self), form)) if self.tape.is_open else repr(self)

    def __getitem__(self, index: Any) -> Any:
        if type(index) is int and len(self.kind.shape) == 1:
            return self.tape.step(("getitem", (self.place, (int, index)), ()))
        return StandIn.__getitem__(self, index)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The value of whole numbers and truth values, which have no derivative to lose; refused for others."""
        if self._is_known():
            return np.array(self.tape.asked(self), dtype=dtype)
        if self.kind.dtype.kind not in "biu" or not self.is_open():
            return StandIn.__array__(self, dtype, copy)
        return np.array(self.tape.asked(self), dtype=dtype)

    # values that depend on no argument by which is derived are known to whoever asks

    def __float__(self) -> float:
        return float(self.tape.asked(self)) if self._is_known() else StandIn.__float__(self)

    def __complex__(self) -> complex:
        return complex(self.tape.asked(self)) if self._is_known() else StandIn.__complex__(self)

    def item(self, *args: Any) -> Any:
        """The number, where it depends on no argument by which is derived; else refused."""
        return self._asked_array().item(*args) if self._is_known() else StandIn.item(self, *args)

    def tolist(self) -> Any:
        """The numbers, where they depend on no argument by which is derived; else refused."""
        return self._asked_array().tolist() if self._is_known() else StandIn.tolist(self)

    def _is_known(self) -> bool:
        return self.tape.is_given(self) or self.tape.is_constant(self)

    def constant(self) -> Any:
        """The value, where it depends on no argument; else None."""
        return self._asked_array() if self._is_known() else None

    def _asked_array(self) -> Array:
        return np.asarray(self.tape.asked(self))

    def __getattr__(self, name: str) -> Any:
        try:
            return StandIn.__getattr__(self, name)
        except AttributeError:
            if name.startswith("__") or name in self.__slots__ or not self.tape.is_given(self):
                raise
            return getattr(self.tape.asked(self), name)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if len(inputs) != 1 or kwargs or method != "__call__":
            return StandIn.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)
        return _unary(self, ufunc)


_new: Callable[[type[Live]], Live] = Live.__new__


def _unary(x: Live, ufunc: np.ufunc) -> Any:
    key = ufunc, x.place
    tape = x.tape
    place = tape.position
    try:
        hit = tape.keys[place] == key
    except IndexError:
        hit = False
    if not hit or ufunc.nout > 1:
        return tape.missed(key)
    tape.position = place + 1
    made = _new(Live)
    made.place = place
    made.kind = tape.kinds[place]
    made.tape = tape
    return made


class LiveNumber(Live):
    """A Python number among them: operators between it and other numbers give Python numbers."""

    __slots__ = ()


def _forward(ufunc: np.ufunc) -> Callable[[Live, Any], Any]:
    """x ∘ other, put on the tape of x."""
    always = ufunc in SUMS

    def operator(self: Live, other: Any) -> Any:
        tape = self.tape
        kind = type(other)
        if (kind is Live or kind is LiveNumber) and other.tape is tape:
            key = ufunc, self.place, other.place
        elif kind is float:
            if other in MARKS and (always or tape.root.takes_marks):
                key = ufunc, self.place, (float, other)
            else:
                key = ufunc, self.place, ~len(tape.inputs)
                tape.inputs.append(other)
        elif kind is int:
            key = ufunc, self.place, (int, other)
        else:
            return tape.operate(ufunc, self, other)
        place = tape.position
        try:
            hit = tape.keys[place] == key
        except IndexError:
            hit = False
        if not hit:
            return tape.missed(key)
        tape.position = place + 1
        made = _new(Live)
        made.place = place
        made.kind = tape.kinds[place]
        made.tape = tape
        return made

    return operator


def _backward(ufunc: np.ufunc) -> Callable[[Live, Any], Any]:
    """other ∘ x, put on the tape of x."""
    always = ufunc in SUMS

    def operator(self: Live, other: Any) -> Any:
        tape = self.tape
        if type(other) is float:
            if other in MARKS and (always or tape.root.takes_marks):
                key = ufunc, (float, other), self.place
            else:
                key = ufunc, ~len(tape.inputs), self.place
                tape.inputs.append(other)
        elif type(other) is int:
            key = ufunc, (int, other), self.place
        else:
            return tape.operate(ufunc, other, self)
        place = tape.position
        try:
            hit = tape.keys[place] == key
        except IndexError:
            hit = False
        if not hit:
            return tape.missed(key)
        tape.position = place + 1
        made = _new(Live)
        made.place = place
        made.kind = tape.kinds[place]
        made.tape = tape
        return made

    return operator


def _of_numbers(ufunc: np.ufunc, swapped: bool) -> Callable[[Live, Any], Any]:
    """x ∘ other of a Python number x, or other ∘ x, put on the tape of x."""
    always = ufunc in SUMS
    between = number_operator(ufunc)

    def operator(self: Live, other: Any) -> Any:
        tape, place = self.tape, self.place
        kind = type(other)
        if kind is Live and other.tape is tape:
            return tape.step((ufunc, other.place, place) if swapped else (ufunc, place, other.place))
        if kind is LiveNumber and other.tape is tape:
            reference: Any = other.place
        elif kind is float:
            if other in MARKS and (always or tape.root.takes_marks):
                reference = float, other
            else:
                reference = ~len(tape.inputs)
                tape.inputs.append(other)
        elif kind is int:
            reference = int, other
        else:
            return tape.operate(ufunc, other, self) if swapped else tape.operate(ufunc, self, other)
        return tape.step((between, (reference, place) if swapped else (place, reference), ()))

    return operator


_MINUS = number_operator(np.negative)


def _power(self: Live, other: Any) -> Any:
    """x to a power; one that is a number is taken for granted."""
    if type(other) in (int, float):
        return self.tape.step((np.power, self.place, (type(other), other)))
    if type(other) is LiveNumber and self.tape.is_given(other):
        return _power(self, other.item())
    return self.tape.operate(np.power, self, other)


for _name, _ufunc in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide}.items():
    setattr(Live, f"__{_name}__", _forward(_ufunc))
    setattr(Live, f"__r{_name}__", _backward(_ufunc))
    for _side in ("", "r"):
        setattr(LiveNumber, f"__{_side}{_name}__", _of_numbers(_ufunc, swapped=_side == "r"))
Live.__neg__ = lambda self: _unary(self, np.negative)
Live.__pow__ = _power
LiveNumber.__neg__ = lambda self: self.tape.step((_MINUS, (self.place,), ()))
LiveNumber.__pow__ = StandIn.__pow__
