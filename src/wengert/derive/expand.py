"""The calculus-class way, for comparison: everything written out, differentiated in one piece, nothing shared.

It counts the operations of the expanded derivatives against those of the backward pass, and the terms that are written again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wengert.autodiff.reverse import vjp
from wengert.derive.backward import Backward
from wengert.derive.folding import NO_NAMES
from wengert.derive.printed import style_of
from wengert.derive.recognise import open_term_primes, recognise
from wengert.derive.simplify import simplify, substitute_leaves
from wengert.errors import EquationError
from wengert.ir.graph import constant
from wengert.ir.types import ArrayType, Dim
from wengert.notation.expr import Expr, Line, Partial
from wengert.notation.forms import IndexForm
from wengert.notation.tokens import Source
from wengert.ops.build import Builder
from wengert.ops.gather import gather
from wengert.ops.terms import Add, Apply, Leaf, Product, Term, is_indicator, subterms

TERM_LIMIT = 20_000


@dataclass(frozen=True)
class Repeated:
    """An expression that is written more than once in the expanded derivatives."""

    tree: Expr
    times: int
    name: str = ""


@dataclass(frozen=True)
class Count:
    """Operations, by kind: products and powers, sums, functions."""

    products: int = 0
    sums: int = 0
    functions: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.products + self.sums + self.functions

    def __add__(self, other: Count) -> Count:
        return Count(self.products + other.products, self.sums + other.sums, self.functions + other.functions)


@dataclass(frozen=True)
class Comparison:
    """Both ways to the same derivatives: `lines` are the expanded ones, L first; counts are for axes of `sizes` entries."""

    lines: tuple[Line, ...]
    expanded: Count
    forward: Count
    backward: Count
    repeated: tuple[Repeated, ...]
    sizes: Mapping[str, int]


def compare(backward: Backward, sizes: Mapping[str, int] | None = None) -> Comparison:
    """Expand L in its inputs, differentiate by each of wrt, and count.

    Raises EquationError where the expansion grows beyond a bound, or the loss is not a scalar.
    """
    system = backward.system
    if not backward.seeded:
        raise EquationError(
            f"'{backward.loss}' is not a scalar, so there is no single expanded derivative.",
            f"  {backward.loss} has the shape {'×'.join(map(str, system.quantities[backward.loss].type.shape))}",
            "Name a scalar with --loss.",
        )
    written = {line.name: gather(line.node) for line in system.lines}
    whole = _inline(
        backward, {line.name: recognise(term) for line, term in zip(system.lines, written.values(), strict=True)}
    )
    form = IndexForm(system, replace(style_of(system), sums_last=False))
    loss = _inline(backward, written)
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
        sum((count_written(t, bound) for t in terms), Count()),
        count_shared(shared, bound),
        count_shared([line.value for line in backward.lines if line.name != backward.loss], bound, seed=backward.loss),
        _repeated(backward, terms, form),
        bound,
    )


def _default_sizes(system: object) -> dict[str, int]:
    dims = dict.fromkeys(s.name for q in system.quantities.values() for s in q.type.shape if isinstance(s, Dim))  # type: ignore[attr-defined]
    return dict.fromkeys(dims, 2)


def _inline(backward: Backward, values: Mapping[str, Term]) -> Term:
    """The loss with every intermediate replaced by its line."""
    done: dict[str, Term] = {}
    for line in backward.system.lines:
        done[line.name] = substitute_leaves(values[line.name], done)
        if sum(1 for _ in subterms(done[line.name])) > TERM_LIMIT:
            raise EquationError(
                f"Written out, '{line.name}' has more than {TERM_LIMIT:,} parts.",
                Source(backward.system.source).where(line.written.span),
                "Compare a smaller system: the expansion grows exponentially.",
            )
    return done[backward.loss]


def _derivative(backward: Backward, whole: Term, name: str) -> Term:
    system = backward.system
    node = Builder(dict(system.leaves)).build(whole)
    (result,) = vjp([node], [system.leaves[name]], [constant(1, ArrayType(()))])
    if result is None:
        raise EquationError(
            f"'{backward.loss}' does not depend on '{name}'.",
            f"  the derivatives are by {', '.join(backward.wrt)}",
            "Leave it out.",
        )
    return simplify(open_term_primes(gather(result), backward.letters), NO_NAMES)


def _parts(term: Term) -> tuple[Term, ...]:
    if isinstance(term, Add):
        return term.terms
    if isinstance(term, Product):
        return tuple(f.term for f in term.factors)
    return term.args if isinstance(term, Apply) else ()


def count_written(term: Term, sizes: Mapping[str, int]) -> Count:
    """Operations where every expression is computed as often as it is written."""
    result, stack = Count(), [(term, 1)]
    while stack:
        item, times = stack.pop()
        own = _own(item, sizes)
        result += Count(own.products * times, own.sums * times, own.functions * times)
        stack.extend((part, times) for part in _parts(item))
    return result


def count_shared(terms: Iterable[Term], sizes: Mapping[str, int], seed: str | None = None) -> Count:
    """Operations where equal expressions are computed once; `seed` names the loss, whose bar is 1 and costs nothing."""
    seen: set[Term] = set()
    result, stack = Count(), list(terms)
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        result += _own(item, sizes, seed)
        stack.extend(_parts(item))
    return result


def _extent(shape: Sequence[object], sizes: Mapping[str, int]) -> int:
    count = 1
    for size in shape:
        count *= sizes.get(size.name, 2) if isinstance(size, Dim) else int(size)  # type: ignore[call-overload]
    return count


def _own(item: Term, sizes: Mapping[str, int], seed: str | None = None) -> Count:
    """The operations of a term's outermost sign."""
    entries = _extent(item.shape, sizes)
    if isinstance(item, Add):
        return Count(sums=(len(item.terms) - 1) * entries)
    if isinstance(item, Product):
        factors = [f for f in item.factors if not (isinstance(f.term, Leaf) and f.term.name == f"bar {seed}")]
        if not factors:
            return Count()
        powers = sum(1 for f in factors if abs(f.exponent) != 1 and not is_indicator(f.term))
        multiplications = len(factors) - 1 + (abs(item.coef) != 1)
        summed = {q: item.sizes[q] for q in item.summed}
        inner = _extent(tuple(summed.values()), sizes)
        return Count(products=(multiplications + powers) * entries * inner, sums=(inner - 1) * entries)
    if isinstance(item, Apply) and item.op not in ("size_of", "position", "cast"):
        return Count(functions=entries)
    return Count()


def _repeated(backward: Backward, terms: Sequence[Term], form: IndexForm) -> tuple[Repeated, ...]:
    """Sums, functions and products written more than once in the derivatives, the largest first, with the quantity they are."""
    times: dict[Term, int] = {}
    for term in terms:
        for part in subterms(term):
            if isinstance(part, Add | Apply) and not (
                isinstance(part, Apply) and part.op in ("size_of", "position", "cast")
            ):
                times[part] = times.get(part, 0) + 1
    names = {_inline_line(backward, line.name): line.name for line in backward.system.lines}
    found: list[Repeated] = []
    for part, count in times.items():
        if count > 1:
            letters = tuple(q for axis in range(part.rank) for q in form.hints(part, axis)[:1])
            if len(letters) == part.rank and len(set(letters)) == len(letters):
                found.append(Repeated(form.show(part, letters), count, names.get(part, "")))
    return tuple(sorted(found, key=lambda r: -r.times))


def _inline_line(backward: Backward, name: str) -> Term:
    done: dict[str, Term] = {}
    for line in backward.system.lines:
        done[line.name] = substitute_leaves(recognise(gather(line.node)), done)
        if line.name == name:
            break
    return done[name]
