"""Derivations of random systems: our own backward pass, printed in a form and a syntax and rewritten line by line, beside its system."""

from __future__ import annotations

from typing import Any

from tests.derive.rewrites import rewriter
from wengert.api import equations
from wengert.notes.derive.backward import Backward, derive
from wengert.notes.derive.printed import LinePrinter
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Line

FORMS = ("index", "matrix")


def derivation_document(system: SystemData, backward: Backward, form: str, syntax: str, rng: Any) -> str:
    """The forward equations of a system, and its backward pass with every right side rewritten at random."""
    lines = LinePrinter(system, form).backward(backward)
    rewrites = rewriter(system)
    claims = [Line(line.left, (rewrites.rewritten(line.rights[0], rng, 4),)) for line in lines]
    symbols = system.reading.symbols
    forward = [*system.reading.declarations, *(line.written for line in system.lines)]
    if syntax == "text":
        parts = [unicode.show(each, symbols=symbols) for each in forward]
        return "\n".join([*parts, "---", *(unicode.show(claim, symbols=symbols) for claim in claims)])
    shown = [latex.show(each, symbols=symbols) for each in (*forward, *claims)]
    return "\n".join(f"$$ {each} $$" for each in shown)


def drawn_document(text: str, rng: Any) -> str:
    """The document of a random system in a form and a syntax drawn by `rng`."""
    system = equations(text).data
    form, syntax = FORMS[int(rng.integers(2))], ("text", "latex")[int(rng.integers(2))]
    return derivation_document(system, derive(system), form, syntax, rng)
