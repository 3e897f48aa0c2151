"""check_backward: a backward pass given as a function, judged on inputs that are given."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import CheckError, WengertError
from wengert.programs.arrays import is_real, is_tensor, numbers
from wengert.programs.events import Recorder
from wengert.programs.files import Origin, judged_with_loss
from wengert.programs.judging import judged
from wengert.programs.losses import needs_loss
from wengert.programs.report import Report
from wengert.programs.scenario import Point, RunOutcome, Scenario
from wengert.programs.standing import standing

POINTS = 2


def check_backward(forward: Any, backward: Callable[..., Any] | None, *inputs: Any) -> Report:
    """Whether `backward` gives the cotangents x̄ = (∂y/∂x)ᵀ ȳ of y = forward(*inputs), line by line.

    `forward` returns its result y, or (y, …, cache); `backward` takes ȳ and what forward kept, or the inputs again, and returns, or
    sets as attributes, the cotangents by name: dx or grad_x for x. ȳ is drawn at random. Where forward gives a number and backward
    takes no signal, y is the loss. `backward=None` judges a function that returns a loss and its gradients. Both may be methods of
    one object. The functions are run, at the inputs and near them, in double precision.

    Inputs are arrays of NumPy, PyTorch or JAX. With `backward=None`, `forward` may be a class of torch.autograd.Function, or a
    function of jax.custom_vjp: its results are compared in the order of the inputs.

    The report prints like that of `wengert check`: the first wrong line is named, its kind and the corrected line, and what follows
    is judged with the author's earlier values, so that one mistake is one ✗. `.holds` says whether nothing is wrong.

    Raises CheckError where an input is not finite, or a result of backward is none, no real number or NaN, or one is missing, and
    EquationError where the text of a function cannot be read.
    """
    program, pair, this, text = standing(forward, backward, any(map(is_tensor, inputs)))
    taken = [] if pair.combined else pair.taken(program.functions[pair.cls, str(pair.forward)], "forward")
    names = _names(forward, taken or list(inspect.signature(forward).parameters), inputs)
    given = {n: _double(n, v) for n, v in zip(names, inputs, strict=False)}
    points = [Point(_near(given, p), seed=p + 1, this=copy.deepcopy(this)) for p in range(POINTS)]
    scenario = Scenario(program, pair, points)
    with np.errstate(all="ignore"):
        if not pair.combined:
            _check_results(scenario)
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


def _names(forward: Any, taken: list[str], inputs: tuple[Any, ...]) -> list[str]:
    if len(inputs) > len(taken):
        raise CheckError(
            f"'{forward.__name__}' takes {len(taken)} inputs, and {len(inputs)} are given.",
            f"  {forward.__name__}({', '.join(taken)})",
            "Give those alone.",
        )
    return taken[: len(inputs)]


def _double(name: str, value: Any) -> Any:
    if is_tensor(value):
        value = numbers(value)
    if not is_real(value):
        return value
    if not np.all(np.isfinite(value)):
        raise CheckError(
            f"The input '{name}' is not finite.",
            f"  {np.size(value) - int(np.sum(np.isfinite(value)))} of {np.size(value)} entries are NaN or infinite",
            "Give finite numbers.",
        )
    return np.asarray(value, float) if isinstance(value, np.ndarray) else float(value)


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


def _check_results(scenario: Scenario) -> None:
    """Refuse results that are none."""
    forward, backward = str(scenario.pair.forward), str(scenario.pair.backward)
    try:
        out = scenario.run(Recorder(), 0)
    except WengertError:
        raise
    except Exception as error:
        raise CheckError(
            f"'{forward}' cannot be run on these inputs.",
            f"  {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            "Give inputs that it takes.",
        ) from None
    if out.error is None:
        words = scenario.returned(backward, out.raw)
        for word, value in zip(words, out.raw if isinstance(out.raw, tuple) else (out.raw,), strict=False):
            _check_result(scenario, out, word, value, words)


def _check_result(scenario: Scenario, out: RunOutcome, word: str, value: Any, words: list[str]) -> None:
    name = scenario.pair.backward
    sets = any(n.startswith(("self.", "step of")) for n, _ in out.results)
    if value is None and not scenario.pair.rule and not (sets and len(words) == 1):
        raise CheckError(
            f"'{name}' gives None for '{word}'.",
            f"  {name} returns {', '.join(words)}",
            f"Compute '{word}', or leave it out of what is returned.",
        )
    if not (is_tensor(value) or isinstance(value, np.ndarray | np.generic | int)) and not is_real(value):
        return
    array = numbers(value)
    if not is_real(value) and array.dtype.kind != "V":  # JAX has a kind of its own for what has no gradient
        raise CheckError(
            f"'{name}' gives {array.dtype} for '{word}', where a gradient is a real number.",
            f"  its shape is {array.shape}",
            "Compute in floating point:  np.zeros_like(x, dtype=float)",
        )
    if is_real(value) and not np.all(np.isfinite(array)):
        raise CheckError(
            f"'{name}' gives NaN or infinity for '{word}'.",
            f"  {array.size - int(np.sum(np.isfinite(array)))} of {array.size} entries",
            "Keep away from 0/0, log 0 and the like, or give other inputs.",
        )
