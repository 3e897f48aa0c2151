"""Cold: reverse mode over a tape, on the values of one run, for what has been seen once or is too long to be written down.

v̄ = Σ_{u ∈ Ch(v)} ū ∂u/∂v from the last call back. A ufunc that is one op has its partials from the op's record; the rule of any other
call is written down as a small graph and its derivative kept. Products are plain: where a result is not finite, the graph decides.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.walk import order_of, topological
from wengert.core.ops.evaluate import GraphProgram, run, schedule, with_sizes
from wengert.core.ops.known import Known, value_of
from wengert.core.ops.squares import is_over_powers
from wengert.core.ops.vocabulary import NUMPY
from wengert.functions.run.direct_adjoints import DIRECT, summed_to
from wengert.functions.run.formulas import opened
from wengert.functions.run.outlines import QUOTIENTS, name_of
from wengert.functions.run.restated import Calls, StableFormula
from wengert.functions.run.written import fitted
from wengert.functions.tracing import references
from wengert.functions.tracing.calls import rule_of
from wengert.functions.tracing.kinds import Kind, kind_of
from wengert.functions.tracing.tape import Tape
from wengert.functions.tracing.tracer import OPEN, Trace, Traced
from wengert.functions.tracing.ufuncs import PRIMITIVES

Array = Any
Adjoint = Callable[[Sequence[Array], Sequence[Array]], list[Array | None]]
MOST_ADJOINTS = 4096
"""So many adjoints of calls are kept."""
MOST_BYTES = 1 << 27
"""So many bytes of constants, of all adjoints that are kept."""
FEW_BYTES = 1 << 14
"""Constants of so few bytes are not counted."""

_KEPT: OrderedDict[Any, tuple[Adjoint, int]] = OrderedDict()
_LOCK = threading.Lock()
ONE_OP: dict[Any, Op] = {getattr(np, name): OPS[op] for name, op in PRIMITIVES.items() if OPS[op].partials is not None}
"""The ufuncs that are one op with partials."""


NO_PARAMS: Mapping[str, Any] = {}


class Undecided(Exception):
    """The values of one run do not say what the derivative is: the graph does."""


def pulled_back(tape: Tape, calls: Calls, cotangents: Mapping[int, Array]) -> list[Array | None]:
    """x̄ for each argument of the run, from the cotangents of some results, by place; None where it is zero. `calls` stand in place
    of those of the tape.

    Raises Undecided where the graph says what the derivative is.
    """
    with np.errstate(all="ignore"):
        return _pulled_back(tape, calls, cotangents)


def _pulled_back(tape: Tape, calls: Calls, cotangents: Mapping[int, Array]) -> list[Array | None]:
    values = tape.values
    assert values is not None
    bars: list[Any] = [None] * tape.position
    found: list[Any] = [None] * len(tape.inputs)
    behind = set[int]()
    """The places whose bar has passed a quotient."""
    for place, bar in cotangents.items():
        _add(bars, found, place, bar)
    for place in range(tape.position - 1, -1, -1):
        bar = bars[place]
        if bar is None:
            continue
        bars[place] = None
        key = calls.get(place) or tape.log[place]
        if key[0] == "item":
            base, number = key[1][0], key[1][1][1]
            if bars[base] is None:
                bars[base] = [None] * len(values[base])
            bars[base][number] = bar
            behind.update([base] if place in behind else [])
            continue
        waits = place in behind or name_of(key[0]) in QUOTIENTS
        of_call = _in_range(_parts) if waits else _parts
        for source, part in of_call(tape, key, values[place], bar):
            if part is not None and (source >= 0 or ~source < tape.arguments):
                _add(bars, found, source, part)
                if waits:
                    behind.add(source)
    return found[: tape.arguments]


def _in_range(parts: Callable[..., Any]) -> Callable[..., Any]:
    """What a quotient, or a call behind one, adds to bars, undecided where a result falls below the normal floats: what follows may
    bring the signal back into range (see `autodiff.deferred`)."""

    def of_call(*given: Any) -> Any:
        try:
            with np.errstate(under="raise"):
                return parts(*given)
        except FloatingPointError:
            raise Undecided from None

    return of_call


def _add(bars: list[Any], found: list[Any], place: int, part: Array) -> None:
    if place >= 0:
        bars[place] = part if bars[place] is None else bars[place] + part
    else:
        found[~place] = part if found[~place] is None else found[~place] + part


def _parts(tape: Tape, key: Any, y: Array, bar: Array) -> list[tuple[int, Array | None]]:
    """What a call adds to the bars of what it reads, by place."""
    function = key[0]
    if type(function) is np.ufunc:
        op = ONE_OP.get(function)
        if op is not None and y.dtype.kind == "f" and not (function is np.absolute and _is_modulus(tape, key)):
            return _elementwise(tape, op, key[1:], y, bar)
        if function is np.power and y.dtype.kind == "f" and _is_known_number(key[2]):
            return _power(tape, key, y, bar)
    if type(function) is StableFormula and function.is_plain:
        return _through_formula(tape, function, key[1], bar)
    direct = DIRECT.get(function)
    if direct is not None and (parts := direct(tape, key, y, bar)) is not None:
        return parts
    return _ruled(tape, key, y, bar)


def _is_modulus(tape: Tape, key: Any) -> bool:
    """|z|, the one real result of a ufunc with partials whose input is complex."""
    return kind_of(references.read(key[1], tape.values, tape.inputs)).dtype.kind == "c"  # pyright: ignore[reportArgumentType]


def _elementwise(tape: Tape, op: Op, given: Sequence[Any], y: Array, bar: Array) -> list[Any]:
    """By the op's record: signals carried through in its order of factors, or times its partials."""
    values, inputs = tape.values, tape.inputs
    assert values is not None
    dtype = y.dtype
    is_cast = False
    xs: list[Any] = []
    for each in given:
        if type(each) is int:
            x = values[each] if each >= 0 else inputs[~each]
        else:
            x = references.read(each, values, inputs)
        kind = type(x)
        if kind in (float, int, bool):
            x = dtype.type(x)
        elif kind in (list, tuple):
            x = np.asarray(x, dtype)
        elif x.dtype is not dtype and x.dtype != dtype:
            x, is_cast = x.astype(dtype), True
        xs.append(Known(x))
    if op.fades:
        _refuse_overflowed(given[0], xs[0].value)
    wanted = [type(each) is int and (each >= 0 or ~each < tape.arguments) for each in given]
    found = _carried(op, bar, Known(y), xs, wanted)
    parts: list[Any] = []
    for each, part, x in zip(given, found, xs, strict=True):
        if part is None:
            continue
        if is_cast or part.dtype is not dtype or part.shape != x.value.shape:
            part = _fitted(part, tape, each, x.value)
        parts.append((each, part))
    return parts


def _carried(
    op: Op, bar: Array, y: Known, xs: Sequence[Known], wanted: Sequence[bool], params: Mapping[str, Any] = NO_PARAMS
) -> list[Array | None]:
    """ȳ ∂y/∂x_k for the inputs that are wanted, by the record of an op; None where it is zero."""
    if op.through is not None:
        signal = Known(bar)
        signals = [signal if w else None for w in wanted]
        return [None if p is None else value_of(p) for p in op.through(signals, y, *xs, **params)]
    assert op.partials is not None
    partials = op.partials(y, *xs, **params)
    return [_product(bar, p) if w else None for w, p in zip(wanted, partials, strict=True)]


def _through_formula(tape: Tape, formula: StableFormula, places: Sequence[int], bar: Array) -> list[Any]:
    """By the records of the ops of which a formula consists."""
    graph, known = formula.graph, dict[Node, Known]()
    for node, place in zip(graph.inputs, places, strict=True):
        x: Any = tape.values[place] if place >= 0 else tape.inputs[~place]  # pyright: ignore[reportOptionalSubscript]
        known[node] = Known(np.asarray(x, node.type.dtype))
    order = order_of(graph)
    for node in order:
        if node not in known:
            known[node] = Known(node.op.value(NUMPY, *[known[x].value for x in node.inputs], **node.params))
    bars: dict[Node, Array] = {graph.outputs[0]: np.asarray(bar, graph.outputs[0].type.dtype)}
    for node in reversed(order):
        if not node.inputs or node not in bars:
            continue
        xs = [known[x] for x in node.inputs]
        if node.op.fades:
            _refuse_overflowed(0, xs[0].value)
        wanted = [x.op.leaf != "constant" for x in node.inputs]
        bar = bars.pop(node)
        if node.op.partials is None:
            parts = _by_rule(node, known[node].value, xs, bar)
        else:
            carried = _in_range(_carried) if node.op.name in QUOTIENTS else _carried
            parts = carried(node.op, bar, known[node], xs, wanted, node.params)
        for x, part in zip(node.inputs, parts, strict=True):
            if part is not None:
                bars[x] = part if x not in bars else bars[x] + part
    found = [(place, bars.get(node), known[node].value) for node, place in zip(graph.inputs, places, strict=True)]
    return [(place, _fitted(part, tape, place, x)) for place, part, x in found if part is not None]


def _by_rule(node: Node, value: Array, xs: Sequence[Known], bar: Array) -> list[Array | None]:
    """The contributions of a node by the reverse rule of its op, run on values."""
    y = Known(value)
    y.op, y.inputs, y.params = node.op, tuple(xs), node.params
    backs = node.op.vjp(y, Known(bar))
    return [None if back is None else value_of(back) for back in backs]


def _refuse_overflowed(reference: Any, x: Array) -> None:
    """Where a computed value has overflowed, the slope of log and its kin is not 0 but unknown.

    Raises Undecided.
    """
    if type(reference) is int and reference >= 0 and np.isinf(x).any():
        raise Undecided


def _product(bar: Array, partial: Any) -> Array | None:
    """ȳ times a partial; ȳ n/d as (ȳ n)/d, so that 1/d need not be held."""
    if type(partial) is Known:
        over = partial.over
        if over is None:
            return bar * partial.value
        n, d = over
        return (bar if type(n) is int and n == 1 else -bar if type(n) is int and n == -1 else bar * n) / d
    if partial is None:
        return None
    if type(partial) is int:
        return bar if partial == 1 else -bar if partial == -1 else bar * partial
    return bar * value_of(partial)


def _fitted(part: Array, tape: Tape, place: int, x: Array) -> Array:
    """A contribution summed over the axes along which the input was repeated, in the dtype of the input."""
    shape = np.shape(x) if type(x) is float else x.shape
    if part.shape != shape:
        part = summed_to(part, shape)
    own: Any = tape.values[place] if place >= 0 else tape.inputs[~place]  # pyright: ignore[reportOptionalSubscript]
    dtype = getattr(own, "dtype", None)
    if dtype is None or dtype is part.dtype or dtype == part.dtype:
        return part
    return None if dtype.kind not in "fc" else part.astype(dtype)


def _is_known_number(reference: Any) -> bool:
    """Whether what is taken for granted is one number: of Python, of NumPy or an array without axes."""
    return type(reference) is tuple and len(reference) == 2 and not np.ndim(references.read(reference, (), ()))


def _power(tape: Tape, key: Any, y: Array, bar: Array) -> list[Any]:
    """x to a power that is a number: a whole one, ½ or another."""
    x = references.read(key[1], tape.values, tape.inputs)  # pyright: ignore[reportArgumentType]
    n = references.read(key[2], (), ())
    if type(key[1]) is not int:
        return []
    known = Known(np.asarray(x, y.dtype))
    if n == 0.5:
        _refuse_overflowed(key[1], x)  # pyright: ignore[reportArgumentType]
        (p,) = OPS["sqrt"].partials(Known(y), known)  # pyright: ignore[reportOptionalCall]
    elif n == int(n) and n < 0:
        (found,) = _carried(OPS["integer_power"], bar, Known(y), [known], (True,), {"exponent": int(n)})
        return [(key[1], _fitted(found, tape, key[1], known.value))]
    elif n == int(n):
        (p,) = OPS["integer_power"].partials(Known(y), known, exponent=int(n))  # pyright: ignore[reportOptionalCall]
    else:
        if 0 < n < 1:
            _refuse_overflowed(key[1], x)  # pyright: ignore[reportArgumentType]
        found, _ = _carried(OPS["power"], bar, Known(y), [known, Known(np.asarray(n, y.dtype))], (True, False))
        return [(key[1], _fitted(found, tape, key[1], known.value))]
    return [(key[1], _fitted(_product(bar, p), tape, key[1], known.value))]


# ---------------------------------------------------------------- by the rule


def _ruled(tape: Tape, key: Any, y: Array, bar: Any) -> list[Any]:
    """By the derivative of the call's rule, for these kinds of values."""
    given, named = references.arguments(key)
    read: list[int] = []
    for each in (*given, *(each for _, each in named)):
        references.places(each, read)
    read = list(dict.fromkeys(read))
    values: list[Any] = [tape.values[k] if k >= 0 else tape.inputs[~k] for k in read]  # pyright: ignore[reportOptionalSubscript]
    number = {place: k for k, place in enumerate(read)}
    kinds = tuple([kind_of(x) for x in values])
    real = tuple([(k >= 0 or ~k < tape.arguments) and kind.is_real for k, kind in zip(read, kinds, strict=True)])
    if not any(real):
        return []
    several = isinstance(y, list)
    form = (
        key[0],
        tuple([references.renumbered(each, number) for each in given]),
        tuple([(name, references.renumbered(each, number)) for name, each in named]),
    )
    bars: list[Any] = bar if several else [bar]
    results = tuple([kind_of(x) for x in (y if several else [y])])
    seeded = tuple([b is not None for b in bars])
    try:
        hash(form)
    except TypeError:  # something in it can change, so that its derivative is not kept
        adjoint, _ = _adjoint(form, kinds, real, results, seeded)
    else:
        adjoint = _kept((form, kinds, real, results, seeded))
    parts = adjoint(values, [b for b in bars if b is not None])
    return [(place, part) for place, part in zip([p for p, r in zip(read, real, strict=True) if r], parts, strict=True)]


def _kept(key: Any) -> Adjoint:
    """The adjoint of a call, made once; those not asked for longest go where there are too many, or they hold too much."""
    found = _KEPT.get(key)
    if found is None:
        found = _adjoint(*key)
    with _LOCK:
        _KEPT[key] = found
        _KEPT.move_to_end(key)
        if found[1] > FEW_BYTES or len(_KEPT) > MOST_ADJOINTS:
            while len(_KEPT) > 1 and (
                len(_KEPT) > MOST_ADJOINTS or sum(size for _, size in _KEPT.values()) > MOST_BYTES
            ):
                _KEPT.popitem(last=False)
    return found[0]


def _adjoint(
    form: Any, kinds: tuple[Kind, ...], real: tuple[bool, ...], results: tuple[Kind, ...], seeded: tuple[bool, ...]
) -> tuple[Adjoint, int]:
    """The map from values and cotangents to the cotangents of the real inputs of a call; the bytes of the constants that it holds."""
    inputs = [input_node(f"x{k}", kind.type) for k, kind in enumerate(kinds)]
    outputs = _outputs(form, inputs, kinds, results)
    seeds = [
        input_node(f"bar {k}", kind.type) for k, (kind, given) in enumerate(zip(results, seeded, strict=True)) if given
    ]
    chosen = [y for y, given in zip(outputs, seeded, strict=True) if given]
    wanted = [x for x, is_real in zip(inputs, real, strict=True) if is_real]
    backs = vjp(chosen, wanted, seeds, masked=True, certain=True)
    there = [back for back in backs if back is not None]
    graph = Graph((*inputs, *seeds), tuple(opened(there)))
    program: GraphProgram = with_sizes(schedule(graph), {})
    has_roots = any(is_over_powers(node) for node in topological(chosen))

    def adjoint(values: Sequence[Array], bars: Sequence[Array]) -> list[Array | None]:
        if has_roots and not all(np.isfinite(bar).all() for bar in bars):
            raise Undecided  # the squares under a root take the signal's infinity for the root's
        arrays = [np.asarray(x, node.type.dtype) for x, node in zip((*values, *bars), (*inputs, *seeds), strict=True)]
        found = iter(run(program, arrays))
        return [None if back is None else next(found) for back in backs]

    return adjoint, sum(x.nbytes for x in program.values if isinstance(x, np.ndarray) and x.nbytes > FEW_BYTES)


def _outputs(form: Any, inputs: Sequence[Node], kinds: Sequence[Kind], results: Sequence[Kind]) -> list[Node]:
    """The nodes of a call by its rule, of the types that NumPy gave."""
    function, given, named = form
    token = OPEN.set(None)
    try:
        trace = Trace()
        with trace.open():
            traced = [Traced(node, trace, kind.weak) for node, kind in zip(inputs, kinds, strict=True)]
            args = [references.read(each, traced, ()) for each in given]
            result = rule_of(function)(*args, **{name: references.read(each, traced, ()) for name, each in named})
            found = result if isinstance(result, list | tuple) else [result]
            return [fitted(x, trace, kind.type, function) for x, kind in zip(found, results, strict=True)]
    finally:
        OPEN.reset(token)
