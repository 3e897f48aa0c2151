"""Control: branches and loops as ops with several results, whose sub-graphs stand in their parameters.

    cond        y = then(x) where the predicate holds, else other(x)
    scan        c, y_t = body(t, c, x_t, k) for every step t; a loop over a counter is a scan without xs and ys
    while_loop  c, y_t = body(c, k) as long as test(c, k)
    item        one of several results

Sub-graphs read nothing from outside: what a body needs is an input of the op. It knows no derivative; what lies above, and
can derive sub-graphs, enters its rules into `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Unpack

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.mask import Mask
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Infer, Op, OpFacts, Params, Samples, Value, register
from wengert.core.ir.types import ArrayType, Dim, Size, TapeType, TupleType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops import control_samples as samples
from wengert.core.ops.evaluate import Array, GraphProgram, run
from wengert.core.ops.kinds import ErrorCases
from wengert.errors import GraphError

SCALAR = ArrayType()
COUNTER = ArrayType((), "int64")
"""The type of the number of a step."""


class Cotangents(NamedTuple):
    """What a rule of reverse mode gets for a node with several results."""

    bars: Sequence[Node | None]
    """The cotangent of each result; None stands for zero."""
    wanted: Sequence[bool]
    """Which inputs need a cotangent."""
    masks: Sequence[Mask | None]
    """Where the cotangent of each result may be something (see `autodiff.masks`); None, everywhere."""
    leaving: list[bool]
    """Entered by the rule: which of the cotangents that it gives may be nothing in places. None is, where it enters nothing."""


class Rules(NamedTuple):
    """How an op is derived, by deriving its sub-graphs: jvp, vjp and batch as in `Op`."""

    jvp: Callable[[Node, Sequence[Node | None]], Sequence[Node | None]]
    vjp: Callable[[Node, Cotangents], Sequence[Node | None]]
    batch: Callable[[Node, Sequence[Node], Sequence[bool]], tuple[Sequence[Node], Sequence[bool]]]


RULES: dict[str, Rules] = {}
"""The rules of each op of this family, entered by `autodiff.control`."""


def results(node: Node) -> list[Node]:
    """The results of a node that has several, each taken out."""
    assert isinstance(node.type, TupleType)
    return [apply("item", node, index=k) for k in range(len(node.type.items))]


def add_signals(signals: Sequence[Node | None]) -> Node | None:
    """The sum of the signals that are there, tapes record by record; None, zero, where none is."""
    total: Node | None = None
    for signal in signals:
        if signal is not None:
            total = signal if total is None else _plus(total, signal)
    return total


def _plus(a: Node, b: Node) -> Node:
    if not isinstance(a.type, TapeType):
        return a + b
    x, y = input_node("x", a.type.item), input_node("y", a.type.item)
    body = Graph((x, y), (x + y,))
    return results(apply("scan", a, b, body=body, carries=0, xs=2, length=None, reverse=False, first=None))[0]


def register_control(
    name: str,
    summary: str,
    infer: Infer,
    value: Value,
    samples: Samples,
    errors: ErrorCases,
    **facts: Unpack[OpFacts],
) -> Op:
    """Enter an op with several results, whose rules are those of its name in `RULES`."""
    facts.setdefault("growth", "mask")
    return register(
        Op(
            name,
            summary,
            "control",
            None,
            infer,
            value,
            lambda node, tangents: RULES[name].jvp(node, tangents),
            lambda node, cotangents: RULES[name].vjp(node, cotangents),
            lambda node, inputs, batched: RULES[name].batch(node, inputs, batched),
            unwritten(name),
            samples,
            errors,
            **facts,
        )
    )


# ---------------------------------------------------------------- types


def _listed(types: Sequence[ArrayType]) -> str:
    return ", ".join(map(str, types)) or "none"


def check_fits(op: str, name: str, graph: Graph, given: Sequence[ArrayType]) -> None:
    """Refuse a sub-graph whose inputs are not of the given types.

    Raises GraphError.
    """
    taken = [node.type for node in graph.inputs]
    if taken != list(given):
        raise GraphError(
            f"The {name} of '{op}' takes other inputs than it is given.",
            f"  it takes {_listed(taken)}, and is given {_listed(given)}",
            "Let the sub-graph take the carries, the slices and the constants, in this order and of these types.",
        )


def _check_arrays(op: str, types: Sequence[ArrayType]) -> None:
    if any(isinstance(type, TupleType | TapeType) for type in types):
        raise GraphError(
            f"'{op}' takes arrays here.", f"  it is given {_listed(types)}", "Take the results out with 'item'."
        )


def _check_counts(op: str, types: Sequence[ArrayType], *counts: int) -> None:
    if any(count < 0 for count in counts) or sum(counts) > len(types):
        raise GraphError(
            f"'{op}' has fewer inputs than its carries and xs.",
            f"  it is given {_listed(types)}",
            "Count the carries and the xs among the inputs.",
        )


def _check_kept(op: str, carries: Sequence[ArrayType], body: Graph) -> None:
    """The carries leave a step with the types with which they entered."""
    new = [node.type for node in body.outputs[: len(carries)]]
    if new != list(carries):
        raise GraphError(
            f"The body of '{op}' changes the type of a carry.",
            f"  the carries are {_listed(carries)}, after a step {_listed(new)}",
            "Let a step give every carry the shape and dtype that it had.",
        )
    _check_arrays(op, [node.type for node in body.outputs])


def _stacked(item: ArrayType, length: Size | None) -> ArrayType:
    return TapeType(item=item) if length is None else item.with_shape((length, *item.shape))


def _slice(op: str, stack: ArrayType, length: Size | None) -> ArrayType:
    """The type of one entry along the leading axis, or of one record of a tape."""
    if length is None and isinstance(stack, TapeType):
        return stack.item
    if length is None or stack.rank == 0 or stack.shape[0] != length:
        raise GraphError(
            f"'{op}' over {'tapes' if length is None else f'{length} steps'} cannot read {stack}.",
            "  it reads one entry a step along the leading axis",
            "Give arrays whose leading axis has an entry a step, or tapes only and no length.",
        )
    return stack.with_shape(stack.shape[1:])


# ---------------------------------------------------------------- item


def _infer_item(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    several = types[0]
    index: int = params["index"]
    if not isinstance(several, TupleType):
        raise GraphError(
            "'item' takes a result out of several.", f"  its input is {several}", "Use the array as it is."
        )
    if not 0 <= index < len(several.items):
        raise GraphError(
            f"There is no result {index}.",
            f"  the results are {_listed(several.items)}",
            f"Count from 0 to {len(several.items) - 1}.",
        )
    return several.items[index]


def _value_item(xp: Vocabulary, several: Sequence[Any], index: int) -> Any:
    return several[index]


def _jvp_item(node: Node, tangents: Sequence[Any]) -> Node | None:
    return None if tangents[0] is None else tangents[0][node.params["index"]]


item = register(
    Op(
        "item",
        "One of several results.",
        "control",
        1,
        _infer_item,
        _value_item,
        _jvp_item,
        # The walk back gives the signal to the result that the node reads.
        lambda node, cotangent: (cotangent,),
        # The results come apart where the node that has them is batched.
        lambda node, inputs, batched: apply("item", inputs[0], index=node.params["index"]),
        unwritten("item"),
        lambda rng: [],
        (
            ((SCALAR,), {"index": 0}, "out of several"),
            ((TupleType(items=(SCALAR, SCALAR)),), {"index": 2}, "no result 2"),
        ),
    )
)


# ---------------------------------------------------------------- cond


def _infer_cond(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    _check_counts("cond", types, 1)
    predicate, operands = types[0], types[1:]
    if predicate != ArrayType((), "bool"):
        raise GraphError(
            f"'cond' takes one truth value as its predicate, not {predicate}.",
            f"  it is given {_listed(types)}",
            "Compare numbers without axes, or choose entry by entry:  where(c, x, y)",
        )
    _check_arrays("cond", operands)
    for name in ("then", "other"):
        check_fits("cond", f"branch '{name}'", params[name], operands)
    then, other = ([node.type for node in params[name].outputs] for name in ("then", "other"))
    if then != other:
        raise GraphError(
            "The branches of 'cond' give other types.",
            f"  one gives {_listed(then)}, the other {_listed(other)}",
            "Let both give as many results, of the same shapes and dtypes.",
        )
    _check_arrays("cond", then)
    return TupleType(items=tuple(then))


def _value_cond(
    xp: Vocabulary, predicate: Array, *operands: Array, then: GraphProgram, other: GraphProgram
) -> tuple[Array, ...]:
    return run(then if predicate else other, operands)


cond = register_control(
    "cond",
    "The results of the graph `then` where the predicate holds, else of the graph `other`, on the operands.",
    _infer_cond,
    _value_cond,
    samples.cond,
    samples.COND_ERRORS,
)


# ---------------------------------------------------------------- scan


def _infer_scan(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    n, m, length, body = params["carries"], params["xs"], params["length"], params["body"]
    _check_counts("scan", types, n, m)
    carries, stacks, consts = types[:n], types[n : n + m], types[n + m :]
    _check_length(length, m)
    _check_arrays("scan", (*carries, *consts))
    slices = [_slice("scan", stack, length) for stack in stacks]
    counter = () if params["first"] is None else (COUNTER,)
    check_fits("scan", "body", body, (*counter, *carries, *slices, *consts))
    _check_kept("scan", carries, body)
    return TupleType(items=(*carries, *(_stacked(y.type, length) for y in body.outputs[n:])))


def _check_length(length: Any, xs: int) -> None:
    if (length is None and not xs) or not (length is None or isinstance(length, Dim) or length >= 0):
        raise GraphError(
            "'scan' does not know its number of steps.",
            f"  length is {length}, with {xs} xs",
            "Give a length of 0 or more; without a length, tapes to read.",
        )


def _value_scan(
    xp: Vocabulary,
    *arrays: Array,
    body: GraphProgram,
    carries: int,
    xs: int,
    length: int | None,
    reverse: bool,
    first: int | None,
) -> tuple[Array, ...]:
    state, stacks, consts = arrays[:carries], arrays[carries : carries + xs], arrays[carries + xs :]
    steps = len(stacks[0]) if length is None else length
    records: list[list[Array]] = [[None] * steps for _ in body.outputs[carries:]]
    for step in range(steps)[::-1] if reverse else range(steps):
        counter = () if first is None else (xp.asarray(first + step, dtype="int64"),)
        after = run(body, (*counter, *state, *(stack[step] for stack in stacks), *consts))
        state = after[:carries]
        for record, y in zip(records, after[carries:], strict=True):
            record[step] = y
    if length is None:
        return (*state, *records)
    return (*state, *(_stack(xp, *pair) for pair in zip(records, body.types[carries:], strict=True)))


def _stack(xp: Vocabulary, record: list[Array], type: ArrayType) -> Array:
    return xp.stack([xp.asarray(y) for y in record]) if record else xp.zeros((0, *type.shape), dtype=type.dtype)


scan = register_control(
    "scan",
    "The carries after every step t of `length`, and y_t of each step: carries, y_t = body(t, carries, x_t, constants).",
    _infer_scan,
    _value_scan,
    samples.scan,
    samples.SCAN_ERRORS,
    loops=True,
)


# ---------------------------------------------------------------- while_loop


def _infer_while(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    n, body, test = params["carries"], params["body"], params["test"]
    _check_counts("while_loop", types, n)
    _check_arrays("while_loop", types)
    check_fits("while_loop", "test", test, types)
    check_fits("while_loop", "body", body, types)
    if [y.type for y in test.outputs] != [ArrayType((), "bool")]:
        raise GraphError(
            "The test of 'while_loop' gives one truth value.",
            f"  it gives {_listed([y.type for y in test.outputs])}",
            "Compare numbers without axes.",
        )
    _check_kept("while_loop", types[:n], body)
    return TupleType(items=(*types[:n], *(_stacked(y.type, None) for y in body.outputs[n:])))


def _value_while(
    xp: Vocabulary, *arrays: Array, test: GraphProgram, body: GraphProgram, carries: int, max_steps: int | None = None
) -> tuple[Array, ...]:
    state, consts = arrays[:carries], arrays[carries:]
    tapes: list[list[Array]] = [[] for _ in body.outputs[carries:]]
    steps = 0
    while run(test, (*state, *consts))[0]:
        if steps == max_steps:
            raise GraphError(
                f"The while loop wants more than {max_steps} steps.",
                f"  max_steps={max_steps}, and after so many its test still holds",
                "Give it more max_steps, or let the test fail earlier.",
            )
        steps += 1
        after = run(body, (*state, *consts))
        state = after[:carries]
        for tape, y in zip(tapes, after[carries:], strict=True):
            tape.append(y)
    return (*state, *tapes)


while_loop = register_control(
    "while_loop",
    "The carries when test(carries, constants) fails, and a tape of what each step recorded: carries, y = body(carries, constants).",
    _infer_while,
    _value_while,
    samples.while_loop,
    samples.WHILE_ERRORS,
    loops=True,
)
