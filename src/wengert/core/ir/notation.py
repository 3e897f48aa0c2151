"""Notation: how an op is written, as data for printers and readers. It knows no printer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notation:
    """The sign of an op: `latex` and `unicode` spellings, its `fixity`, and further `spellings` that the reader accepts.

    fixity is "function" (name before brackets), "infix", "prefix", "big" (a sign with index letters below it) or "none" (printed by a rule of its own).
    """

    fixity: str
    unicode: str
    latex: str = ""
    spellings: tuple[str, ...] = ()
    letter: bool = False
    """Whether the function is written as a letter (σ), whose derivative stays a prime in print."""


def function(latex: str, unicode: str, *spellings: str, letter: bool = False) -> Notation:
    """f(x, …)."""
    return Notation("function", unicode, latex, spellings, letter)


def infix(latex: str, unicode: str) -> Notation:
    """a ∘ b."""
    return Notation("infix", unicode, latex)


def prefix(latex: str, unicode: str) -> Notation:
    """−a."""
    return Notation("prefix", unicode, latex)


def big(latex: str, unicode: str) -> Notation:
    """Σ over index letters."""
    return Notation("big", unicode, latex)


def unwritten(name: str) -> Notation:
    """An op that a printer writes by a rule of its own (a broadcast has no sign)."""
    return Notation("none", name)
