"""What the arguments of a program are: read from its text. Sizes that the text leaves open are found by running (`sizes`)."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.programs.names import RATE, TARGET

SCALARS: dict[str, Any] = {
    "mode": "train",
    "stride": 1,
    "pad": 1,
    "padding": 1,
    "pool_height": 2,
    "pool_width": 2,
    "pool_h": 2,
    "pool_w": 2,
    "pool_size": 2,
    "kernel_size": 2,
    "p": 0.5,
    "seed": 0,
    "momentum": 0.9,
    "eps": 1e-5,
    "epsilon": 1e-5,
    "reg": 0.1,
    **dict.fromkeys(RATE[:4], 0.1),
    "verbose": False,
    "lam": 0.1,
    "lambd": 0.1,
    "lambda_": 0.1,
    "l2": 0.1,
    "weight_decay": 0.1,
    "dropout_ratio": 0.5,
    "keep_prob": 0.5,
    "drop_prob": 0.5,
    "p_drop": 0.5,
    "rate": 0.5,
    "train_flg": True,
    "training": True,
    "is_training": True,
    "train": True,
    "std": 0.5,
    "weight_init_std": 0.5,
    "weight_scale": 0.5,
    "G": 2,
    "groups": 2,
    "num_groups": 2,
    "steps": 1,
    "epochs": 1,
    "n_epochs": 1,
    "num_epochs": 1,
    "num_iters": 1,
    "iterations": 1,
    "n_iters": 1,
    "log_interval": 1,
    "delta": 1.0,
    "margin": 1.0,
    "scale": 0.7,
    "temperature": 1.3,
    "alpha": 0.3,
    "num_heads": 2,
    "n_heads": 2,
    "layernorm": None,
    "running_mean": None,
    "running_var": None,
    "causal": True,
    "reverse": False,
    "name": "name",
    "batch_size": 4,
}
"""Arguments that are numbers by their name, and a value that shows what they do."""
SHARE = re.compile(r"drop\w*_?(rate|prob|p|ratio)$|^(keep|drop|dropout)\w*$|_prob$")
"""Names of numbers between 0 and 1."""
LISTS = re.compile(
    r"^(layers|sizes|dims|layer_sizes|layer_dims|layers_dims|hidden_sizes|structure|architecture|shape)$"
)
COUNTS = re.compile(
    r"(^n_|^num_|(^|_)size$|_dim$|_units$|_features$|^(d|h|c|m|n|k|D|H|C|V|K|M)$|^(n_in|n_out|nin|nout|depth|channels|filters|units|neurons|width|height)$|_(in|out)$|^(in|out|input|hidden|output)_)"
)
SIZE = re.compile(r"(?i:depth|height|width|channel|size|_dim$|^n_|^(?:rows|cols|in|out))|^[BCDFHKNTW]$|^[chwn]$")
"""Names of sizes that a tuple is taken apart into."""
BIAS = re.compile(r"^(b|bias|beta|gamma|mu|B)\w{0,2}$|bias")
SHAPE = re.compile(r"^\W*`?([A-Za-z_]\w*)`?\s*(?::|--|=|\bis\b|\().*?shape:?\s*`?[(\[]([^()\[\]]*)[)\]]", re.M)
NUMBER = re.compile(
    r"^\W*`?([A-Za-z_]\w*)`?\s*(?::|--)\s*(?:an? )?(?:number|scalar|float)\b(?!.*(?:shape|array))", re.M
)
"""An argument that a docstring calls a number."""
ASSUMED = {
    "distribution": r"\bsums? (?:up )?to (?:1|one)\b",
    "definite": r"\bpositive[ -](?:semi)?definite\b",
    "symmetric": r"\bsymmetric\b",
}
"""What the line of a docstring about an argument says of its entries, by the words that say it."""
BRIEF = re.compile(
    r"\b([A-Za-z_]\w*)`?\s*[:=]?\s*(?:is |has shape |shape )?(?:(?:int|bool|float)\d* (?:array )?(?:of shape )?)?\(((?:\s*[A-Za-z0-9_*]+\s*,)+\s*[A-Za-z0-9_*]*\s*)\)"
)
SIZES = {
    "N": 4,
    "D": 5,
    "C": 3,
    "M": 6,
    "H": 7,
    "W": 8,
    "T": 3,
    "V": 9,
    "F": 2,
    "HH": 3,
    "WW": 3,
    "FH": 3,
    "FW": 3,
    "K": 3,
    "B": 4,
}
IMAGES = {"N": 2, "B": 2, "C": 4, "H": 6, "W": 8, "D": 4}
LABEL_SIZE = 3


@dataclass(frozen=True)
class Array:
    """An argument that is an array: its axes by name or number, and what is in it: real, label, mask, distribution, definite …"""

    axes: tuple[str | int, ...]
    kind: str = "real"

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Its shape, where the axes that have names have these sizes."""
        return tuple(a if isinstance(a, int) else sizes[a] for a in self.axes)


@dataclass(frozen=True)
class UnknownInput:
    """An argument of which the text does not say enough: the ranks it may have, and what is in it."""

    ranks: tuple[int, ...]
    kind: str = "real"


@dataclass(frozen=True)
class GivenValue:
    value: Any


Slot = Array | UnknownInput | GivenValue


def parameters(function: ast.FunctionDef) -> list[str]:
    return [
        a.arg for a in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs] if a.arg != "self"
    ]


def defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    args = [*function.args.posonlyargs, *function.args.args]
    out = {a.arg: d for a, d in zip(args[::-1], function.args.defaults[::-1], strict=False)}
    return out | {
        a.arg: d for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d is not None
    }


def slots_of(
    function: ast.FunctionDef,
    text: str,
    others: Iterable[ast.AST] = (),
    aliases: Mapping[str, str] = {},
    claimed: Collection[str] = (),
) -> dict[str, Slot]:
    """The arguments of a function. `text`: its lines with their remarks; `others`: functions that may read them, as self.x;
    `claimed`: arguments that have a gradient, whatever they are called.
    """
    doc = ast.get_docstring(function) or ""
    numbers = {name: list[str]() for name in NUMBER.findall(doc) if name not in SCALARS}
    stated = {**_stated(BRIEF, text), **numbers, **_stated(SHAPE, doc)}
    code = "\n".join(ast.unparse(f) for f in (function, *others))
    four = any(len(dims) == 4 for dims in stated.values())
    out: dict[str, Slot] = {}
    given = defaults(function)
    for name in parameters(function):
        words = {name, f"self.{name}", *(a for a, n in aliases.items() if n == name)}
        kind = _kind(name, words, code, doc)
        if name in claimed and kind == "target":
            kind = "real"
        if name in stated:
            out[name] = Array(_axes(stated[name], doc, four), kind)
        elif name in given and not (isinstance(given[name], ast.Constant) and given[name].value is None):  # type: ignore[union-attr]
            out[name] = GivenValue(_default(name, given[name]))
        elif SHARE.search(name) and not as_array(words, code):
            out[name] = GivenValue(0.5)
        elif (
            name in SCALARS
            and name not in claimed
            and kind != "probability"
            and not (name == "alpha" and any(f"{w}.shape" in code for w in words))
        ):
            out[name] = GivenValue(SCALARS[name])
        elif axes := _unpacked(words, code):
            out[name] = GivenValue(axes)
        elif LISTS.match(name) and not any(f"{w}.shape" in code for w in words):
            out[name] = GivenValue([5, 7, 3])
        elif name in given and not TARGET.match(name) and name not in claimed:
            out[name] = GivenValue(None)
        elif COUNTS.search(name) and name not in claimed and not as_array(words, code):
            out[name] = Array((), "count")
        else:
            out[name] = unknown(name, words, code, kind, doc)
    return out


def _unpacked(words: set[str], code: str) -> tuple[int, ...]:
    """The sizes of an argument that is taken apart into sizes: depth, height, width = input_shape."""
    alternatives = "|".join(re.escape(w) for w in words)
    found = re.search(rf"^\s*\(?((?:[\w.]+, )+[\w.]+)\)? = (?:{alternatives})$", code, re.M)
    names = found[1].split(", ") if found else []
    if not names or not all(SIZE.search(n.rpartition(".")[2]) and not as_array({n}, code) for n in names):
        return ()
    return (2, 6, 5)[-len(names) :] if len(names) <= 3 else (3, 2, 6, 5)[-len(names) :]


def _stated(pattern: re.Pattern[str], text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, dims in pattern.findall(text):
        axes = [d.strip() for d in dims.split(",") if d.strip()]
        if axes and name not in found and all(re.fullmatch(r"[\w.*+ ]+", a) for a in axes):
            found[name] = axes
    return found


def _axes(dims: list[str], doc: str, four: bool) -> tuple[str | int, ...]:
    """The axes of a stated shape; (N, d_1, ..., d_k) is taken with two inner axes."""
    if any("." in d for d in dims):
        return ("N", 2, 3)
    flat = re.search(r"D\s*=\s*d_1", doc)
    return tuple(int(d) if d.isdigit() else 6 if d == "D" and flat else d for d in dims)


def _default(name: str, node: ast.expr) -> Any:
    try:
        value = _constant(node)
    except (ValueError, TypeError):
        return SCALARS.get(name)
    if isinstance(value, float) or (name in SCALARS and re.search(r"steps|epoch|iter|interval", name)):
        return SCALARS.get(name, value)
    return value


def _constant(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_constant(node.operand)
    if isinstance(node, ast.Tuple | ast.List):
        return [_constant(e) for e in node.elts]
    raise ValueError(ast.unparse(node))


def _kind(name: str, words: set[str], code: str, doc: str) -> str:
    if _is_index(words, code):
        return "label"
    for kind, words_for_it in ASSUMED.items():
        if re.search(rf"^\W*{re.escape(name)}\b.*{words_for_it}", doc, re.M | re.I):
            return kind
    if re.search(rf"(?<!\w){re.escape(name)}\W+int(eger)?s?\d*\b.*[(\[]", doc):
        return "label"
    if re.search(rf"(?<!\w){re.escape(name)}\W+\s*(boolean|bool\b)", doc, re.I) or re.match(r"^\w*mask$", name):
        return "mask"
    if TARGET.match(name):
        return "target"
    return "probability" if _is_probability(words, code) else "real"


def _is_probability(words: set[str], code: str) -> bool:
    """Whether an argument is what a loss takes for a probability: log(p), log(1 - p), clip(p, 1e-7, …)."""
    alternatives = "|".join(re.escape(w) for w in words)
    return bool(
        re.search(rf"log\((?:1(?:\.0)? - )?(?:{alternatives})(?![\w.\[(])", code)
        or re.search(rf"clip\((?:{alternatives}), (?:\w+\.)?(?:\d*\.?\d*e-\d+|0?\.0*\d+|eps\w*)", code)
    )


def _is_index(words: set[str], code: str) -> bool:
    """Whether an argument is read as an index: p[np.arange(N), y], W[idx], dy[targets[t]], one-hot."""
    alternatives = "|".join(re.escape(w) for w in words)
    entry = rf"(?:{alternatives})(?:\[\w+\])*(?:\.reshape\([^()]*\)|\.flatten\(\)|\.ravel\(\))?"
    return bool(
        re.search(rf"[\w\])]\[(?:[^\[\]]*(?:\([^()]*\))?[^\[\]]*, ?)?{entry}(?:, ?[\w:]+)*\]", code)
        or re.search(rf"np\.eye\([^()]*\)\[{entry}\]", code)
    )


def as_array(words: set[str], code: str) -> bool:
    alternatives = "|".join(re.escape(w) for w in words)
    return bool(
        re.search(
            rf"(?:{alternatives})(?:\.shape|\.size\(|\.dim\(|\.T\b|\.t\(|\.mm\(|\.matmul\(|\.dot|\[)|@ (?:{alternatives})(?!\w)|\b(?:{alternatives}) @|dot\((?:{alternatives}),|dot\([^()]*, (?:{alternatives})\)",
            code,
        )
    )


def unknown(name: str, words: set[str], code: str, kind: str, doc: str) -> Slot:
    """What the code says of the rank of an argument: sizes that are taken from it, indices, products."""
    alternatives = "|".join(re.escape(w) for w in words)
    unpacked = re.search(rf"^\s*\(?((?:\w+, )+\w+)\)? = (?:{alternatives})\.(?:shape|size\(\))$", code, re.M)
    if unpacked:
        axes = unpacked[1].split(", ")
        return Array(tuple(f"_{name}{i}" if a == "_" else a for i, a in enumerate(axes)), kind)
    least = 0
    for found in re.finditer(rf"(?<![\w.])(?:{alternatives})\.(?:shape\[|size\()(-?\d)[\])]", code):
        least = max(least, int(found[1]) + 1 if int(found[1]) >= 0 else -int(found[1]))
    for found in re.finditer(rf"(?<![\w.])(?:{alternatives})\[([^\[\]]*,[^\[\]]*)\]", code):
        least = max(least, _axes_read(found[1]))
    for found in re.finditer(rf"(?<![\w.])(?:{alternatives})\[([^\[\]]*,[^\[\]]*)\](?:\.T| @|\.dot)", code):
        least = max(least, 2 + sum(":" not in part and not NEW_AXIS.search(part) for part in found[1].split(",")))
    for found in re.finditer(
        rf"(?:(?<![\w.])(?:{alternatives})\.\w+\(|(?:np|torch|jnp)\.\w+\((?:{alternatives}), )(?:axis=|dim=)?(\d)", code
    ):
        least = max(least, int(found[1]) + 1)
    counted = least
    if as_array(words, code) and re.search(
        rf"(?:{alternatives})\.(?:T\b|t\(\)|mm\()|\bmm\((?:{alternatives})\b|matmul\((?:{alternatives})\b|@ (?:{alternatives})(?!\w)|\b(?:{alternatives}) @|dot\((?:{alternatives}), |(?:{alternatives})\.dot|dot\([^(),]*, (?:{alternatives})\)|dot\((?:{alternatives})\)",
        code,
    ):
        least = max(least, 2)
    if re.search(rf"len\((?:{alternatives})\)|in (?:{alternatives}):", code):
        least = max(least, 1)
    if kind == "label":
        return UnknownInput((1, 2, 0) if least < 1 else (1, 2) if least < 2 else (least, 1), kind)
    if least == 2 > counted:
        return UnknownInput((2, 1, 3), kind)
    if least:
        return UnknownInput((least, least + 1) if least < 4 else (least,), kind)
    if name in SCALARS or kind == "target":  # a number by its name of which there is a gradient
        return UnknownInput((1, 2) if kind == "target" else (1, 0, 2), kind)
    return UnknownInput((1, 2, 3, 0) if "bias" in name else (1, 2, 0) if BIAS.match(name) else (2, 1, 3), kind)


NEW_AXIS = re.compile(r"\b(None|newaxis)\b|\.\.\.")


def _axes_read(index: str) -> int:
    """How many axes an index reads: those that it makes are none of the array's, b[None, :]."""
    return sum(not NEW_AXIS.search(part) for part in index.split(","))


def made(slot: Slot, axes: Mapping[str, int], rng: np.random.Generator) -> Any:
    """A random value of an argument."""
    if isinstance(slot, GivenValue):
        return slot.value
    assert isinstance(slot, Array)
    shape = slot.shape(axes)
    if slot.kind == "count":
        return axes[str(slot.axes[0])] if slot.axes else 5
    if slot.kind == "label":
        return rng.integers(0, LABEL_SIZE, shape)
    if slot.kind == "mask":
        return rng.random(shape) < 0.6
    if slot.kind == "onehot":
        out = np.zeros(shape)
        out.reshape(-1, shape[-1])[
            np.arange(int(np.prod(shape[:-1]))), rng.integers(0, shape[-1], int(np.prod(shape[:-1])))
        ] = 1
        return out
    if slot.kind == "bits":
        return (rng.random(shape) < 0.5) * 1.0
    if slot.kind == "probability":
        return rng.random(shape) * 0.8 + 0.1
    if slot.kind == "positive":
        return rng.random(shape) + 0.5
    if slot.kind == "distribution" and shape:
        weights = rng.random(shape) + 0.1
        return weights / weights.sum(axis=-1, keepdims=True)
    values = rng.standard_normal(shape)
    if slot.kind in ("symmetric", "definite") and len(shape) > 1 and shape[-1] == shape[-2]:
        turned = np.swapaxes(values, -1, -2)
        return values @ turned + np.eye(shape[-1]) if slot.kind == "definite" else (values + turned) / 2
    return values
