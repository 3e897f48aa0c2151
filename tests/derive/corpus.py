"""The equation corpus as test data: entries with their forward and backward parts in text, LaTeX and Python."""

from __future__ import annotations

import math
import re
import runpy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent.parent / "data" / "equations.md"
BEYOND = ("E42", "E43", "E45", "E47", "E48", "E51", "E53", "E54", "E56", "E57", "E59", "E61", "E63", "E65")

NAMES = {
    "E02": {"λ": "lam"},
    "E06": {"w_0": "w0", "w_1": "w1", "w_2": "w2", "x_0": "x0", "x_1": "x1"},
    "E09": {"l_1": "l1", "l_2": "l2", "l_3": "l3", "l_4": "l4"},
    "E11": {"w": "W"},
    "E12": {"w⁽¹⁾": "W1", "w⁽²⁾": "W2", "b⁽¹⁾": "b1", "b⁽²⁾": "b2"},
    "E13": {"W⁽¹⁾": "W1", "W⁽²⁾": "W2", "b⁽¹⁾": "b1", "b⁽²⁾": "b2"},
    "E14": {"W⁽¹⁾": "W1", "W⁽²⁾": "W2", "b⁽¹⁾": "b1", "b⁽²⁾": "b2"},
    "E18": {"λ": "lam"},
    "E33": {"δ": "delta"},
    "E37": {"w": "W"},
    "E39": {"Z": "logits", "m": "logit_maxes", "C": "counts", "P": "probs"},
    "E42": {"μ": "mean", "v": "var", "r": "rstd", "n": "norm", "ε": "eps"},
    "E43": {"μ": "mu", "v": "var", "ε": "eps"},
    "E45": {"ε": "eps"},
    "E53": {"h_0": "h0", "x": "X"},
    "E54": {"a_i": "ai", "a_f": "af", "a_o": "ao", "a_g": "ag", "c_prev": "cprev"},
    "E61": {"μ": "m", "Σ": "S"},
    "E63": {"W⁽¹⁾": "W1", "W⁽²⁾": "W2"},
}
"""Python names of the corpus where they differ from the names in the equations."""

DECLARATIONS = {
    ("E14", "text"): "N = size of n\n",
    ("E14", "latex"): r"\mathbf{X} \in \mathbb{R}^{N \times d} \\ ",
    ("E29", "text"): "z ∈ ℝ^n\n",
    ("E54", "text"): "a_i ∈ ℝ^n\n",
}
"""What an entry leaves to be said: a size, a rank."""


ENDINGS = {"E54": "\nL = pᵀ h + qᵀ c\n"}
"""A line that gives both results of an entry their signals, p and q."""


@dataclass(frozen=True)
class Entry:
    """One corpus entry."""

    key: str
    title: str
    variables: tuple[tuple[str, Any, Any], ...]
    constants: tuple[tuple[str, Any, Any], ...]
    outputs: tuple[tuple[str, Any, Any], ...]
    forward: dict[str, str]
    backward: dict[str, str]

    def text(self, syntax: str) -> str:
        """The forward system with the declarations it needs."""
        return DECLARATIONS.get((self.key, syntax), "") + self.forward[syntax]

    def python_name(self, name: str) -> str:
        """The corpus' Python name of a quantity."""
        return NAMES.get(self.key, {}).get(name, name)

    def name(self, python: str) -> str:
        """The quantity of a Python name."""
        return next((name for name, other in NAMES.get(self.key, {}).items() if other == python), python)


@cache
def entries() -> dict[str, Entry]:
    """Every entry of sections A to D."""
    source = DATA.read_text(encoding="utf8").split("## E. Normalisation layers")[0]
    return {key: _parse(key, text) for key, text in _found(source).items()}


@cache
def beyond() -> dict[str, Entry]:
    """Entries of the sections after D whose text is read already."""
    found = _found(DATA.read_text(encoding="utf8"))
    return {key: _parse(key, found[key]) for key in BEYOND}


def _found(source: str) -> dict[str, str]:
    return {e[:3]: e for e in re.split(r"(?m)^### (?=E\d\d )|^## ", source) if re.match(r"E\d\d ", e)}


def _parse(key: str, text: str) -> Entry:
    spec = re.search(r"(?m)^`(.*out:.*)`$", text)
    assert spec is not None
    parts = {p.split(":")[0].strip(): p.split(":", 1)[1].strip() for p in spec[1].split("|")}
    blocks = dict(re.findall(r"(?s)```(text|latex|python)\n(.*?)```", text))
    marks = {"text": "\n---\n", "latex": "\n%---\n", "python": "\n#---\n"}
    halves = {kind: blocks[kind].split(mark) for kind, mark in marks.items()}
    return Entry(
        key,
        text.splitlines()[0],
        _values(parts["vars"]),
        _values(parts.get("const", "")),
        _values(parts["out"]),
        {kind: half[0] for kind, half in halves.items()},
        {kind: half[1] for kind, half in halves.items()},
    )


def _values(text: str) -> tuple[tuple[str, Any, Any], ...]:
    out: list[tuple[str, Any, Any]] = []
    for token in text.split():
        match = re.fullmatch(r"(\w+)\(([\d,]*)\)(\w*)", token)
        if match:
            out.append((match[1], tuple(int(k) for k in match[2].split(",") if k), match[3]))
        else:
            name, value = token.split("=")
            out.append((name, None, float(value)))
    return tuple(out)


def draw(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> Any:
    """A value as the corpus asks for it."""
    x = rng.normal(size=shape)
    if kind == "far":
        x = np.sign(x) * (np.abs(x) + 0.2)
    elif kind == "prob":
        x = np.abs(x) + 0.1
        x = x / x.sum()
    elif kind == "prob1":
        x = np.array(rng.uniform(0.2, 0.8))
    elif kind == "zero":
        x = np.zeros(shape)
    elif kind == "inv":
        x = x + 3 * np.eye(len(x))
    elif kind == "spd":
        x = x @ x.T + np.eye(len(x))
    elif kind.startswith("int"):
        return rng.integers(0, int(kind[3:]), size=shape)
    elif kind:
        raise ValueError(kind)
    return float(x) if shape == () else x


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def run_python(entry: Entry, folder: Path, seed: int) -> dict[str, Any]:
    """All names after the Python block: inputs, forward values, and the published error signals (`…_bar`)."""
    rng = np.random.default_rng(seed)
    env: dict[str, Any] = {n: k if s is None else draw(rng, s, k) for n, s, k in entry.variables + entry.constants}
    env |= {"np": np, "math": math, "sigmoid": sigmoid, "dsigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z))}
    script = folder / f"{entry.key}.py"
    script.write_text(entry.forward["python"], encoding="utf8")
    values = dict(runpy.run_path(str(script), init_globals=dict(env)))
    for name, shape, _ in entry.outputs:
        values[f"{name}_bar"] = 1.0 if name in ("L", "L_reg") else draw(rng, shape, "")
    script.write_text(entry.backward["python"], encoding="utf8")
    return dict(runpy.run_path(str(script), init_globals={k: v for k, v in values.items() if not k.startswith("__")}))
