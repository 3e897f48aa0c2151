"""Arguments that hold several arrays: params['W1'], or W1, b1 = params. Each entry is an input of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from typing import Any

from wengert.programs.inputs import BIAS, COUNTS, SCALARS, SIZE, Slot, as_array, parameters, unknown
from wengert.programs.names import entry_of, quoted
from wengert.programs.source import Program

WEIGHT = re.compile(r"^(W|w|U|V|kernel|weight|theta|emb)\w{0,4}$|weight|kernel|table|embed")
"""Names of parameters that are matrices."""

Part = tuple[ast.FunctionDef, str]


def entries_of_argument(
    program: Program, passes: list[ast.FunctionDef], name: str, claimed: Collection[str] = ()
) -> tuple[Any, dict[str, Slot]]:
    """What an argument is that holds others: its numbers, and its arrays by the text that reads them. (None, {}) where it holds none.

    What has a gradient (`claimed`) is an array, whatever it is called.
    """
    parts = list(_handed_on(program, passes, name))
    code = "\n".join(ast.unparse(f) for f, _ in parts)
    if (unpacked := _unpacked(parts)) and not all(SIZE.search(n) or COUNTS.search(n) for n in unpacked):
        found = {f"{name}[{k}]": unknown(n, {n}, code, "real", "") for k, n in enumerate(unpacked)}
        return [None] * len(unpacked), found
    keys, optional = set[str](), set[str]()
    for function, local in parts:
        text = ast.unparse(function)
        keys |= set(re.findall(rf"\b{local}\[['\"](\w+)['\"]\](?!\s*=[^=])", text))
        keys |= set(_looped_over(function, local))
        optional |= set(re.findall(rf"\b{local}\.(?:get|setdefault|pop)\(['\"](\w+)['\"]", text))
    if not keys and not optional:
        return None, {}
    numbers: dict[str, Any] = {}
    arrays: dict[str, Slot] = {}
    for key in sorted(keys - optional):
        words = {f"{local}['{key}']" for _, local in parts}
        words |= {n for w in words for n in _names_of(w, parts)}
        if key not in SCALARS and (key in claimed or BIAS.match(key) or WEIGHT.search(key) or as_array(words, code)):
            arrays[f"{name}['{key}']"] = unknown(key, words, code, "real", "")
        else:
            numbers[key] = SCALARS.get(key, 1)
    return numbers, arrays


def _looped_over(function: ast.FunctionDef, local: str) -> Iterator[str]:
    """The keys of params[k] for k in ('W1', 'b1')."""
    for node in ast.walk(function):
        for made in getattr(node, "generators", [node] if isinstance(node, ast.For) else []):
            keys = made.iter.elts if isinstance(made.iter, ast.Tuple | ast.List) else []
            if keys and f"{local}[{ast.unparse(made.target)}]" in ast.unparse(node):
                yield from (k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str))


def _handed_on(program: Program, passes: list[ast.FunctionDef], name: str) -> Iterator[Part]:
    """The functions that an argument reaches, each with what it is called there."""
    todo = [(f, name) for f in passes]
    seen = set[tuple[int, str]]()
    while todo:
        function, local = todo.pop(0)
        if (id(function), local) in seen:
            continue
        seen.add((id(function), local))
        yield function, local
        for call in [n for n in ast.walk(function) if isinstance(n, ast.Call)]:
            word = ast.unparse(call.func).rpartition(".")[2]
            for other in [f for (_, n), f in program.functions.items() if n == word]:
                given = dict(zip(parameters(other), map(ast.unparse, call.args), strict=False))
                given |= {str(k.arg): ast.unparse(k.value) for k in call.keywords}
                todo += [(other, p) for p, text in given.items() if text == local]


def _unpacked(parts: list[Part]) -> list[str]:
    """The names that an argument is taken apart into."""
    for function, local in parts:
        for node in ast.walk(function):
            if (
                not isinstance(node, ast.Assign)
                or ast.unparse(node.value) != local
                or local not in parameters(function)
            ):
                continue
            target = node.targets[0]
            if isinstance(target, ast.Tuple) and all(isinstance(e, ast.Name) for e in target.elts):
                return [ast.unparse(e) for e in target.elts]
    return []


def _names_of(entry: str, parts: list[Part]) -> Iterator[str]:
    """Names that stand for an entry: W1 = params['W1']."""
    for function, _ in parts:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.GeneratorExp | ast.ListComp):
                yield from _names_in_order(node, entry)
            if not isinstance(node, ast.Assign) or entry not in ast.unparse(node.value):
                continue
            pairs = [(node.targets[0], node.value)]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
            yield from (ast.unparse(t) for t, v in pairs if isinstance(t, ast.Name) and ast.unparse(v) == entry)


def _names_in_order(node: ast.Assign, entry: str) -> Iterator[str]:
    """W1 of params['W1'], where W1, b1 = (params[k] for k in ('W1', 'b1'))."""
    made: Any = node.value
    target, keys, key = node.targets[0], made.generators[0].iter, ast.unparse(made.generators[0].target)
    if not isinstance(target, ast.Tuple) or not isinstance(keys, ast.Tuple | ast.List):
        return
    for name, each in zip(target.elts, keys.elts, strict=False):
        if ast.unparse(made.elt).replace(f"[{key}]", f"[{ast.unparse(each)}]") == entry:
            yield ast.unparse(name)


def put_together(values: dict[str, Any]) -> dict[str, Any]:
    """Arguments with their entries put into what holds them."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        base, index = entry_of(name)
        if not index:
            out[name] = value.copy() if isinstance(value, dict | list) else value
        else:
            out[base][quoted(index) or int(index)] = value
    return out
