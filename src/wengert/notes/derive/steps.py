"""The explanation of a derivation, line by line: children, the chain rule in symbols, what was put in, what was simplified, from where.

The steps show the same terms that are printed and run; nothing here is derived a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from wengert.core.ir.names import bar
from wengert.core.ir.op import OPS
from wengert.core.ir.walk import depends_on, topological
from wengert.core.ops.calls import REDUCTIONS
from wengert.core.ops.gathering import gather
from wengert.core.ops.primes import opaque, prime
from wengert.core.ops.terms import Add, Apply, NamedLeaf, Term, subterms
from wengert.core.ops.terms import ProductTerm as TermProduct
from wengert.notes.derive.backward import Backward, BackwardLine, Contribution
from wengert.notes.derive.chain_in_time import chain_in_time
from wengert.notes.derive.folding import NO_NAMES
from wengert.notes.derive.forms import WHOLE
from wengert.notes.derive.printed import LinePrinter
from wengert.notes.derive.recognise import formula
from wengert.notes.derive.simplify import simplify
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import BigOp, Call, Expr, Line, Partial, Product, Ref, Sum, Transpose


@dataclass(frozen=True)
class DerivationStep:
    """How one bar came about.

    `chain` is v̄ = Σ_u ū ∂u/∂v, `substituted` the derivatives put in, `simplified` the printed line, `sums` the lines of the
    sums named in it. `sources` are the forward lines it came from, `rules` the rules of differentiation that were used in them.
    """

    name: str
    children: tuple[str, ...]
    chain: Line | None
    substituted: Line | None
    simplified: Line
    sources: tuple[Line, ...]
    rules: tuple[str, ...]
    sums: tuple[Line, ...] = ()


def steps(backward: Backward, form: str) -> list[DerivationStep]:
    """One step a line of the backward pass."""
    printer = LinePrinter(backward.system, "index" if form == "elements" else form)
    forward = {d.name: line for d, line in zip(backward.system.lines, printer.forward(), strict=True)}
    result: list[DerivationStep] = []
    for line in backward.lines:
        if line.name == backward.loss and not backward.seeded:
            continue
        simplified = printer.backward_line(line, named=True)
        chain = chain_line(backward.system, line, printer, simplified.left)
        left, rights, _ = printer.equation(bar(line.name), [line.substituted])
        differs = bool(line.contributions) and rights[0] != simplified.rights[0]
        children = tuple(c.child for c in line.contributions)
        result.append(
            DerivationStep(
                line.name,
                children,
                chain,
                Line(left, (rights[0],)) if differs else None,
                simplified,
                tuple(forward[child] for child in children),
                tuple(dict.fromkeys(r for child in children for r in rules_used(backward, child, line.name))),
                tuple(printer.sum_line(each) for each in line.sums),
            )
        )
    return result


def chain_line(system: SystemData, line: BackwardLine, printer: LinePrinter, left: Expr) -> Line | None:
    """v̄_i = Σ_k ū_k ∂u_k/∂v_i + …; None for the first line, which is 1."""
    if not line.contributions:
        return None
    rank = system.quantities[line.name].type.rank
    matrix = isinstance(left, Ref) and left.indices is None and (printer.form == "matrix" or rank > 0)
    make = _matrix_chain if matrix else _index_chain
    terms = [make(system, line.name, contribution, printer) for contribution in line.contributions]
    if system.time:
        left = LinePrinter(system, "matrix").left(bar(line.name))
        terms = [t for use in line.contributions for t in chain_in_time(system, line.name, use, printer)]
    return Line(left, (terms[0] if len(terms) == 1 else Sum(tuple((1, t) for t in terms)),))


def _matrix_chain(system: SystemData, name: str, contribution: Contribution, printer: LinePrinter) -> Expr:
    child = contribution.child
    partial = Partial(printer.matrix.ref(child), printer.matrix.ref(name))
    signal = printer.matrix.ref(bar(child))
    if system.quantities[child].type.rank == system.quantities[name].type.rank == 0:
        return Product((signal, partial))
    return Product((Transpose(partial), signal)) if system.quantities[child].type.rank else Product((signal, partial))


def _index_chain(system: SystemData, name: str, contribution: Contribution, printer: LinePrinter) -> Expr:
    child = contribution.child
    mine = system.quantities[name].letters
    letters = child_letters(system, child, name)
    summed = tuple(q for q in letters if q not in mine)
    partial = Partial(printer.index.ref(child, letters), printer.index.ref(name, mine))
    body = Product((printer.index.ref(bar(child), letters), partial))
    return BigOp("sum", summed, body) if summed else body


def child_letters(system: SystemData, child: str, name: str) -> tuple[str, ...]:
    """Letters for the axes of u in ∂u/∂v: v's own letter where every use of v ties the two axes, else a letter to sum over."""
    mine, theirs = system.quantities[name].letters, system.quantities[child].letters
    rank = len(theirs)
    uses = axis_maps(gather(system.line(child).node), name)
    letters: list[str] = []
    for axis in range(rank):
        tied = {next((k for k, a in enumerate(use) if a == axis), None) for use in uses}
        (only,) = tied if len(tied) == 1 else (None,)
        if only is not None:
            letters.append(mine[only])
            continue
        taken = {*mine, *letters}
        size = system.quantities[child].type.shape[axis]
        classed = system.class_letters.get(size, ()) if not isinstance(size, int) else ()
        spare = (theirs[axis], *classed, *"ijklmnpqrs")
        letters.append(next(q for q in spare if q not in taken))
    return tuple(letters)


def axis_maps(term: Term, name: str) -> list[tuple[int | None, ...]]:
    """For each use of a quantity inside a term: the axis of the term at which each of its axes ends, None where it is summed."""
    found: list[tuple[int | None, ...]] = []
    stack: list[tuple[Term, tuple[int | None, ...]]] = [(term, tuple(range(term.rank)))]
    while stack:
        item, axes = stack.pop()
        if isinstance(item, NamedLeaf):
            if item.name == name:
                found.append(axes)
        elif isinstance(item, Add):
            stack.extend((t, axes) for t in item.terms)
        elif isinstance(item, Apply):
            if item.op in REDUCTIONS:
                kept = iter(axes)
                inner = tuple(None if k in item.param("axes") else next(kept) for k in range(item.args[0].rank))
                stack.append((item.args[0], inner))
            elif item.op in WHOLE:  # every entry depends on every entry
                stack.extend((arg, (None,) * arg.rank) for arg in item.args)
            else:
                stack.extend((arg, axes) for arg in item.args)
        elif isinstance(item, TermProduct):
            outer = dict(zip(item.out, axes, strict=True))
            stack.extend((f.term, tuple(outer.get(q) for q in f.labels)) for f in item.factors)
    return found


def rules_used(backward: Backward, child: str, name: str) -> list[str]:
    """The rules of differentiation on the way from v to u in the line of u."""
    node = backward.system.line(child).node
    reached = depends_on([node], [backward.system.leaves[name]])
    rules: dict[str, None] = {}
    for item in reversed(topological([node])):
        if item in reached and item is not backward.system.leaves[name]:
            op = item.op
            if op.law:
                rules[op.law] = None
            elif op.notation.fixity == "function":
                rules[f"derivative of {op.notation.unicode}"] = None
            elif op is prime:
                sign = OPS[item.params["function"]].notation.unicode
                rules[f"derivative of {sign}{chr(39) * item.params['order']}"] = None
            elif op is opaque:
                rules[f"derivative of {item.params['function']}"] = None
    return list(rules)


def legend(backward: Backward) -> list[Line]:
    """σ'(z) = σ(z) (1 − σ(z)) for each derivative of a function that keeps its prime in print."""
    primes = dict.fromkeys(
        (term.param("function"), term.param("order"))
        for line in backward.lines
        for term in subterms(line.value)
        if isinstance(term, Apply) and term.op == "prime"
    )
    form = LinePrinter(backward.system).index
    lines: list[Line] = []
    for function, order in primes:
        left = Call(OPS[function].notation.unicode, (Ref("z"),), primes=order)
        opened = formula(function, order, NamedLeaf((), "z"))
        lines.append(Line(left, (form.show(opened if order == 1 else simplify(opened, NO_NAMES), ()),)))
    return lines
