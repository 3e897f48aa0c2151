"""Rules of primitives compared with differences of the primitive, the first time that they are used.

For each positional argument a random direction v: J v by extrapolated central differences, against the rule's own J v, or ⟨ȳ, J v⟩
against ⟨Jᵀ ȳ, v⟩. Where the differences do not agree among themselves (kinks, rough functions), nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ops.control import Cotangents
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.loop import filled
from wengert.errors import CheckError
from wengert.functions.transforms.differences import differences, largest
from wengert.functions.transforms.primitives import trial_values

if TYPE_CHECKING:
    from wengert.functions.transforms.rules import PrimitiveCall

TOLERANCE = 2e-4
"""A relative difference beyond this is a mistake: differences are good to 1e-6, and a rule is wrong by more than that."""

_ON = [True]


def check_rules(on: bool) -> bool:
    """Switch the checks of rules on or off, everywhere; what was set before is returned."""
    before, _ON[0] = _ON[0], on
    return before


def note(call: PrimitiveCall, rule: str) -> None:
    """A rule is used: it is checked where the primitive has been called, or when it will be.

    Raises CheckError.
    """
    if not _ON[0] or not call.primitive.check or (call, rule) in call.primitive.checked:
        return
    call.primitive.checked.add((call, rule))
    point = call.primitive.points.get((call.site, call.inputs))
    if point is not None:
        check(call, rule, point)
    elif call.primitive.like is not None or not _passes_trial(call, rule):
        call.primitive.waiting.setdefault(call, []).append(rule)


def _passes_trial(call: PrimitiveCall, rule: str) -> bool:
    """Check a rule on trial values, for programs that read no result of the primitive; whether that said anything.

    Raises CheckError.
    """
    try:
        return check(call, rule, trial_values(call.inputs))
    except CheckError:
        raise
    except Exception:
        return False  # trial values may be no arguments of the function: it is asked again with others


def check_waiting(call: PrimitiveCall, arrays: Sequence[Any]) -> None:
    """Check the rules that wait for numbers.

    Raises CheckError.
    """
    for rule in call.primitive.waiting.pop(call, ()):
        check(call, rule, arrays)


def check(call: PrimitiveCall, rule: str, point: Sequence[Any]) -> bool:
    """Compare a rule with differences at a point, argument by argument; whether there was something to compare.

    Raises CheckError where they disagree.
    """
    if any(np.iscomplexobj(x) and not type.is_complex for x, type in zip(point, call.inputs, strict=True)):
        return True  # a real number with a perturbation
    rng = np.random.default_rng(0)
    said = False
    real = [k for k, type in enumerate(call.inputs) if type.is_float and np.size(point[k])]
    for a in sorted({call.argument(k) for k in real} & call.ruled(rule)):
        places = [k for k in real if call.argument(k) == a]
        moved = {k: _drawn(rng, np.shape(point[k]), call.inputs[k].dtype) for k in places}
        try:
            found = differences(call.run, point, moved)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            continue  # beside the point the function is not defined
        if found.certain:
            said = True
            compared = (_forward if rule == "defjvp" else _backward)(call, point, moved, found.slopes, rng)
            _compare(call, rule, a, *compared, found.doubt)
    return said


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    parts = rng.normal(size=shape)
    return np.asarray(parts + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else parts, dtype)


def _compare(call: PrimitiveCall, rule: str, a: int, mine: Any, theirs: Any, scale: float, doubt: float) -> None:
    gap = np.abs(mine - theirs)
    wrong = ~(gap <= TOLERANCE * scale + 10 * doubt)
    if np.any(wrong):
        at = int(np.argmax(np.where(wrong, np.where(np.isnan(gap), np.inf, gap), -1)))
        raise CheckError(
            f"The rule '{rule}' of '{call}' is wrong for argument {a}: it gives {np.ravel(mine)[at]:.9g}, "
            f"differences give {np.ravel(theirs)[at]:.9g}.",
            f"  at the values of its first call, with {', '.join(map(str, call.inputs))}",
            "Correct the rule, or switch the check off:  @wg.primitive(check=False)",
        )


def _inputs(call: PrimitiveCall) -> tuple[list[Node], Node]:
    inputs = [input_node(f"x{k}", type) for k, type in enumerate(call.inputs)]
    return inputs, apply("host_call", *inputs, function=call)


def _forward(
    call: PrimitiveCall, point: Any, moved: dict[int, Any], slopes: list[Any], rng: Any
) -> tuple[Any, Any, float]:
    """J v by the rule and by differences, and the size of what is compared."""
    inputs, node = _inputs(call)
    tangents = [input_node(f"t{k}", x.type) if k in moved else None for k, x in enumerate(inputs)]
    found = [filled(t, type) for t, type in zip(call.jvp(node, tangents), call.results, strict=True)]
    graph = Graph((*inputs, *(t for t in tangents if t is not None)), tuple(found))
    values = {f"x{k}": x for k, x in enumerate(point)} | {f"t{k}": v for k, v in moved.items()}
    mine = np.concatenate([np.ravel(y) * 1.0 for y in evaluate(graph, values)])
    theirs = np.concatenate([np.ravel(s) for s in slopes])
    return mine, theirs, largest([mine, theirs])


def _backward(
    call: PrimitiveCall, point: Any, moved: dict[int, Any], slopes: list[Any], rng: Any
) -> tuple[Any, Any, float]:
    """Re ⟨Jᵀ ȳ, v⟩ by the rule and Re ⟨ȳ, J v⟩ by differences: for a ȳ with the signs of J v, so that no terms cancel."""
    inputs, node = _inputs(call)
    weights = [np.where(s == 0, 1.0, np.conj(np.sign(s))) * rng.uniform(0.5, 1.5, np.shape(s)) for s in slopes]
    bars = [input_node(f"g{k}", y) if y.is_float else None for k, y in enumerate(call.results)]
    back = call.vjp(node, Cotangents(bars, [k in moved for k in range(len(inputs))], [None] * len(bars), []))
    order = sorted(moved)
    found = [filled(back[k], call.inputs[k]) for k in order]
    graph = Graph((*inputs, *(g for g in bars if g is not None)), tuple(found))
    values = {f"x{k}": x for k, x in enumerate(point)}
    values |= {f"g{k}": np.asarray(w, call.results[k].dtype) for k, w in enumerate(weights) if bars[k] is not None}
    terms = [np.real(np.sum(x * 1.0 * moved[k])) for x, k in zip(evaluate(graph, values), order, strict=True)]
    pairs = [np.real(np.sum(w * s)) for w, s, g in zip(weights, slopes, bars, strict=True) if g is not None]
    theirs: float = sum(map(float, pairs))
    mine: float = sum(map(float, terms))
    return mine, theirs, max(abs(mine), abs(theirs))
