"""check_backward: a backward pass given as a function, judged on inputs that are given."""

from __future__ import annotations

import ast
import copy
import inspect
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import CheckError, WengertError
from wengert.programs.files import Origin, judged_with_loss
from wengert.programs.judging import judged
from wengert.programs.losses import needs_loss
from wengert.programs.pairs import Pair
from wengert.programs.report import Report
from wengert.programs.scenario import Point, Scenario
from wengert.programs.source import Program, source_of

POINTS = 2


def check_backward(forward: Callable[..., Any], backward: Callable[..., Any] | None, *inputs: Any) -> Report:
    """Whether `backward` gives the cotangents x̄ = (∂y/∂x)ᵀ ȳ of y = forward(*inputs), line by line.

    `forward` returns its result y, or (y, …, cache); `backward` takes ȳ and what forward kept, or the inputs again, and returns, or
    sets as attributes, the cotangents by name: dx or grad_x for x. ȳ is drawn at random. Where forward gives a number and backward
    takes no signal, y is the loss. `backward=None` judges a function that returns a loss and its gradients. Both may be methods of
    one object. The functions are run, at the inputs and near them, in double precision.

    The report prints like that of `wengert check`: the first wrong line is named, its kind and the corrected line, and what follows
    is judged with the author's earlier values, so that one mistake is one ✗. `.holds` says whether nothing is wrong.

    Raises CheckError where an input is not finite, or a result of backward is none, no real number or NaN, or one is missing, and
    EquationError where the text of a function cannot be read.
    """
    program, pair, this, text = _program(forward, backward)
    names = _names(forward, inputs)
    given = {n: _double(n, v) for n, v in zip(names, inputs, strict=False)}
    points = [Point(_near(given, p), seed=p + 1, this=copy.deepcopy(this)) for p in range(POINTS)]
    scenario = Scenario(program, pair, points)
    with np.errstate(all="ignore"):
        if backward is not None:
            _check_results(forward, backward, scenario)
        if needs_loss(scenario):
            found = judged_with_loss(scenario, Origin(text, pair.backward or ""))
        else:
            found = judged(scenario, text)
    if len([n for n, v in found.results.items() if v != "open"]) == 0:
        raise CheckError(
            "No result of the backward pass has a name that says of which input it is the gradient.",
            f"  {', '.join(found.results) or 'it returns nothing'}; the inputs are {', '.join(names)}",
            f"Return them by name:  return {', '.join('d' + n for n in names[:3])}",
        )
    return Report([found])


def _program(forward: Callable[..., Any], backward: Callable[..., Any] | None) -> tuple[Program, Pair, Any, str]:
    """The program that the functions stand in, with its assignments as events."""
    this: Any = getattr(forward, "__self__", None)
    functions = [getattr(f, "__func__", f) for f in (forward, backward) if f is not None]
    trees: list[tuple[ast.Module, str, Any]] = []
    for function in functions:
        if not isinstance(function, types.FunctionType):
            raise CheckError(
                f"'{getattr(function, '__name__', function)}' is no function of Python.",
                f"  it is of type {type(function).__name__}",
                "Give functions that are written with def.",
            )
        tree, file = source_of(function)
        trees.append((tree, file, function))
    nodes = [_definition(tree, function) for tree, _, function in trees]
    cls = type(this).__name__ if this is not None else None
    body: list[ast.stmt] = list(nodes)
    for tree, file, function in trees:
        body += [
            n
            for n in _helpers(tree, file, function)
            if n.name not in {b.name for b in body if isinstance(b, ast.FunctionDef)}
        ]
    if cls:
        owner = next(n for n in ast.walk(trees[0][0]) if isinstance(n, ast.ClassDef) and n.name == cls)
        body = [n for n in body if n not in nodes] + [owner]
    program = Program(ast.Module(body, []))
    program.prepare_names()
    for _, _, function in trees:
        program.names.update({k: v for k, v in function.__globals__.items() if k != "__builtins__"})
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        program.names.update({n: c.cell_contents for n, c in cells})
    if cls:
        made = type(cls, (type(this),), {"__module__": type(this).__module__})
        program.names[cls] = made
        for name in [n for c, n in program.functions if c == cls]:
            setattr(made, name, vars(type(this)).get(name))
        this = copy.deepcopy(this)
        this.__class__ = made
    for owner in list(program.functions):
        program.install(owner)
    back = nodes[1].name if backward is not None else None
    text = "".join(inspect.findsource(functions[-1])[0])
    return program, Pair(cls, nodes[0].name, back), this, text


def _definition(tree: ast.Module, function: types.FunctionType) -> ast.FunctionDef:
    line = function.__code__.co_firstlineno
    for node in ast.walk(tree):
        starts = (
            {node.lineno, *(d.lineno for d in node.decorator_list)} if isinstance(node, ast.FunctionDef) else set[int]()
        )
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__ and line in starts:
            return copy.deepcopy(node)
    raise CheckError(
        f"'{function.__name__}' is not found in its file.",
        f"  line {line}",
        "Write it with def, and load the file again.",
    )


def _helpers(tree: ast.Module, file: str, function: types.FunctionType) -> list[ast.FunctionDef]:
    """The other functions of the file, as they are known to the function now."""
    out: list[ast.FunctionDef] = []
    for node in tree.body:
        known = function.__globals__.get(node.name) if isinstance(node, ast.FunctionDef) else None
        if (
            isinstance(node, ast.FunctionDef)
            and isinstance(known, types.FunctionType)
            and known.__code__.co_filename == file
            and not known.__closure__
        ):
            out.append(node)
    return out


def _names(forward: Callable[..., Any], inputs: tuple[Any, ...]) -> list[str]:
    taken = list(inspect.signature(forward).parameters)
    if len(inputs) > len(taken):
        raise CheckError(
            f"'{forward.__name__}' takes {len(taken)} inputs, and {len(inputs)} are given.",
            f"  {forward.__name__}({', '.join(taken)})",
            "Give those alone.",
        )
    return taken[: len(inputs)]


def _double(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray | float | np.floating) and np.asarray(value).dtype.kind == "f":
        if not np.all(np.isfinite(value)):
            raise CheckError(
                f"The input '{name}' is not finite.",
                f"  {np.size(value) - int(np.sum(np.isfinite(value)))} of {np.size(value)} entries are NaN or infinite",
                "Give finite numbers.",
            )
        return np.asarray(value, float) if isinstance(value, np.ndarray) else float(value)
    return value


def _near(given: dict[str, Any], p: int) -> dict[str, Any]:
    """The inputs, and inputs near them; entries that are all 0 or 1 (masks, one-hot rows) stay as they are."""
    rng = np.random.default_rng(p)
    out: dict[str, Any] = {}
    for name, value in given.items():
        moves = (
            p and isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.all((value == 0) | (value == 1))
        )
        out[name] = value * (1 + 0.1 * rng.standard_normal(value.shape)) if moves else copy.deepcopy(value)
    return out


def _check_results(forward: Callable[..., Any], backward: Callable[..., Any], scenario: Scenario) -> None:
    """Refuse results that are none."""
    from wengert.programs.events import Recorder

    raw: list[Any] = []
    original = scenario._results  # the values before they are taken apart

    def keep(found: Any, *rest: Any) -> Any:
        raw.append(found)
        return original(found, *rest)

    scenario._results = keep  # type: ignore[method-assign]
    try:
        out = scenario.run(Recorder(), 0)
    except WengertError:
        raise
    except Exception as error:
        raise CheckError(
            f"'{forward.__name__}' cannot be run on these inputs.",
            f"  {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            "Give inputs that it takes.",
        ) from None
    finally:
        scenario._results = original  # type: ignore[method-assign]
    if out.error is not None or not raw:
        return
    name = backward.__name__
    parts = raw[0] if isinstance(raw[0], tuple) else (raw[0],)
    sets = any(n.startswith(("self.", "step of")) for n, _ in out.results)
    words = scenario._returned(name, raw[0])
    for word, value in zip(words, parts, strict=False):
        if value is None and not (sets and len(parts) == 1):
            raise CheckError(
                f"'{name}' gives None for '{word}'.",
                f"  {name} returns {', '.join(words)}",
                f"Compute '{word}', or leave it out of what is returned.",
            )
        if isinstance(value, np.ndarray | np.generic | int) and np.asarray(value).dtype.kind != "f" and len(parts) > 0:
            raise CheckError(
                f"'{name}' gives {np.asarray(value).dtype} for '{word}', where a gradient is a real number.",
                f"  its shape is {np.shape(value)}",
                "Compute in floating point:  np.zeros_like(x, dtype=float)",
            )
        if isinstance(value, np.ndarray | np.floating) and not np.all(np.isfinite(value)):
            raise CheckError(
                f"'{name}' gives NaN or infinity for '{word}'.",
                f"  {np.size(value) - int(np.sum(np.isfinite(value)))} of {np.size(value)} entries",
                "Keep away from 0/0, log 0 and the like, or give other inputs.",
            )
