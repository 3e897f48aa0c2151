"""Tape: the calls of a function that runs, each with the values that it reads, so that they can be differentiated afterwards.

A run begins by comparing its calls with those of earlier runs, without a value. Where a value is asked for, or a call is new, the
calls so far are done by NumPy, and so is each that follows. The tape knows no derivative and no program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, input_node
from wengert.functions.tracing import references
from wengert.functions.tracing.array_writes import added_at, updated
from wengert.functions.tracing.call_inputs import CallInputs
from wengert.functions.tracing.calls import (
    META,
    asks,
    computed,
    dummies,
    indexed,
    needs_values,
    number_operator,
    runs_with,
    shaped,
)
from wengert.functions.tracing.foreign import is_foreign, taken
from wengert.functions.tracing.given import Given, is_left_to_numpy
from wengert.functions.tracing.held import CapturedArrays
from wengert.functions.tracing.kinds import Kind, Several, kind_of
from wengert.functions.tracing.listed import with_arrays
from wengert.functions.tracing.live import Live, LiveNumber
from wengert.functions.tracing.paths import Path, Root
from wengert.functions.tracing.source import own_error
from wengert.functions.tracing.standin import UFUNCS, Array, StandIn, is_traced
from wengert.functions.tracing.tracer import OPEN, Traced
from wengert.memory import refused

LONGEST = 100_000
"""Runs of more calls are not remembered."""
NOTHING: Any = range(sys.maxsize)
"""In place of the calls that are expected, where they are computed: a number at every place, which is no call."""
OPERANDS = (StandIn, np.ndarray, np.generic, int, float, complex, list, tuple)


class Tape(CallInputs):
    """The calls of one run, numbered; what they were given, `inputs`; and their values, once they are needed."""

    outer = None
    is_on_tape = True
    _quiet: Any = None

    def __init__(
        self, root: Root, inputs: Sequence[Any], kinds: Sequence[Kind] | None = None, given: Sequence[Any] = ()
    ) -> None:
        self.root = root
        self.path: Path | None = root.first
        """The path that is followed; None where it is not kept."""
        self.log: list[Any] = root.first.keys
        """The calls, up to `position`."""
        self.kinds: list[Any] = root.first.kinds
        self.keys: Sequence[Any] = self.log
        """What the next calls are compared with; nothing where they are computed."""
        self.position = 0
        self.held = CapturedArrays()
        self.inputs = [self.held.argument(x) if type(x) is np.ndarray else x for x in inputs]
        self.arguments = len(inputs)
        self._arguments = [kind_of(x) for x in inputs] if kinds is None else kinds
        self.values: list[Any] | None = None
        self.is_open = True
        self._nodes: dict[int, Node] = {}
        self._constants: list[bool] = []
        """By place: whether the value depends on no argument, as far as somebody has asked."""
        if root.asks or root.is_long or not self.log:
            self.keys, self.values = NOTHING, []
        if given:
            self.others = Given(self, given)

    def __enter__(self) -> Tape:
        """While this is open, the function runs."""
        self._token = OPEN.set(self)  # pyright: ignore[reportArgumentType]
        if self.values is not None:
            self._quiet = np.errstate(all="ignore")
            self._quiet.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Afterwards the values are of no use to anybody."""
        OPEN.reset(self._token)
        if self._quiet is not None:
            self._quiet.__exit__(kind, error, trace)
        if self.others is not None:
            self.others.written_back()
        self.keys = NOTHING
        self.is_open = False
        if isinstance(error, MemoryError):
            raise refused(error, "it is asked for by NumPy") from None
        if isinstance(error, Exception):
            own = own_error(error, is_traced)
            if own is not error:
                raise own from None

    def argument(self, k: int) -> Live:
        """The k-th argument of the function."""
        return self._live(~k, self._arguments[k])

    def entered_as(self, place: int, kind: Kind) -> Live:
        """An input of the run as a value of the tape."""
        return self._live(place, kind)

    def _live(self, place: int, kind: Kind) -> Live:
        made = LiveNumber() if kind.weak else Live()
        made.place, made.kind, made.tape = place, kind, self
        return made

    # calls

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call of NumPy, or of what else has a form in graphs.

        Raises TraceError where it has none.
        """
        symbolic = _traced_among((*args, *kwargs.values()))
        if symbolic is not None:
            return self._around(symbolic).call(function, args, kwargs)
        if function in META:
            return function(*dummies(args), **kwargs)
        others = self.others
        if others is not None and is_left_to_numpy(function) and others.is_all((args, kwargs)):
            return others.by_numpy(function, args, kwargs)
        args = with_arrays(function, args)
        if needs_values(function, args, kwargs):
            return shaped(function, self.call, self.asked, args, kwargs)
        moving = runs_with(function)
        if isinstance(function, np.ufunc) and not kwargs:
            return self.step((function, *[self.reference(x, moving(k, x)) for k, x in enumerate(args)]))
        if function == "getitem":
            args = args[0], indexed(args[1], self.asked)
        elif function in (updated, added_at):
            args = (
                args[0],
                indexed(
                    args[1],
                    self.asked,
                    len(args[2].shape) == 0 if isinstance(args[2], StandIn) else not np.ndim(args[2]),
                ),
                args[2],
            )
        given = tuple([self.reference(x, moving(k, x)) for k, x in enumerate(args)])
        named = tuple([(name, self.reference(x, moving(name, x))) for name, x in kwargs.items()])
        return self.step(((function, "__call__") if isinstance(function, np.ufunc) else function, given, named))

    def operate(self, ufunc: Any, *operands: Any) -> Any:
        """The result of an operator of Python: of Python numbers it is one."""
        weak = True
        for each in operands:
            if not isinstance(each, OPERANDS):
                return self.operate(ufunc, *map(taken, operands)) if is_foreign(each) else NotImplemented
            if isinstance(each, Traced):
                return self._around(each).operate(ufunc, *operands)
            weak = weak and type(each) in (LiveNumber, int, float, complex)
        if weak:
            return self.call(number_operator(ufunc), operands, {})
        return self.call(ufunc, operands, {})

    def step(self, key: Any) -> Any:
        """The result of a call, by its key."""
        place = self.position
        keys = self.keys
        if place < len(keys) and keys[place] == key:
            return self._followed(place, key)
        return self.missed(key)

    def missed(self, key: Any) -> Any:
        """The result of a call that is not the one that is expected.

        Raises TraceError where the run has ended.
        """
        if not self.is_open:
            others = self.others
            if others is not None and all(map(others.is_given, references.read_by(key))):
                return others.of_call(key)
            self.refuse_leaked()
        if self.values is None:
            place = self.position
            if place < len(self.log) and self.log[place] == key:
                return self._followed(place, key)
            turn = None if self.path is None else self.path.exits.get((place, key))
            if turn is not None:
                self._follow(turn)
                return self._followed(place, key)
            self.replay()
        return self._computed(key)

    def _follow(self, path: Path) -> None:
        self.path, self.log, self.kinds = path, path.keys, path.kinds
        if self.values is None:
            self.keys = path.keys

    def _followed(self, place: int, key: Any) -> Any:
        """The result of a call that was seen before, without its value."""
        kind = self.kinds[place]
        if isinstance(kind, Several):
            last = place + 1 + kind.count
            parts = self.kinds[place + 1 : last]
            if len(parts) < kind.count:  # another thread is about to note them
                self.replay()
                return self._computed(key)
            self.position = last
            return kind.filled([self._live(place + 1 + k, part) for k, part in enumerate(parts)])
        self.position = place + 1
        return self._live(place, kind)

    def _computed(self, key: Any) -> Any:
        """The result of a call, done by NumPy."""
        values = self.values
        assert values is not None
        if self._quiet is None:  # the run began without values
            with np.errstate(all="ignore"):
                found = self._value(key)
        else:
            found = self._value(key)
        if isinstance(found, list | tuple):
            parts: list[Any] = [_array(part) for part in found]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            base = self.position
            several = Several(type(found), len(parts))  # pyright: ignore[reportUnknownArgumentType]
            self._note(key, several, parts)
            kinds = [kind_of(part) for part in parts]
            for k, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
                self._note(("item", (base, (int, k)), ()), kind, part)
            return several.filled([self._result(base + 1 + k, kind) for k, kind in enumerate(kinds)])
        found = _array(found)
        kind = kind_of(found)
        self._note(key, kind, found)
        return self._result(self.position - 1, kind)

    def _result(self, place: int, kind: Kind) -> Live:
        """The value at a place; where no graph computes the same, it is an input of what follows, and found anew in every run."""
        if not kind.wraps:
            return self._live(place, kind)
        assert self.values is not None
        self.root.asks = True
        self.inputs.append(self.values[place])
        return self._live(~(len(self.inputs) - 1), kind)

    def _value(self, key: Any, values: Any = None) -> Any:
        if values is None:
            values = self.values
        function = key[0]
        if type(function) is np.ufunc and function in UFUNCS:
            inputs = self.inputs
            return function(
                *[
                    (values[each] if each >= 0 else inputs[~each])
                    if type(each) is int
                    else references.read(each, values, inputs)
                    for each in key[1:]
                ]
            )
        given, named = references.arguments(key)
        inputs = self.inputs
        args = [references.read(each, values, inputs) for each in given]
        return computed(key[0], args, {name: references.read(each, values, inputs) for name, each in named})

    def _note(self, key: Any, kind: Kind | Several | None, value: Any) -> None:
        values = self.values
        assert values is not None
        place = self.position
        if self.path is not None:
            if type(key[0]) is not np.ufunc and asks(key):
                self.root.asks = True
            found = None
            if place < LONGEST:
                try:
                    found = self.path.noted(place, key, kind)
                except TypeError:  # something in it can change: it is no key
                    found = None
            else:
                self.root.is_long = True
            if found is None:
                self.path, self.log, self.kinds = None, self.log[:place], self.kinds[:place]
            elif found is not self.path:
                self._follow(found)
        if self.path is None:
            self.log.append(key)
            self.kinds.append(kind)
        values.append(value)
        self.position = place + 1

    def replay(self) -> None:
        """The values of all calls so far, from now on of every call."""
        if self.values is not None:
            return
        self.values = []
        self.keys = NOTHING
        with np.errstate(all="ignore"):
            for key in self.log[: self.position]:
                self.values.append(None if key[0] == "outcome" else self.computed(key))

    def computed(self, key: Any, values: Any = None) -> Any:
        """The value of a call by NumPy, given those so far or others, by place; a list where it gives several."""
        found = self._value(key, values)
        return [_array(x) for x in found] if isinstance(found, list | tuple) else _array(found)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    def entered(self, x: Array) -> Live:
        """An array from outside as a value of the tape."""
        k = self.reference(x)[0]
        return self._live(~k, kind_of(self.inputs[k]))

    # values

    def number(self, x: Live) -> Array:
        """The value of a result."""
        if x.tape is not self:
            x.tape.own(x)
        self.replay()
        assert self.values is not None
        return self.values[x.place] if x.place >= 0 else self.inputs[~x.place]

    def outcome(self, x: Live, of: Callable[[Any], Any]) -> Any:
        """What bool, int or operator.index gives of a value: a path is remembered by it."""
        others = self.others
        if others is not None and others.is_given(x.place):
            found = of(others.value(x.place))
            if self.is_open:
                self._answered(("outcome", (x.place, (type(found), found)), ()))
            return found
        if not self.is_open:
            self.refuse_leaked()
        self.root.asks = True
        found = of(self.number(x))
        self._note(("outcome", (x.place, (type(found), found)), ()), None, None)
        return found

    def _answered(self, key: Any) -> None:
        """Note an answer for which the run need not compute its values."""
        place = self.position
        if self.values is None:
            if place >= len(self.log) or self.log[place] != key:
                turn = None if self.path is None else self.path.exits.get((place, key))
                if turn is None:
                    self.replay()
                    return self._note(key, None, None)
                self._follow(turn)
            self.position = place + 1
            return None
        return self._note(key, None, None)

    def is_constant(self, x: Live) -> bool:
        """Whether a value depends on no argument at all: it is known to whoever asks."""
        known, place = self._constants, x.place
        if not self.is_open or x.tape is not self:
            return False
        if place < 0:
            return ~place >= self.arguments
        for k in range(len(known), place + 1):
            read = references.read_by(self.log[k])
            known.append(all(known[p] if p >= 0 else ~p >= self.arguments for p in read))
        return known[place]

    def asked(self, x: Live) -> Array:
        """A value on which depends what the function does."""
        if self.others is not None and self.others.is_given(x.place):
            return self.others.value(x.place)
        self.root.asks = True
        return self.number(x)

    # as the function around a graph

    def own(self, x: Any) -> Node:
        """The node that stands for a value in graphs that capture it.

        Raises TraceError where it belongs to a run that has ended.
        """
        if not isinstance(x, Live) or x.tape is not self or not self.is_open:
            self.refuse_leaked()
        if x.place not in self._nodes:
            self._nodes[x.place] = input_node(f"value {x.place}", x.kind.type, source=x.kind)
        return self._nodes[x.place]

    def handle(self, node: Node) -> Live:
        """The value for which a node stands."""
        place = next(place for place, each in self._nodes.items() if each is node)
        return self._live(place, node.source)

    def _around(self, x: Traced) -> Traced:
        """A value of a graph that is being made inside of the function that runs.

        Raises TraceError where that has ended.
        """
        if OPEN.get() is self:
            self.refuse_leaked()
        return x


def _traced_among(values: Any) -> Traced | None:
    """A value of a graph in the making among arguments, or in lists and tuples of them."""
    for x in values:
        if isinstance(x, Traced):
            return x
        if isinstance(x, list | tuple):
            found = _traced_among(x)
            if found is not None:
                return found
    return None


def _array(x: Any) -> Any:
    """A result as NumPy's arrays and scalars; a Python number of its operators stays one."""
    if type(x) is bool:
        return np.bool_(x)
    return np.int64(x) if type(x) is int else x
