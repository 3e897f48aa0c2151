"""Patterns: what the two functions of a rewrite rule are traced into, and the words that those functions are written in.

A pattern variable has no type: it stands for a node where it is an input of an op, and for a value where it is a parameter.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

from wengert.core.ir.graph import Node, Number
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType
from wengert.core.ops.arithmetic import divide, integer_power, multiply, negative
from wengert.core.ops.arithmetic import reciprocal as reciprocal_op
from wengert.core.ops.kinds import constant_value
from wengert.core.ops.piecewise import where as where_op

Env = dict[str, Any]
Make = Callable[[str, tuple[Node, ...], Mapping[str, Any]], Node]


class Pattern:
    """A variable, a number or an op on patterns."""

    __slots__ = ()

    def __add__(self, other: Pattern | Number) -> Pattern:
        return call("add", self, other)

    def __radd__(self, other: Number) -> Pattern:
        return call("add", other, self)

    def __sub__(self, other: Pattern | Number) -> Pattern:
        return call("subtract", self, other)

    def __rsub__(self, other: Number) -> Pattern:
        return call("subtract", other, self)

    def __mul__(self, other: Pattern | Number) -> Pattern:
        return call("multiply", self, other)

    def __rmul__(self, other: Number) -> Pattern:
        return call("multiply", other, self)

    def __truediv__(self, other: Pattern | Number) -> Pattern:
        return call("divide", self, other)

    def __rtruediv__(self, other: Number) -> Pattern:
        return call("divide", other, self)

    def __pow__(self, exponent: int | Pattern) -> Pattern:
        return call("integer_power", self, exponent=exponent)

    def __neg__(self) -> Pattern:
        return call("negative", self)

    def __str__(self) -> str:
        return show(self)


class Var(Pattern):
    """A variable: any node, or any value of a parameter; the same one wherever it stands."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Literal(Pattern):
    """A number that fills the shape of what it stands beside."""

    __slots__ = ("number",)

    def __init__(self, number: Number) -> None:
        self.number = number


class CallPattern(Pattern):
    """An op on patterns; parameters that are not named match anything."""

    __slots__ = ("args", "op", "params")

    def __init__(self, op: Op, args: tuple[Pattern, ...], params: Mapping[str, Any]) -> None:
        self.op = op
        self.args = args
        self.params = params


class Computed(Pattern):
    """On the right side: a parameter computed from those that the left side bound."""

    __slots__ = ("args", "function")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.function = function
        self.args = args


def call(op: str, /, *args: Pattern | Number, **params: Any) -> Pattern:
    """Any op by name, on patterns and numbers."""
    return CallPattern(OPS[op], tuple(a if isinstance(a, Pattern) else Literal(a) for a in args), params)


def computed(function: Callable[..., Any], *args: Any) -> Pattern:
    """A parameter as a function of bound values."""
    return Computed(function, args)


def fill(number: Pattern) -> Pattern:
    """A constant: the variable is its number."""
    return call("constant", value=number)


def _word(op: str) -> Callable[[Pattern], Pattern]:
    return lambda x: call(op, x)


exp, log, expm1, log1p = _word("exp"), _word("log"), _word("expm1"), _word("log1p")
logistic, softplus, tanh = _word("logistic"), _word("softplus"), _word("tanh")
sqrt, reciprocal, abs = _word("sqrt"), _word("reciprocal"), _word("abs")
sign, logical_not, arctan = _word("sign"), _word("logical_not"), _word("arctan")


def logaddexp(x: Pattern, y: Pattern) -> Pattern:
    """log(eˣ + eʸ)."""
    return call("logaddexp", x, y)


def power(x: Pattern, y: Pattern | Number) -> Pattern:
    """xʸ."""
    return call("power", x, y)


def where(condition: Pattern | bool, x: Pattern | Number, y: Pattern | Number) -> Pattern:
    """x where the condition holds, else y."""
    return call("where", condition, x, y)


def sum(x: Pattern, axes: Pattern) -> Pattern:
    """Σ over axes."""
    return call("sum", x, axes=axes)


def logsumexp(x: Pattern, axes: Pattern) -> Pattern:
    """log Σ eˣ over axes."""
    return call("logsumexp", x, axes=axes)


def softmax(x: Pattern, axes: Pattern) -> Pattern:
    """eˣ / Σ eˣ over axes."""
    return call("softmax", x, axes=axes)


def broadcast(x: Pattern, shape: Pattern, axes: Pattern) -> Pattern:
    """x laid on axes of a shape."""
    return call("broadcast", x, shape=shape, axes=axes)


def transpose(x: Pattern, axes: Pattern) -> Pattern:
    """The axes in another order."""
    return call("transpose", x, axes=axes)


def reshape(x: Pattern, shape: Pattern) -> Pattern:
    """The same entries in another shape."""
    return call("reshape", x, shape=shape)


def cast(x: Pattern, dtype: Pattern) -> Pattern:
    """The same numbers in another dtype."""
    return call("cast", x, dtype=dtype)


def trace(function: Callable[..., Pattern | Number | bool]) -> tuple[Pattern, tuple[str, ...]]:
    """The pattern that a function makes of its own arguments, and their names."""
    names = tuple(inspect.signature(function).parameters)
    result = function(*(Var(name) for name in names))
    return (result if isinstance(result, Pattern) else Literal(result)), names


# ---------------------------------------------------------------- ways to write a quotient


def quotient_forms(pattern: Pattern) -> list[Pattern]:
    """The pattern with every a/b also written a·(1/b), as a product with a reciprocal, and 1/b as reciprocal(b)."""
    if not isinstance(pattern, CallPattern):
        return [pattern]
    choices = [quotient_forms(arg) for arg in pattern.args]
    forms: list[Pattern] = []
    for args in product(*choices):
        forms.append(CallPattern(pattern.op, args, pattern.params))
        if pattern.op is divide:
            top, bottom = args
            inverse = CallPattern(reciprocal_op, (bottom,), {})
            if isinstance(top, Literal) and top.number == 1:
                forms.append(inverse)
            else:
                one_over = CallPattern(divide, (Literal(1), bottom), {})
                forms += [CallPattern(multiply, (top, inverse), {}), CallPattern(multiply, (top, one_over), {})]
    return forms


def moderate(number: Number) -> bool:
    """2⁻³² ≤ |c| ≤ 2³²: so far a number may move past a product without overflow to speak of."""
    return 2.0**-32 <= math.fabs(number) <= 2.0**32


# ---------------------------------------------------------------- matching


Screen = Callable[[Node], bool]


def screen(pattern: Pattern) -> Screen:
    """A quick condition on a node that every match of the pattern fulfils: the ops and the numbers, all the way down."""
    if isinstance(pattern, Literal):
        wanted = pattern.number
        return lambda node: constant_value(node) == wanted
    if not isinstance(pattern, CallPattern):
        return _anything
    op, args = pattern.op, pattern.args
    variables = [arg.name for arg in args if isinstance(arg, Var)]
    if len(variables) == 2 and variables[0] == variables[1]:
        return lambda node: node.op is op and node.inputs[0] is node.inputs[1]
    screens = [screen(arg) for arg in args]
    if len(screens) == 2 and op.commutes and screens[0] is not screens[1]:
        return _either_way(op, *screens)
    asked = [(k, each) for k, each in enumerate(screens) if each is not _anything]
    if len(asked) == 1:
        ((place, only),) = asked
        return lambda node: node.op is op and len(node.inputs) > place and only(node.inputs[place])
    if not asked:
        return lambda node: node.op is op
    return lambda node: node.op is op and all(len(node.inputs) > k and each(node.inputs[k]) for k, each in asked)


def _either_way(op: Op, first: Screen, second: Screen) -> Screen:
    """The condition on an op whose two inputs commute."""
    if first is _anything or second is _anything:
        only = second if first is _anything else first
        return lambda node: node.op is op and (only(node.inputs[0]) or only(node.inputs[1]))

    def fulfilled(node: Node) -> bool:
        if node.op is not op:
            return False
        a, b = node.inputs
        return (first(a) and second(b)) or (first(b) and second(a))

    return fulfilled


def _anything(node: Node) -> bool:
    return True


def match(pattern: Pattern, node: Node) -> Env | None:
    """What the variables stand for if the node has the form of the pattern; the work is bounded by the pattern."""
    return _match(((pattern, node),), {})


def _match(todo: tuple[tuple[Pattern, Node], ...], given: Env) -> Env | None:
    env = dict(given)
    for place, (pattern, node) in enumerate(todo):
        if isinstance(pattern, Var):
            if env.setdefault(pattern.name, node) is not node:
                return None
        elif isinstance(pattern, Literal):
            if not _same_number(pattern.number, constant_value(node)):
                return None
        else:
            assert isinstance(pattern, CallPattern)
            return _match_call(pattern, node, todo[place + 1 :], env)
    return env


def _match_call(pattern: CallPattern, node: Node, rest: tuple[tuple[Pattern, Node], ...], env: Env) -> Env | None:
    """The match of an op and of what is left to do, its inputs in either order where they commute."""
    inputs, args = node.inputs, pattern.args
    if node.op is not pattern.op or len(args) != len(inputs):
        return None
    bound = _match_params(pattern.params, node, env) if pattern.params else env
    if bound is None:
        return None
    found = _match((*zip(args, inputs, strict=True), *rest), bound)
    if found is None and pattern.op.commutes and inputs[0] is not inputs[1]:
        found = _match((*zip(args, inputs[::-1], strict=True), *rest), bound)
    return found


def _match_params(params: Mapping[str, Any], node: Node, env: Env) -> Env | None:
    for name, wanted in params.items():
        value = constant_value(node) if node.op.leaf == "constant" and name == "value" else node.params.get(name)
        if value is None:
            return None
        if not isinstance(wanted, Var):
            if wanted != value:
                return None
        elif wanted.name not in env:
            env = {**env, wanted.name: value}
        elif env[wanted.name] != value:
            return None
    return env


def _same_number(wanted: Number, have: Number | None) -> bool:
    """Equal as numbers, and of one sign where they are zero."""
    return have is not None and have == wanted and (wanted != 0 or _negative(wanted) == _negative(have))


def _negative(number: Number) -> bool:
    return isinstance(number, float) and math.copysign(1, number) < 0


# ---------------------------------------------------------------- building


def _quotient(a: Number, b: Number) -> Number:
    return a / b if isinstance(a, float) or isinstance(b, float) else Fraction(a) / Fraction(b)


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": _quotient,
    "negative": operator.neg,
}


def parameter(value: Any, env: Env) -> Any:
    """The value of a parameter of the right side."""
    if isinstance(value, Var):
        return env[value.name]
    if isinstance(value, Literal):
        return value.number
    if isinstance(value, CallPattern):
        return _ARITHMETIC[value.op.name](*(parameter(arg, env) for arg in value.args))
    if isinstance(value, Computed):
        return value.function(*(parameter(arg, env) for arg in value.args))
    return value


def build(pattern: Pattern, env: Env, type: ArrayType, make: Make) -> Node:
    """The nodes of a right side; numbers take the type of what they stand beside, `type` where they stand alone."""
    if isinstance(pattern, Var):
        return env[pattern.name]
    if isinstance(pattern, Literal):
        return make("constant", (), {"value": pattern.number, "type": type})
    assert isinstance(pattern, CallPattern)
    if pattern.op.leaf == "constant":
        return make("constant", (), {"value": parameter(pattern.params["value"], env), "type": type})
    params = {name: parameter(value, env) for name, value in pattern.params.items()}
    built = [None if _is_fill(arg) else build(arg, env, type, make) for arg in pattern.args]
    first = 1 if pattern.op is where_op else 0
    beside = next((node.type for node in built[first:] if node is not None), type)
    types = [beside] * len(built)
    if pattern.op is where_op:
        types[0] = beside.with_dtype("bool")
    inputs = [
        build(arg, env, each, make) if node is None else node
        for arg, node, each in zip(pattern.args, built, types, strict=True)
    ]
    return make(pattern.op.name, tuple(inputs), params)


def _is_fill(pattern: Pattern) -> bool:
    return isinstance(pattern, Literal) or (isinstance(pattern, CallPattern) and pattern.op.leaf == "constant")


# ---------------------------------------------------------------- in words

_SIGNS = {"add": (" + ", 1), "subtract": (" − ", 1), "multiply": (" · ", 2), "divide": (" / ", 2)}


def show(pattern: Any) -> str:
    """The pattern as a line of mathematics: log(1 + exp(x))."""
    return _show(pattern, 0)


def _show(pattern: Any, outer: int) -> str:
    if isinstance(pattern, Var):
        return pattern.name
    if isinstance(pattern, Literal):
        return str(pattern.number)
    if isinstance(pattern, Computed):
        inside = ", ".join(_show(arg, 0) for arg in pattern.args)
        return f"{pattern.function.__name__.strip('_')}({inside})"
    if not isinstance(pattern, CallPattern):
        return str(pattern)
    if pattern.op.name in _SIGNS:
        sign, level = _SIGNS[pattern.op.name]
        a, b = pattern.args
        text = f"{_show(a, level)}{sign}{_show(b, level + 1)}"
        return f"({text})" if level < outer else text
    if pattern.op is negative:
        text = f"−{_show(pattern.args[0], 3)}"
        return f"({text})" if outer else text
    if pattern.op.leaf == "constant":
        return _show(pattern.params["value"], outer)
    if pattern.op is integer_power:
        return f"{_show(pattern.args[0], 4)}^{_show(pattern.params['exponent'], 4)}"
    inside = [_show(arg, 0) for arg in pattern.args] + [_show(v, 0) for v in pattern.params.values()]
    return f"{pattern.op.name}({', '.join(inside)})"
