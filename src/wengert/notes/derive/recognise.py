"""Known functions inside written formulas: 1/(1 + e^(−z)) is σ(z), log(1 + e^z) is softplus; and f' opened into its formula."""

from __future__ import annotations

from collections.abc import Collection

from wengert.core.ir.graph import apply, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ops.calls import applied, map_leaves, op_names, settled
from wengert.core.ops.gathering import gather
from wengert.core.ops.normal_form import product, scale, split_coef, total
from wengert.core.ops.primes import instance
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term, is_number, is_zero


def recognise(term: Term) -> Term:
    """The term with logistic and softplus named where their formulas are written out."""
    if isinstance(term, Add):
        return total([recognise(t) for t in term.terms], term.shape)
    if isinstance(term, Apply):
        args = tuple(recognise(arg) for arg in term.args)
        if term.op == "log":
            power = one_plus_exp(args[0])
            if power is not None:
                return Apply(term.shape, "softplus", (power,))
            score = log_logistic(args[0])
            if score is not None:
                return scale(-1, Apply(term.shape, "softplus", (score,)))
        return applied(term.op, args, term.shape, term.params, term.dtype)
    if isinstance(term, ProductTerm):
        factors = [Factor(recognise(f.term), f.labels, f.exponent) for f in term.factors]
        return product(term.coef, _logistic_factors(factors), term.out, term.sizes)
    return term


def laid_out(term: Term) -> Term:
    """The term with the axes of an entry-by-entry function in the order of its own: tanh(zᵀ) for tanh(z)ᵀ, so that it is found again."""
    if not isinstance(term, ProductTerm) or term.coef != 1 or len(term.factors) != 1 or term.summed:
        return term
    (factor,) = term.factors
    inner = factor.term
    plain = isinstance(inner, Apply) and inner.op in OPS and OPS[inner.op].kind == "elementwise"
    if not plain or factor.exponent != 1 or sorted(factor.labels) != sorted(term.out):
        return term
    assert isinstance(inner, Apply)
    args = tuple(product(ONE, [Factor(arg, factor.labels)], term.out, term.sizes) for arg in inner.args)
    return Apply(term.shape, inner.op, args, inner.params, inner.dtype)


def log_logistic(term: Term) -> Term | None:
    """u with log term = −softplus(u): −x for σ(x), x for 1 − σ(x); the slope is then finite wherever the value is."""
    if isinstance(term, Apply) and term.op == "logistic":
        return scale(-1, term.args[0])
    if not isinstance(term, Add) or len(term.terms) != 2:
        return None
    ones = [t for t in term.terms if is_number(t) and isinstance(t, ProductTerm) and t.coef == 1]
    parts = [split_coef(t) for t in term.terms if t not in ones]
    if len(ones) != 1 or parts[0][0] != -1 or not isinstance(parts[0][1], Apply) or parts[0][1].op != "logistic":
        return None
    return parts[0][1].args[0]


def one_plus_exp(term: Term) -> Term | None:
    """x where the term is 1 + eˣ."""
    if not isinstance(term, Add) or len(term.terms) != 2:
        return None
    ones = [t for t in term.terms if is_number(t) and isinstance(t, ProductTerm) and t.coef == 1]
    powers = [t for t in term.terms if isinstance(t, Apply) and t.op == "exp"]
    return powers[0].args[0] if len(ones) == len(powers) == 1 else None


def _logistic_factors(factors: list[Factor]) -> list[Factor]:
    """1/(1 + eˣ) = σ(−x), and eˣ/(1 + eˣ) = σ(x)."""
    result = list(factors)
    for k, f in enumerate(factors):
        power = one_plus_exp(f.term) if f.exponent == -1 else None
        if power is None:
            continue
        top = next(
            (
                g
                for g in result
                if isinstance(g.term, Apply)
                and g.term.op == "exp"
                and g.term.args[0] == power
                and g.labels == f.labels
                and g.exponent >= 1
            ),
            None,
        )
        argument = power if top is not None else scale(-1, power)
        result[k] = Factor(Apply(f.term.shape, "logistic", (argument,)), f.labels)
        if top is not None:
            at = result.index(top)
            result[at] = Factor(top.term, top.labels, top.exponent - 1)
    return [f for f in result if f.exponent != 0]


def open_term_primes(term: Term, closed: Collection[str] = ()) -> Term:
    """The term with every f' replaced by its formula, functions in `closed` left as letters."""

    if "prime" not in op_names(term) and settled(term):
        return term

    def change(item: Term) -> Term | None:
        if not (isinstance(item, Apply) and item.op == "prime") or item.param("function") in closed:
            return None
        argument = open_term_primes(item.args[0], closed)
        return formula(item.param("function"), item.param("order"), argument)

    return map_leaves(term, change)


def open_written_out(term: Term, values: Collection[Term]) -> Term:
    """f'(u) by f(u) where that is among the values of lines and u is written out: ȳ σ'(w x + b) becomes ȳ y (1 − y) then.

    So does ⟦u > 0⟧ become ⟦max(0, u) > 0⟧.
    """

    def change(item: Term) -> Term | None:
        if not isinstance(item, Apply) or not item.args or isinstance(item.args[0], NamedLeaf):
            return None
        if item.op == "greater" and is_zero(item.args[1]):
            positive = Apply(item.shape, "relu", item.args[:1])
            return Apply(item.shape, "greater", (positive, item.args[1]), (), "bool") if positive in values else None
        if item.op != "prime":
            return None
        function, order = item.param("function"), item.param("order")
        if Apply(item.shape, function, item.args) not in values:
            return None
        return formula(function, order, item.args[0])

    return map_leaves(term, change)


def formula(function: str, order: int, argument: Term) -> Term:
    """f^(order)(x) as a textbook writes it, with the argument's term in place of x; f(x) itself stays a call."""
    x = input_node("x", ArrayType(argument.shape))
    node = instance(function, order, x, {(function, x): apply(function, x)}, textbook=True)
    return map_leaves(gather(node), lambda t: argument if isinstance(t, NamedLeaf) and t.name == "x" else None)
