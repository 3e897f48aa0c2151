"""The calculus-class way, for comparison: everything written out, differentiated in one piece, nothing shared.

It counts the operations of the expanded derivatives against those of the backward pass, and the terms that are written again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import constant
from wengert.core.ir.names import bar
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.build import TermBuilder
from wengert.core.ops.gathering import gather
from wengert.core.ops.terms import Add, Apply, Term, subterms
from wengert.errors import EquationError
from wengert.notes.derive.backward import Backward
from wengert.notes.derive.by_steps import by_steps, sizes_by_steps
from wengert.notes.derive.counting import FREE, OperationCount, count_shared, count_written
from wengert.notes.derive.factoring import factor
from wengert.notes.derive.folding import NO_NAMES
from wengert.notes.derive.forms import IndexForm
from wengert.notes.derive.printed import style_of
from wengert.notes.derive.random_points import all_sizes, sizes_for
from wengert.notes.derive.recognise import open_term_primes, recognise
from wengert.notes.derive.simplify import map_sums, simplify, substitute_leaves
from wengert.notes.derive.term_trees import NoForm
from wengert.notes.elaboration.system import SystemData
from wengert.notes.elaboration.unrolling import number_of_steps
from wengert.notes.notation.expr import Expr, Line, Partial
from wengert.notes.notation.tokens import Source

TERM_LIMIT = 20_000


@dataclass(frozen=True)
class Repeated:
    """An expression that is written more than once in the expanded derivatives."""

    tree: Expr
    times: int
    name: str = ""


@dataclass(frozen=True)
class Comparison:
    """Both ways to the same derivatives: `lines` are the expanded ones, L first; counts are for axes of `sizes` entries."""

    lines: tuple[Line, ...]
    expanded: OperationCount
    forward: OperationCount
    backward: OperationCount
    repeated: tuple[Repeated, ...]
    sizes: Mapping[str, int]


def compare(backward: Backward, sizes: Mapping[str, int] | None = None) -> Comparison:
    """Expand L in its inputs, differentiate by each of wrt, and count.

    Raises EquationError where the expansion grows beyond a bound, has no form with indices, or the loss is not a scalar.
    """
    try:
        return _written_out(backward, sizes)
    except NoForm as reason:
        raise EquationError(
            "The expansion is written with indices, and a function of a whole matrix has no such form.",
            f"  {reason}",
            "Compare a system without inverses, determinants and the like.",
        ) from None


def _written_out(backward: Backward, sizes: Mapping[str, int] | None) -> Comparison:
    if backward.system.recurrences:
        whole, stated = backward.system, sizes or {}
        backward = by_steps(backward, number_of_steps(whole, stated, "the expansion"))
        sizes = sizes_by_steps(whole, backward.system, stated)
    system = backward.system
    if not backward.seeded:
        raise EquationError(
            f"'{backward.loss}' is not a scalar, so there is no single expanded derivative.",
            f"  {backward.loss} has the shape {'×'.join(map(str, system.quantities[backward.loss].type.shape))}",
            "Name a scalar with --loss.",
        )
    written = {line.name: gather(line.node) for line in system.lines}
    whole = _inlined(backward, {name: recognise(term) for name, term in written.items()})[backward.loss]
    form = IndexForm(system, replace(style_of(system), sums_last=False))
    loss = _inlined(backward, written)[backward.loss]
    lines = [Line(form.ref(backward.loss, ()), (form.show(loss, ()),))]
    terms: list[Term] = []
    for name in backward.wrt:
        if system.defines(name):
            raise EquationError(
                f"'{name}' is an intermediate, and the expansion is by inputs.",
                f"  the inputs are {', '.join(system.inputs)}",
                "Leave it out of --wrt for --compare.",
            )
        term = _derivative(backward, whole, name)
        terms.append(term)
        letters = system.quantities[name].letters
        lines.append(Line(Partial(form.ref(backward.loss, ()), form.ref(name, letters)), (form.show(term, letters),)))
    bound = {**_default_sizes(system), **(sizes or {})}
    shared = [written[line.name] for line in system.lines]
    return Comparison(
        tuple(lines),
        sum((count_written(t, bound) for t in terms), OperationCount()),
        count_shared(shared, bound),
        count_shared(
            [line.value for line in backward.lines if line.name != backward.loss], bound, seed=bar(backward.loss)
        ),
        _repeated(backward, terms, form),
        bound,
    )


def _default_sizes(system: SystemData) -> dict[str, int]:
    """2 for every named size; longer where shifted indices run."""
    if any(size.rule for size in all_sizes(system)):
        return sizes_for(system)
    dims = dict.fromkeys(s.name for q in system.quantities.values() for s in q.type.shape if isinstance(s, Dim))
    return dict.fromkeys(dims, 2)


def _inlined(backward: Backward, values: Mapping[str, Term]) -> dict[str, Term]:
    """Every line with the lines before it put in.

    Raises EquationError where one grows beyond a bound.
    """
    done: dict[str, Term] = {}
    for line in backward.system.lines:
        done[line.name] = substitute_leaves(values[line.name], done)
        if sum(1 for _ in subterms(done[line.name])) > TERM_LIMIT:
            raise EquationError(
                f"Written out, '{line.name}' has more than {TERM_LIMIT:,} parts.",
                Source(backward.system.source).where(line.written.span),
                "Compare a smaller system: the expansion grows exponentially.",
            )
    return done


def _derivative(backward: Backward, whole: Term, name: str) -> Term:
    system = backward.system
    node = TermBuilder(dict(system.leaves)).build(whole)
    (result,) = vjp([node], [system.leaves[name]], [constant(1, ArrayType(()))])
    if result is None:
        raise EquationError(
            f"'{backward.loss}' does not depend on '{name}'.",
            f"  the derivatives are by {', '.join(backward.wrt)}",
            "Leave it out.",
        )
    raw = open_term_primes(gather(result), backward.letters)
    candidates = (map_sums(raw, factor), simplify(raw, NO_NAMES), raw)
    return min(candidates, key=lambda term: count_written(term, {}).total)


def _repeated(backward: Backward, terms: Sequence[Term], form: IndexForm) -> tuple[Repeated, ...]:
    """Sums and functions written more than once in the derivatives, the most frequent first, with the quantity they are."""
    times: dict[Term, int] = {}
    for term in terms:
        for part in subterms(term):
            if isinstance(part, Add) or (isinstance(part, Apply) and part.op not in FREE and part.dtype != "bool"):
                times[part] = times.get(part, 0) + 1
    lines = backward.system.lines
    whole = _inlined(backward, {line.name: recognise(gather(line.node)) for line in lines})
    names = {term: name for name, term in whole.items()}
    found: list[Repeated] = []
    for part, count in times.items():
        if count > 1:
            letters = tuple(q for axis in range(part.rank) for q in form.hints(part, axis)[:1])
            if len(letters) == part.rank and len(set(letters)) == len(letters):
                found.append(Repeated(form.show(part, letters), count, names.get(part, "")))
    return tuple(sorted(found, key=lambda r: -r.times))
