"""Kinds of mistakes in a backward line, and how each is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from wengert.notes.notation.expr import Expr

SENTENCES = {
    "sign": "a sign is wrong",
    "factor": "a factor is wrong",
    "power": "an exponent is wrong",
    "transpose": "a factor is transposed, or two are in the wrong order",
    "missing sum": "a sum is missing, over an axis that was broadcast or over the batch",
    "sum too much": "a sum is too much",
    "missing path": "the path through {names} is missing",
    "activation derivative": "the derivative of an activation is lost",
    "only the diagonal": "only the diagonal of ∂{names} is used",
    "mean for sum": "a mean stands for a sum",
    "sum for mean": "a sum stands for a mean",
    "no incoming signal": "the local derivative stands without the incoming signal",
    "missing factor": "the factor {names} is missing",
    "index": "an index is wrong",
    "layer": "the {names} of another layer is used",
    "product": "a product is of the other kind, as matrices or entry by entry",
    "quantity": "another quantity is used",
    "flipped": "{names} is taken from its last entry to its first",
    "step": "an index of time is a step off",
    "signal": "the error signal of another quantity is used",
}
"""Kinds of mistakes, and how each is said."""


@dataclass(frozen=True)
class Diagnosis:
    """The kind of a mistake, in words, and the author's expression corrected where an edit of it did that."""

    kind: str
    sentence: str
    corrected: Expr | None = None
    missing: tuple[str, ...] = ()
    """The children whose contributions are left out."""


def said(kind: str, names: Sequence[str] = (), corrected: Expr | None = None) -> Diagnosis:
    """The diagnosis of a kind in its usual words; `names` are those that its sentence has a place for."""
    missing = tuple(names) if kind == "missing path" else ()
    return Diagnosis(kind, SENTENCES[kind].format(names=" and ".join(names)), corrected, missing)


def times_too_large(ratio: float) -> str:
    """How a value that is `ratio` times the right one is said."""
    fraction = Fraction(ratio).limit_denominator(1000)
    return said("factor").sentence if fraction == 1 else f"a factor is wrong: it is {fraction} times what it should be"
