"""What the reader knows about the names of a system: which are quantities, functions, index letters.

It holds facts; the first pass (scan.py) finds them and the parser uses them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType

import wengert.core.ops  # noqa: F401  # the tables of words made of this one need the ops
from wengert.core.ir.op import OPS, Op
from wengert.notes.notation.names import split


@dataclass(frozen=True)
class FunctionName:
    """How a built-in function is written: in text and in LaTeX. `letter` if the name may also be a quantity (σ)."""

    text: str
    latex: str
    letter: bool = False


def _operator(name: str, *, known_to_latex: bool = False) -> FunctionName:
    return FunctionName(name, f"\\{name}" if known_to_latex else f"\\operatorname{{{name}}}")


def words(text: str) -> tuple[str, ...]:
    """A table of words, written as one text."""
    return tuple(text.split())


_LATEX_OWN = words("ln max min det")
_OTHERS = words(
    "sigmoid logistic softmax logsumexp logsoftmax tr diag mean sum arsinh arcosh artanh rowsum colsum prod argmax argmin norm"
)
_OWN: Mapping[str, FunctionName] = MappingProxyType(
    {name: _operator(name, known_to_latex=True) for name in _LATEX_OWN}
    | {name: _operator(name) for name in (*_OTHERS, "abs")}
    | {"σ": FunctionName("σ", r"\sigma", letter=True), "sqrt": FunctionName("√", r"\sqrt")}
)
"""The functions that are no op under this name."""


class _Functions(Mapping[str, FunctionName]):
    """The functions of the reader's own and the ops that are written as a word before brackets, also those entered later."""

    def __getitem__(self, name: str) -> FunctionName:
        return _OWN.get(name) or _words_of_ops(len(OPS))[name]

    def __iter__(self) -> Iterator[str]:
        yield from _OWN
        yield from (word for word in _words_of_ops(len(OPS)) if word not in _OWN)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(maxsize=1)
def _words_of_ops(count: int) -> dict[str, FunctionName]:
    """The words by which the `count` ops of the table are read."""
    ops = [op for op in OPS.values() if op.kind == "elementwise" and op.notation.fixity == "function"]
    found = {_word(op): FunctionName(op.notation.unicode, op.notation.latex, op.notation.letter) for op in ops}
    return {word: name for word, name in found.items() if word}


def _word(op: Op) -> str | None:
    """The first of an op's spellings that is a word: max, not maximum, of the larger of two numbers."""
    spellings = (op.notation.unicode, op.name, *op.notation.spellings)
    return next((each for each in spellings if len(each) > 2 and each.isascii() and each.isalnum()), None)


FUNCTIONS: Mapping[str, FunctionName] = _Functions()
"""The built-in functions under the names that Call.function carries."""

OTHER_SPELLINGS = {
    "ReLU": "relu", "Relu": "relu", "sgn": "sign", "trace": "tr", "Tr": "tr", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "asinh": "arsinh", "acosh": "arcosh", "atanh": "artanh", "arcsinh": "arsinh", "arccosh": "arcosh", "arctanh": "artanh",
    "tg": "tan", "ctg": "cot", "th": "tanh", "lse": "logsumexp", "LSE": "logsumexp", "LogSumExp": "logsumexp", "Softmax": "softmax",
    "GELU": "gelu", "SiLU": "silu", "ELU": "elu", "Sigmoid": "sigmoid", "log_softmax": "logsoftmax",
}  # fmt: skip
"""Other ways to write a built-in function's name."""

FUNCTION_LETTERS = frozenset("fgφψ")
"""Letters that stand for a function when they are only ever applied and never defined (K02)."""


LOSSES = frozenset(("L", "J", "E", "C", "ℓ", "ℒ", "loss", "cost", "Loss", "Cost", "objective"))
"""Names of what is minimised: ∂L/∂y is the error signal of y also where no line says what L is."""


@dataclass(frozen=True)
class Symbols:
    """What is known about names before a line is parsed; the names are canonical (see names.py).

    assigned    quantities that have a line of their own, in order
    names       every quantity that is known: assigned, declared, or written somewhere as a name of its own
    declared    names in a declaration (params, data, a shape, a size)
    functions   functions that are declared, or recognised by their use
    letters     index letters
    chosen      (p, y) for each entry p_y at an integer y, which is no index letter
    counts      base name → the numbers of indices it was seen with
    labels      letters whose label ⁽ᵗ⁾ is an index
    sizes       declared sizes (the N of `N = size of n`)
    ends        names up to which a Σ or the steps of time run: the T of Σ_{t=1}^T
    powers      names with a letter that some Σ binds as exponent: the γ of γ^t
    layered     letters with layers as bare exponents: the z of z^1
    layer       the letter of a layer in general, the l of z^{(l)}
    accents     bases over which a bar is an accent, not an error signal
    aliases     (δ, its index letters) → the quantity whose error signal it is defined to be, "" where it is none
    fonts       the LaTeX spelling of a base letter (`L` → `\\mathcal{L}`) or of a name subscript (`_reg` → `\\text{reg}`)
    bold        names written bold where they stand without indices
    calls       assigned names that were written with arguments on the left, f(x, y) = …, and those arguments
    """

    assigned: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    chosen: frozenset[tuple[str, str]] = frozenset()
    counts: Mapping[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])
    labels: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    powers: frozenset[str] = frozenset()
    layered: frozenset[str] = frozenset()
    layer: str = ""
    accents: frozenset[str] = frozenset()
    aliases: Mapping[tuple[str, tuple[str, ...]], str] = field(default_factory=dict[tuple[str, tuple[str, ...]], str])
    fonts: Mapping[str, str] = field(default_factory=dict[str, str])
    bold: frozenset[str] = frozenset()
    calls: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    implicit_sums: bool = False
    dialect: str = ""
    backward: bool = False

    @cached_property
    def bases(self) -> frozenset[str]:
        """The base letters and words of all known names."""
        return frozenset(split(name).base for name in self.names)

    def meant(self, name: str, letters: tuple[str, ...]) -> list[str]:
        """The quantities whose signal δ with these indices may be: δ_k and δ_j are two where each has a definition; with indices
        of which nothing is said it is any of them."""
        if (name, letters) in self.aliases:
            return [self.aliases[name, letters]]
        return list(dict.fromkeys(quantity for (letter, _), quantity in self.aliases.items() if letter == name))

    @cached_property
    def squares(self) -> frozenset[str]:
        """The names that are written as a square, σ² of a variance: their letter has an exponent, 2, wherever it stands."""
        labels: dict[str, set[str]] = {}
        for name in self.names:
            parts = split(name)
            if parts.base in self.layered:
                labels.setdefault(parts.base, set()).add(parts.label)
        return frozenset(name for name in self.names if labels.get(split(name).base) == {"2"})

    def is_quantity(self, name: str) -> bool:
        """Whether the name has a line of its own or a declaration."""
        return name in self.declared or name in self.assigned
