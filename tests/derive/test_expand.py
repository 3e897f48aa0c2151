"""The calculus-class way: what is written out, what it costs against the backward pass, and where it stops."""

from __future__ import annotations

import itertools

import pytest

import wengert as wg
from wengert.core.ir.names import bar
from wengert.core.ops.gathering import gather
from wengert.core.ops.terms import Term
from wengert.errors import EquationError
from wengert.notes.derive.counting import OperationCount, count_shared, count_written
from wengert.notes.derive.elements import ElementForm
from wengert.notes.derive.expand import compare
from wengert.notes.notation import expr
from wengert.notes.notation.expr import Expr

LOGISTIC_MAP = "l₁ = x\nl₂ = 4 l₁ (1 − l₁)\nl₃ = 4 l₂ (1 − l₂)\nl₄ = 4 l₃ (1 − l₃)"


# ---------------------------------------------------------------- counts against what is written out


def operations(tree: Expr) -> OperationCount:
    """The signs of a tree without indices, one by one."""
    below = sum(
        (operations(child) for child in expr.children(tree) if not isinstance(tree, expr.Ref)), OperationCount()
    )
    match tree:
        case expr.Product(factors=factors):
            return below + OperationCount(products=len(factors) - 1)
        case expr.Quotient(numerator=expr.Num(), denominator=expr.Num()):
            return OperationCount()
        case expr.Quotient() | expr.Power():
            return below + OperationCount(products=1)
        case expr.Sum(terms=terms):
            return below + OperationCount(sums=len(terms) - 1)
        case expr.Call(function="sqrt"):
            return below + OperationCount(products=1)
        case expr.Call(function="max", args=args) if len(args) > 2:
            return below + OperationCount(functions=len(args) - 1)
        case expr.Call() | expr.Bars() | expr.Compare():
            return below + OperationCount(functions=1)
        case expr.Cases():
            return below + OperationCount(functions=1)
        case _:
            return below


def written_out(system: wg.System, term: Term, sizes: dict[str, int]) -> OperationCount:
    form = ElementForm(system.data, sizes=sizes)
    shape = [sizes[str(size)] for size in term.shape]
    places = itertools.product(*(range(1, n + 1) for n in shape))
    return sum((operations(form.show(term, [str(k) for k in place])) for place in places), OperationCount())


@pytest.mark.parametrize(
    "text",
    [
        "L = a b + a b c",
        "L = ½ (a − b)² / (1 + c²)",
        "L = 1 / a + √b",
        "y_i = Σ_j w_ij x_j + b_i\nL = Σ_i y_i²",
        "y_i = a b_i Σ_j w_ij x_j c_j\nL = (Σ_i y_i) Σ_j x_j²",
        "h_i = tanh(Σ_j w_ij x_j)\nL = ½ Σ_i (h_i − t_i)²",
        "y_k = e^(z_k) / Σ_l e^(z_l)\nL = Σ_k y_k²",
        "L = Σ_ij (a_i Σ_k b_ik c_kj)²",
        "h_i = max(0, z_i) + |z_i|\nL = Σ_i { h_i² if h_i > z_i; z_i otherwise }",
        "m = max_i x_i\np = Π_i x_i\nL = m p",
    ],
)
@pytest.mark.parametrize("size", [2, 3, 5])
def test_counts_are_those_of_the_entries_written_out(text: str, size: int) -> None:
    system = wg.equations(text)
    names = {str(s) for q in system.data.quantities.values() for s in q.type.shape}
    sizes = {name: size + k for k, name in enumerate(sorted(names))}
    for line in system.data.lines:
        term = gather(line.node)
        assert count_written(term, sizes) == written_out(system, term, sizes), line.name


def test_equal_expressions_are_counted_once() -> None:
    term = gather(wg.equations("L = (a + b)² (1 + (a + b)²)").data.lines[-1].node)
    assert count_written(term, {}) == OperationCount(products=3, sums=3)
    assert count_shared([term], {}) == OperationCount(products=3, sums=2)
    assert count_shared([term, term], {}) == count_shared([term], {})


def test_a_sum_inside_an_array_is_counted_once_where_it_is_shared() -> None:
    """a_i Σ_j b_j c_j: the sum does not depend on i."""
    term = gather(wg.equations("y_i = a_i Σ_j b_j c_j\nL = Σ_i y_i").data.lines[0].node)
    sizes = {"i": 5, "j": 3}
    assert count_shared([term], sizes) == OperationCount(products=5 + 3, sums=2)
    assert count_written(term, sizes) == OperationCount(products=5 * (1 + 3), sums=5 * 2)


def test_the_bar_of_the_loss_costs_nothing() -> None:
    backward = wg.equations("L = ½ (y − t)²").backward(wrt="y").data
    value = backward.line("y").value
    assert count_shared([value], {}, seed=bar("L")) == OperationCount(sums=1)
    assert count_shared([value], {}) == OperationCount(products=1, sums=1)


# ---------------------------------------------------------------- the published example


def test_the_logistic_map_of_the_survey_costs_9_multiplications_backward() -> None:
    """Baydin et al. 2018, figure 2: 9 multiplications back, 38 multiplications and powers in the expanded derivative.

    The published 9 are three a line, l̄₃ = l̄₄ · 4 (1 − 2 l₃) and so on. We print the same lines; in a comparison l̄₄ is 1 and
    the multiplication by it is not counted, which leaves 8. The expanded derivative of the figure is hand-made, four terms with
    1 − 8x + 8x² multiplied out; ours puts the lines in as they stand, and has more.
    """
    derivation = wg.equations(LOGISTIC_MAP).backward()
    assert str(derivation).split("backward\n")[1].splitlines() == [
        "  l̄₄ = 1",
        "  l̄₃ = 4 l̄₄ (1 − 2 l₃)",
        "  l̄₂ = 4 l̄₃ (1 − 2 l₂)",
        "  l̄₁ = 4 l̄₂ (1 − 2 l₁)",
        "  x̄ = l̄₁",
    ]
    lines = [line.value for line in derivation.data.lines if line.name != derivation.data.loss]
    assert count_shared(lines, {}).products == 9
    found = compare(derivation.data)
    assert found.backward.products == 8
    assert found.expanded.products >= 38
    assert found.expanded.total > 4 * (found.forward.total + found.backward.total)


def test_the_published_expansion_is_counted_as_published() -> None:
    """The figure's own formula has 38 multiplications and powers."""
    published = (
        "128 x (1 − x) (−8 + 16 x) (1 − 2 x)² (1 − 8 x + 8 x²) + 64 (1 − x) (1 − 2 x)² (1 − 8 x + 8 x²)²"
        " − 64 x (1 − 2 x)² (1 − 8 x + 8 x²)² − 256 x (1 − x) (1 − 2 x) (1 − 8 x + 8 x²)²"
    )
    term = gather(wg.equations(f"L = {published}").data.lines[-1].node)
    assert count_written(term, {}).products == 38


# ---------------------------------------------------------------- the text


def test_repeated_terms_name_the_quantity_that_they_are() -> None:
    system = wg.equations("z = w x + b\ny = σ(z)\nL = ½ (y − t)²")
    found = {repeated.name: repeated.times for repeated in compare(system.backward(wrt=["w", "b"]).data).repeated}
    assert found["z"] == 4
    assert found["y"] == 2


def test_the_expanded_derivative_is_the_derivative() -> None:
    system = wg.equations("z_i = Σ_j w_ij x_j + b_i\nh_i = tanh(z_i)\nL = ½ Σ_i (h_i − t_i)²")
    text = system.backward(wrt=["w", "b"]).compare()
    assert "  ∂L/∂w_ij = (tanh(Σ_k w_ik x_k + b_i) − t_i) (1 − tanh(Σ_k w_ik x_k + b_i)²) x_j\n" in text
    assert "operations, with i = 2, j = 2\n" in text


def test_sizes_that_were_given_are_used() -> None:
    system = wg.equations("y_i = Σ_j w_ij x_j\nL = ½ Σ_i y_i²")
    small, large = (compare(system.backward(wrt="w").data, {"i": n, "j": 4}) for n in (1, 10))
    assert small.sizes == {"i": 1, "j": 4}
    assert large.forward.products == 10 * 4 + 10 + 1
    assert small.forward == OperationCount(products=4 + 2, sums=3)


# ---------------------------------------------------------------- limits


def test_an_expansion_that_explodes_is_an_error_with_the_line() -> None:
    lines = ["l0 = x"] + [f"l{k} = l{k - 1} (1 − l{k - 1})" for k in range(1, 25)]
    with pytest.raises(EquationError, match="Written out") as caught:
        wg.equations("\n".join(lines)).backward().compare()
    assert "^" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wrt", "words"),
    [
        ("y_i = w_i x_i", "w", "is not a scalar"),
        ("z = w x\nL = z²", "z", "is an intermediate"),
    ],
)
def test_what_cannot_be_compared_is_an_error_in_three_lines(text: str, wrt: str, words: str) -> None:
    with pytest.raises(EquationError, match=words) as caught:
        wg.equations(text).backward(wrt=wrt).compare()
    assert len(str(caught.value).splitlines()) == 3


def test_counts_add_and_multiply() -> None:
    assert OperationCount(1, 2, 3) + OperationCount(3, 2, 1) == OperationCount(4, 4, 4)
    assert (OperationCount(1, 2, 3) * 2).total == 12
