"""What a pair wants to be given: the arguments of __init__, of forward, and those that only backward has."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wengert.programs.holders import entries_of_argument
from wengert.programs.inputs import Array, GivenValue, Slot, UnknownInput, parameters, slots_of
from wengert.programs.names import quantity
from wengert.programs.pairs import Pair, assigned, pairs_of
from wengert.programs.source import Program


@dataclass
class Asked:
    """The arguments of a scenario: of __init__, of forward, and those that only backward has."""

    init: dict[str, Slot]
    forward: dict[str, Slot]
    backward: dict[str, Slot]

    def all(self) -> list[tuple[str, str, Slot]]:
        return [(w, n, s) for w in ("init", "forward", "backward") for n, s in getattr(self, w).items()]


def asked(program: Program, pair: Pair, text: str) -> Asked:
    """What a pair wants to be given, as far as the text says it."""
    lines = text.split("\n")
    functions = program.functions
    own = [f for (cls, _), f in functions.items() if cls == pair.cls] if pair.cls else []
    forward = functions[pair.cls, str(pair.forward)]
    backward = functions.get((pair.cls, str(pair.backward)))
    others = [*own, *([backward] if backward is not None else [])]

    def written(f: Any) -> str:
        return "\n".join(lines[f.lineno - 1 : f.end_lineno])

    claimed = set[str]()
    if pair.rule and backward is not None:
        claimed = _differentiated(pair, forward, backward)
    elif backward is not None:
        claimed = {about[1] for name in assigned(backward) if (about := quantity(name))}
    else:
        claimed = _returned_under(forward)
    slots = slots_of(forward, written(forward), others, claimed=claimed)
    slots = {n: s for n, s in slots.items() if n in pair.taken(forward, "forward")}
    for name, slot in slots.items():  # what backward has a gradient of is no target
        if name in claimed and isinstance(slot, Array | UnknownInput) and slot.kind == "target":
            slots[name] = replace(slot, kind="real")
    _hold(program, slots, [forward, *([backward] if backward is not None else [])], claimed)
    init: dict[str, Slot] = {}
    maker = functions.get((pair.cls, "__init__")) if pair.cls else None
    if maker is not None:
        aliases = dict(re.findall(r"self\.(\w+) ?= ?(\w+)\b(?![.\[(])", written(maker)))
        held = {n for a, n in aliases.items() if f"self.{a}" in claimed or a in claimed}
        init = slots_of(maker, written(maker), own, {f"self.{a}": n for a, n in aliases.items()}, held)
        _hold(program, init, own, claimed)
        _give_functions(program, init, aliases, "\n".join(map(ast.unparse, own)))
    _give_functions(program, slots, {}, "\n".join(map(ast.unparse, [forward, *([backward] if backward else [])])))
    back: dict[str, Slot] = {}
    if backward is not None and not pair.slope and not pair.rule:
        seen = slots_of(backward, written(backward), own)
        known = {*parameters(forward), "cache"}
        named = {n for n, s in seen.items() if n not in known and quantity(n) is None}
        first = parameters(backward)[:1]
        back = {
            n: seen[n]
            for n in named
            if (_is_value(seen[n]) or _is_target(seen[n], n)) and ([n] != first or _is_target(seen[n], n))
        }
    return Asked(init, slots, back)


def _returned_under(function: ast.FunctionDef) -> set[str]:
    """The arguments of a function under whose names it returns gradients: return loss, {'a': da, 'b': db}."""
    returned = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    keys = {
        str(k.value)
        for value in returned
        for d in ast.walk(value)
        if isinstance(d, ast.Dict)
        for k in d.keys
        if isinstance(k, ast.Constant)
    }
    return keys & set(parameters(function))


def _hold(program: Program, slots: dict[str, Slot], passes: list[ast.FunctionDef], claimed: set[str]) -> None:
    """Put what arguments hold beside them, each entry an argument of its own."""
    for name, slot in list(slots.items()):
        numbers, arrays = entries_of_argument(program, passes, name, claimed)
        if numbers is not None and not (isinstance(numbers, list) and isinstance(slot, Array | GivenValue)):
            slots[name] = GivenValue(numbers)
            slots.update(arrays)


def _is_value(slot: Slot) -> bool:
    """Whether a backward pass takes a number of its own; what it takes apart is what forward has kept."""
    return isinstance(slot, GivenValue) and not isinstance(slot.value, tuple)


def _differentiated(pair: Pair, forward: ast.FunctionDef, backward: ast.FunctionDef) -> set[str]:
    """The inputs of a rule for which no return of its backward pass writes None."""
    names = pair.taken(forward, "forward")[pair.plain :]
    out = set(names)
    for node in ast.walk(backward):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == len(names):
            pairs = zip(names, node.value.elts, strict=True)
            out -= {n for n, e in pairs if isinstance(e, ast.Constant) and e.value is None}
    return out


def _is_target(slot: Slot, name: str) -> bool:
    return isinstance(slot, Array | UnknownInput) and slot.kind in ("target", "label")


SLOPE = re.compile(r"prime|deriv|grad|^d(?=[a-z_]*act)|_d$|^df$", re.I)
"""Names of arguments that are slopes of functions."""


def _give_functions(program: Program, slots: dict[str, Slot], aliases: dict[str, str], code: str) -> None:
    """Arguments that are called, or whose methods are, get a function of the program and its slope, or an object of its classes."""
    for name in slots:
        words = "|".join(re.escape(w) for w in {name, *(f"self.{a}" for a, n in aliases.items() if n == name)})
        methods = set(re.findall(rf"(?<![\w.])(?:{words})\.([a-z_]\w*)\(", code)) - ARRAY
        if methods and (made := _object_with(program, methods)) is not None:
            slots[name] = GivenValue(made)
        elif re.search(rf"(?<![\w.])(?:{words})\(", code):
            function, slope = _function_with_slope(program)
            slots[name] = GivenValue(slope if SLOPE.search(name) else function)


ARRAY = (
    {n for n in dir(np.ndarray) if not n.startswith("_")} | {n for n in dir(dict) if not n.startswith("_")} | {"append"}
)


def _object_with(program: Program, methods: set[str]) -> Any:
    """An object of a class of the program with these methods that needs no arguments; the class, where they are static."""
    for cls in {c for c, _ in program.functions if c}:
        if methods <= {n for c, n in program.functions if c == cls}:
            try:
                return program.names[cls]()
            except Exception:  # a class that wants arguments, or is abstract
                continue
    return None


def _function_with_slope(program: Program) -> tuple[Any, Any]:
    """A function of one argument in the program with its derivative, else the hyperbolic tangent."""
    for pair in pairs_of(program):
        if pair.slope and pair.cls is None and {pair.forward, pair.backward} <= set(program.names):
            return program.names[str(pair.forward)], program.names[str(pair.backward)]
    return program.helper_names["tanh"], program.helper_names["tanh_prime"]
