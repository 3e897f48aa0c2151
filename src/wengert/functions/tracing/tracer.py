"""Traced, an array that is a node of a graph in the making, and Trace, the function it belongs to. It knows no derivative.

What runs while a trace is open adds nodes. A value of an outer trace that is used in an inner one (in the body of a loop, in
a function that is differentiated) becomes an input of the inner graph, so that graphs read nothing from outside.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from wengert.core.ir.graph import Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological, with_inputs
from wengert.core.ops.evaluate import bind_params
from wengert.core.ops.structural import transpose
from wengert.core.ops.vocabulary import NUMPY
from wengert.errors import TraceError
from wengert.functions.tracing.calls import needs_values, shaped
from wengert.functions.tracing.foreign import is_foreign, taken
from wengert.functions.tracing.layouts import Made, asked, is_turned, note
from wengert.functions.tracing.listed import with_arrays
from wengert.functions.tracing.narrow import Width, is_concerned, narrowed, width_of
from wengert.functions.tracing.source import own_error, user_line
from wengert.functions.tracing.standin import FUNCTIONS as FUNCTIONS
from wengert.functions.tracing.standin import UFUNCS, Array, StandIn, is_traced, known_rule
from wengert.functions.tracing.standin import refuse as refuse
from wengert.functions.tracing.views import Layout, rows_first

BITS = 62
"""So many entries of a mask are one whole number."""
MOST_ASKED = 64 * BITS
"""Compiled code asks for at most so many entries of a mask."""

OPEN: ContextVar[Trace | None] = ContextVar("open trace", default=None)


class Assumed(NamedTuple):
    """What Python asked of a value, and what it was told: the graph holds for values of which that is true."""

    node: Node
    """A truth value or a whole number, without axes."""
    outcome: bool | int


class Trace:
    """One graph in the making: the values of outer traces that it reads, each with the input that stands for it.

    `stands` says what inputs stand for: numbers, or values of outer traces. As far as numbers are known, Python's `if` and
    whole numbers are answered, and `guards` tells what was.
    """

    def __init__(self, stands: Mapping[Node, Any] | None = None) -> None:
        self.outer = OPEN.get()
        self.is_on_tape: bool = self.outer is not None and self.outer.is_on_tape
        """Whether the outermost function is followed on a tape."""
        self.stands: dict[Node, Any] = dict(stands or {})
        self.guards: list[Assumed] = []
        self._numbers: dict[Node, Array] = {}
        self._outside: dict[Node, Node] = {}
        """Nodes that were asked for, as nodes of the trace around."""
        self.captured: dict[Node, Node] = {}
        self.arrays: dict[tuple[int, str], tuple[Array, Node]] = {}
        """The arrays of NumPy that were read, by identity and dtype, with their constants."""

    @contextmanager
    def open(self) -> Iterator[Trace]:
        """While this is open, what runs belongs to the trace."""
        token = OPEN.set(self)
        try:
            yield self
        except Exception as error:
            own = own_error(error, is_traced)
            if own is error:
                raise
            raise own from None
        finally:
            OPEN.reset(token)

    def own(self, value: Any) -> Node:
        """The node of a value in this trace: its own, or the input that stands for a value from outside.

        Raises TraceError where the value belongs to a trace that has ended.
        """
        if isinstance(value, Traced) and value.owner is self:
            return value.node
        if self.outer is None:
            raise TraceError(
                "A traced value is used after the function that it belongs to has ended.",
                user_line(),
                "Return it from the function instead of keeping it in a variable outside.",
            )
        outer = self.outer.own(value)
        if outer not in self.captured:
            self.captured[outer] = input_node(f"captured {len(self.captured)}", outer.type)
            self.stands[self.captured[outer]] = self.outer.handle(outer)
        return self.captured[outer]

    def lowered(self, x: Any) -> Any:
        """A value of a tape around as one of this trace; all else as it is, containers entry by entry."""
        if isinstance(x, StandIn):
            return x if isinstance(x, Traced) else Traced(self.own(x), self, x.weak, width_of(x.dtype))
        if isinstance(x, tuple | list):
            parts = [self.lowered(each) for each in x]
            return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
        return x

    def handle(self, node: Node) -> Traced:
        """A node of this trace as a value."""
        return Traced(node, self)

    def number(self, node: Node) -> Array | None:
        """The value of a node, where those of the inputs that it reads are known."""
        numbers = self._numbers
        for each in topological([node], numbers):
            if each in numbers:
                continue
            found = self._given(each) if each.op.leaf == "input" else _value(each, [numbers[x] for x in each.inputs])
            if found is None:
                return None
            numbers[each] = found
        return numbers[node]

    def _given(self, node: Node) -> Array | None:
        value = self.stands.get(node)
        return (
            value.number()
            if isinstance(value, StandIn)
            else None
            if value is None
            else np.asarray(value, node.type.dtype)
        )

    def guard(self, node: Node, outcome: bool | int) -> None:
        """Note what Python was told, here and in the traces around."""
        self.guards.append(Assumed(node, outcome))
        if isinstance(self.outer, Trace):
            self.outer.guard(self._lifted(self.outer, node), outcome)

    def _lifted(self, outer: Trace, node: Node) -> Node:
        """A node as one of the trace around; what was lifted for an earlier question is not lifted again."""
        lifted = self._outside
        for each in topological([node], lifted):
            if each not in lifted:
                value = self.stands.get(each)
                new = outer.own(value) if isinstance(value, StandIn) else None
                lifted[each] = with_inputs(each, [lifted[x] for x in each.inputs]) if new is None else new
        return lifted[node]


def _value(node: Node, arrays: Sequence[Array]) -> Array:
    with np.errstate(all="ignore"):
        return node.op.value(NUMPY, *arrays, **{key: bind_params(value, {}) for key, value in node.params.items()})


def current() -> Trace | None:
    """The trace that is open; None outside of any."""
    return OPEN.get()


@contextmanager
def closed() -> Iterator[None]:
    """While this is open, what runs belongs to no trace: functions that graphs hold as a whole make arrays of NumPy."""
    token = OPEN.set(None)
    try:
        yield
    finally:
        OPEN.reset(token)


def own(value: StandIn) -> Node:
    """The node of a value in the open trace.

    Raises TraceError where none is open, or the value belongs to one that has ended.
    """
    trace = OPEN.get()
    return (Trace() if trace is None else trace).own(value)


def traced(node: Node, weak: bool = False) -> Traced:
    """A node as a value of the open trace."""
    trace = OPEN.get()
    assert trace is not None
    return Traced(node, trace, weak)


class Traced(StandIn):
    """An array whose numbers are not known yet. It has the shape and the dtype of an array and answers to NumPy's functions.

    `weak` marks a Python number: it takes the dtype of what it meets, as in NumPy.
    """

    __slots__ = ("made", "node", "owner", "weak", "width")
    MEANING = ("node",)

    def __init__(self, node: Node, trace: Trace, weak: bool = False, width: Width = None) -> None:
        self.node = node
        self.owner = trace
        self.weak = weak
        self.width = width
        """The dtype of whole numbers that NumPy keeps narrower than the node."""
        self.made: Made | None = None
        """The call that gave it, by which NumPy says how it lies in memory."""

    @property
    def type(self) -> ArrayType:
        """The type of the node."""
        return self.node.type

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self.node.type.shape  # pyright: ignore[reportReturnType]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        return np.dtype(self.node.type.dtype) if self.width is None else self.width

    # memory

    def become(self, other: Traced) -> None:
        """Mean what another value means."""
        self.node = other.node

    def entered(self) -> AbstractContextManager[Any]:
        """While this is open, nodes are added to the function that the value belongs to."""
        return self.owner.open()

    def is_open(self) -> bool:
        """Whether what runs now is the function that this value belongs to."""
        return self.owner is OPEN.get()

    def layout(self, *meaning: Any) -> Layout | None:
        """Row by row, where no transpose is among what it is made of; else as NumPy says, None where it does not."""
        stack, known = list(meaning), set[Node]()
        while stack:
            node = stack.pop()
            if node in known or len(node.shape) < 2:
                continue
            known.add(node)
            if node.op is transpose:
                return asked(self)
            stack.extend(node.inputs)
        return asked(self) if is_turned(self) else rows_first(self.shape)

    def is_zero_dimensional(self) -> bool:
        """Whether a value without axes is an array: what a function is given may be one."""
        return self.node.op.leaf == "input" and not self.weak

    def __repr__(self) -> str:
        return f"<traced {self.node.type}>"

    def __format__(self, form: str) -> str:
        found = self.constant()
        return repr(self) if found is None else format(np.asarray(found)[()], form)

    def number(self) -> Array | None:
        """The value, where it is known while the function is traced."""
        return self.owner.number(self.node)

    def constant(self) -> Any:
        """The value, where it depends on no argument; else None."""
        stack, seen = [self.node], set[Node]()
        while stack:
            node = stack.pop()
            if node.op.leaf == "input":
                return None
            if node not in seen:
                seen.add(node)
                stack.extend(node.inputs)
        return self.owner.number(self.node)

    def entries(self) -> Array | None:
        """The entries, where they are known while the function is traced; None where they are not.

        In compiled code those of masks are: it holds for arrays with the same mask, which is asked in whole numbers.
        """
        found = self.number()
        if found is None or self.owner.is_on_tape:
            return found
        if found.dtype != bool or found.size > MOST_ASKED:
            return None
        flat: Any = self.reshape(-1)
        for start in range(0, found.size, BITS):
            part = flat[start : start + BITS]
            np.sum(np.where(part, 2 ** np.arange(part.size), 0)).outcome(operator.index)
        return found

    def outcome(self, of: Callable[[Any], Any]) -> Any:
        """What Python's bool or operator.index or int gives of the value; None where it is not known."""
        found = self.number()
        if found is None:
            return None
        node, outcome = self.node, of(found)
        if of is bool and node.type.dtype != "bool":
            node = apply("not_equal", node, constant(0, node.type))
        elif of is not bool and node.type.dtype != "int64":
            node = apply("cast", node, dtype="int64")
        self.owner.guard(node if not node.type.rank else apply("reshape", node, shape=()), outcome)
        return outcome

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The nodes of a call, by its rule.

        Raises TraceError where it has none.
        """
        if needs_values(function, args, kwargs):
            try:
                return shaped(function, self.call, _entries, args, kwargs)
            except _UnknownError:  # which the rule says in its own words, if there is one
                pass
        try:
            rule = known_rule(function)
        except TraceError:
            if callable(function) and (known := _numbers((args, kwargs))) is not None:
                return function(*known[0], **known[1])
            raise
        trace = OPEN.get()
        if trace is not None and trace.is_on_tape:
            args = trace.lowered(args)
            kwargs = {name: trace.lowered(value) for name, value in kwargs.items()}
        args = with_arrays(function, args)
        result = rule(*args, **kwargs)
        note(result, function, args, kwargs)
        return narrowed(function, args, kwargs, result) if is_concerned(args, kwargs) else result

    def operate(self, ufunc: Any, *operands: Any) -> Any:
        """An operator of Python: of Python numbers the result is one."""
        for operand in operands:
            if not isinstance(operand, StandIn | np.ndarray | np.generic | int | float | complex | list | tuple):
                return self.operate(ufunc, *map(taken, operands)) if is_foreign(operand) else NotImplemented
        trace = OPEN.get()
        if trace is not None and trace.is_on_tape:
            operands = trace.lowered(operands)
        operands = with_arrays(ufunc, operands)
        result = UFUNCS[ufunc](*operands)
        note(result, ufunc, operands, {})
        if is_concerned(operands, {}):
            return narrowed(ufunc, operands, {}, result)
        if all(
            operand.weak if isinstance(operand, Traced) else type(operand) in (int, float, complex)
            for operand in operands
        ):
            result.weak = result.dtype != bool
        return result


def _numbers(x: Any) -> Any:
    """Arguments with the numbers of traced values that depend on none; None where one of them does."""
    if isinstance(x, StandIn):
        return x.constant()
    if type(x) in (list, tuple):
        found = [None if each is None else (_numbers(each),) for each in x]
        return (
            None
            if any(each is not None and each[0] is None for each in found)
            else type(x)([each and each[0] for each in found])
        )
    if type(x) is dict:
        values = _numbers(tuple(x.values()))
        return None if values is None else dict(zip(x, values, strict=True))
    return x


class _UnknownError(Exception):
    """What a call asks for is not known while the function is traced."""


def _entries(x: StandIn) -> Array:
    found = x.entries() if isinstance(x, Traced) else x.number()
    if found is None:
        raise _UnknownError
    return found
