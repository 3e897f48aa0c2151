"""The chain rule over time, in symbols: h̄_t = (∂L/∂h_t)ᵀ L̄ + (∂a_{t+1}/∂h_t)ᵀ ā_{t+1}, and W̄ = Σ_t (∂a_t/∂W)ᵀ ā_t.

Each use of a quantity has its own step: that at which the line that uses it is computed.
"""

from __future__ import annotations

from wengert.core.ir.names import bar, entry, moment, unmoment
from wengert.core.ops.terms import NamedLeaf, Term, addends, subterms
from wengert.notes.derive.backward import Contribution
from wengert.notes.derive.matrices import at_letter
from wengert.notes.derive.printed import LinePrinter
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import BigOp, Expr, Partial, Product, Transpose


def steps_later(term: Term) -> int:
    """How many steps later the signals are that a term reads."""
    return max((unmoment(leaf.name)[1] for leaf in subterms(term) if isinstance(leaf, NamedLeaf)), default=0)


def chain_in_time(
    system: SystemData,
    name: str,
    use: Contribution,
    printer: LinePrinter,
    ahead: int | None = None,
    only: int | None = None,
) -> list[Expr]:
    """ū ∂u/∂v for one child u of v, a term for each step at which u is; `only` for one of them.

    `ahead` is how far the letter of time is ahead of the step of v.
    """
    form, child = printer.matrix, use.child
    above = rank_within_step(system, child) > 0
    if name in system.time:
        form.left(name, ahead)
        letter = next(iter(form.counts))
        offsets = sorted({steps_later(part) for part in addends(use.term)}) if child in system.time else [0]
        v = at_letter(name, letter)
        return [
            _product(form.ref(u), form.ref(v), form.ref(signal), above)
            for k in offsets
            if only in (None, k)
            for u, signal in [_at(system, child, k, letter)]
        ]
    if child not in system.time:
        return [_product(form.ref(child), form.ref(name), form.ref(bar(child)), above)]
    if name in system.starts.values():
        return [_product(form.ref(entry(child, 0)), form.ref(name), form.ref(entry(bar(child), 0)), above)]
    form.left(child)
    letter = next(iter(form.counts))
    u, signal = _at(system, child, 0, letter)
    body = _product(form.ref(u), form.ref(name), form.ref(signal), above)
    return [BigOp("sum", (letter,), body)]


def rank_within_step(system: SystemData, name: str) -> int:
    """How many axes a quantity has at one step."""
    return system.quantities[name].type.rank - (name in system.time)


def _at(system: SystemData, child: str, k: int, letter: str) -> tuple[str, str]:
    """The names of a child and its signal, some steps later where it is a sequence."""
    if child not in system.time:
        return child, bar(child)
    return at_letter(moment(child, k), letter), at_letter(moment(bar(child), k), letter)


def _product(u: Expr, v: Expr, signal: Expr, above: bool) -> Expr:
    partial = Partial(u, v)
    return Product((Transpose(partial), signal)) if above else Product((signal, partial))
