"""Terms on the page: what is printed with indices, as matrices or entry by entry says what the term says."""

from __future__ import annotations

import itertools
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

import wengert as wg
from tests.notation.helpers import read_backward
from tests.ops.random_terms import LEAVES, SIZES, graphs, values_at, well_conditioned
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.names import bar, is_bar
from wengert.core.ir.types import Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.gathering import gather
from wengert.core.ops.terms import Apply, ProductTerm, Term, subterms
from wengert.errors import EquationError
from wengert.notes.derive.elements import ElementForm
from wengert.notes.derive.forms import IndexForm
from wengert.notes.derive.matrices import MatrixForm
from wengert.notes.derive.printed import LinePrinter
from wengert.notes.derive.random_points import concrete, draw_point, sizes_for
from wengert.notes.derive.term_trees import NoForm
from wengert.notes.notation import expr, latex, unicode
from wengert.notes.notation.expr import BigOp, Expr, Line, walk

sys.path.insert(0, str(Path(__file__).parent.parent / "derive"))
from random_systems import systems

RANDOM = settings(
    max_examples=rounds(40, 150),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SYSTEM = wg.equations(
    "a ∈ ℝ\nb ∈ ℝ\nu ∈ ℝ^n\nv ∈ ℝ^n\nw ∈ ℝ^m\no ∈ ℝ^1\nA ∈ ℝ^(n×m)\nB ∈ ℝ^(m×n)\nQ ∈ ℝ^(n×n)\nT ∈ ℝ^(2×n)\nc ∈ ℝ^4\n"
    "L = a b + Σ_i u_i v_i + Σ_j w_j + Σ_ij A_ij + Σ_ji B_ji + Σ_il Q_il + Σ_k o_k + Σ_ri T_ri + Σ_q c_q"
)
VALUES = values_at(2)
SHAPES = {leaf.shape: name for name, leaf in LEAVES.items()}


def read_value(text: str, syntax: str) -> Any:
    """The value of a printed line, read in the context of the system."""
    (line,) = read_backward(SYSTEM, text, syntax)
    leaves = tuple(node for node in topological([line.node]) if node.op.name == "input")
    (value,) = evaluate(Graph(leaves, (line.node,)), VALUES, SIZES)
    return value


def assert_reads_back(left: Expr, right: Expr, expected: Any) -> None:
    symbols = SYSTEM.data.reading.symbols
    line = Line(left, (right,))
    size = max(1.0, float(np.max(np.abs(expected), initial=0)))
    for text, syntax in (
        (unicode.show(line, symbols=symbols), "text"),
        (unicode.show(line, ascii=True, symbols=symbols), "text"),
        (latex.show(line, symbols), "latex"),
    ):
        try:
            value = read_value(text, syntax)
        except EquationError as error:
            pytest.fail(f"{text}\n{error}")
        np.testing.assert_allclose(value, expected, rtol=1e-7, atol=1e-8 * size, err_msg=text)


def known(node: Node) -> Any:
    """The value of a node whose shape one of the system's quantities has."""
    expected = well_conditioned(node, VALUES)
    assume(expected is not None and node.shape in SHAPES)
    assume(not any(map(reduces_a_constant, subterms(gather(node)))))
    return expected


def reduces_a_constant(term: Term) -> bool:
    """max_i, ∏_i … over something that does not depend on i; nobody writes it, and the reader refuses it."""
    if not (isinstance(term, Apply) and term.op in ("max", "min", "prod") and isinstance(term.args[0], ProductTerm)):
        return False
    body = term.args[0]
    carried = {q for f in body.factors for q in f.labels}
    return any(body.out[axis] not in carried for axis in term.param("axes"))


@RANDOM
@given(graphs())
def test_a_random_term_by_index_reads_back_to_its_value(node: Node) -> None:
    expected = known(node)
    assert_reads_back(*IndexForm(SYSTEM.data).line(bar(SHAPES[node.shape]), gather(node)), expected)


@RANDOM
@given(graphs())
def test_a_random_term_as_matrices_reads_back_to_its_value_or_has_no_such_form(node: Node) -> None:
    expected = known(node)
    try:
        line = MatrixForm(SYSTEM.data).line(bar(SHAPES[node.shape]), gather(node))
    except NoForm:
        return
    assert_reads_back(*line, expected)


@RANDOM
@given(graphs())
def test_a_random_term_entry_by_entry_has_its_values(node: Node) -> None:
    expected = known(node)
    form = ElementForm(SYSTEM.data, sizes=SIZES)
    entries = {(quantity.indexed or name, quantity.name) for name, quantity in SYSTEM.data.quantities.items()}
    names = {spelled: VALUES[name] for spelled, name in entries if name in VALUES}
    for place in itertools.product(*map(range, np.shape(expected))):
        tree = form.show(gather(node), [str(k + 1) for k in place])
        assert number_of(tree, names | VALUES) == pytest.approx(float(expected[place]), rel=1e-7, abs=1e-7)


def number_of(tree: Expr, values: dict[str, Any]) -> float:
    """The number of a tree that is written out entry by entry."""

    def at(part: Expr) -> float:
        return number_of(part, values)

    match tree:
        case expr.Num(value=value):
            return float(value)
        case expr.Ref(name=name, indices=indices):
            if name == "e":
                return math.e
            place = tuple(int(at(index)) - 1 for index in indices or ())
            return SIZES[name] if name in SIZES else float(values[name][place])
        case expr.Sum(terms=terms):
            return math.fsum(sign * at(term) for sign, term in terms)
        case expr.Product(factors=factors):
            return math.prod(map(at, factors))
        case expr.Quotient(numerator=a, denominator=b):
            return at(a) / at(b)
        case expr.Neg(operand=a):
            return -at(a)
        case expr.Power(base=a, exponent=b):
            return at(a) ** at(b)
        case expr.Bars(operand=a):
            return abs(at(a))
        case expr.Indicator(condition=a):
            return at(a)
        case expr.Compare(op=op, left=a, right=b):
            x, y = at(a), at(b)
            return float({"<": x < y, "≤": x <= y, ">": x > y, "≥": x >= y, "=": x == y, "≠": x != y}[op])
        case expr.Cases(branches=branches):
            return next(at(value) for value, condition in branches if condition is None or at(condition))
        case expr.Call(function=function, args=args):
            return FUNCTIONS[function](*map(at, args))
        case _:
            raise AssertionError(tree)


FUNCTIONS: dict[str, Any] = {
    "σ": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "exp": math.exp,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "√": math.sqrt,
    "max": lambda *x: max(x),
    "min": lambda *x: min(x),
}


# ---------------------------------------------------------------- derivations


def values_of(derivation: wg.Derivation) -> tuple[dict[str, Any], dict[str, int]]:
    """Every quantity and every bar at a random point, and the sizes."""
    data, sizes = derivation.system.data, sizes_for(derivation.system.data)
    values = draw_point(data, np.random.default_rng(0))
    loss = derivation.data.loss
    values[bar(loss)] = np.ones([sizes[s.name] for s in data.quantities[loss].type.shape if isinstance(s, Dim)])
    names = (*(line.name for line in data.lines), *(bar(line.name) for line in derivation.data.lines))
    names += tuple(each.name for line in derivation.data.lines for each in line.sums)
    names = tuple(name for name in names if name != bar(loss))
    graph = concrete(derivation.data.graph(names))
    return values | dict(zip(names, evaluate(graph, values, sizes), strict=True)), sizes


BREAK = {"text": "\n", "latex": r" \\ "}


def assert_derivation_reads_back(derivation: wg.Derivation, form: str, syntax: str) -> None:
    values, sizes = values_of(derivation)
    symbols = derivation.system.data.reading.symbols
    named: list[str] = []
    for line in LinePrinter(derivation.system.data, form).backward(derivation.data):
        texts = [
            latex.show(one, symbols) if syntax == "latex" else unicode.show(one, symbols=symbols)
            for one in (Line(line.left, (right,)) for right in line.rights)
        ]
        for text in texts:
            *_, definition = read_backward(derivation.system, BREAK[syntax].join([*named, text]), syntax)
            leaves = tuple(node for node in topological([definition.node]) if node.op.name == "input")
            (value,) = evaluate(concrete(Graph(leaves, (definition.node,))), values, sizes)
            np.testing.assert_allclose(value, values[definition.name], rtol=1e-8, atol=1e-9, err_msg=text)
        if not is_bar(definition.name):
            named.append(texts[0])


@settings(
    max_examples=rounds(10, 40),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(systems())
def test_the_derivation_of_a_random_system_reads_back(text: str) -> None:
    derivation = wg.equations(text).backward()
    for form, syntax in itertools.product(("index", "matrix"), ("text", "latex")):
        assert_derivation_reads_back(derivation, form, syntax)


def backward_of(text: str, form: str = "index", wrt: str | list[str] = ()) -> list[str]:
    """The printed backward pass, after it was read back."""
    derivation = wg.equations(text).backward(wrt=wrt)
    for syntax in ("text", "latex"):
        assert_derivation_reads_back(derivation, form, syntax)
    return [line[2:] for line in str(derivation.in_form(form)).split("backward\n")[1].splitlines()]


# ---------------------------------------------------------------- letters


def test_a_letter_runs_over_one_size_in_a_line() -> None:
    """Σ_k over rows of c and Σ_k over columns of A cannot stand in one line."""
    text = "c_ij = (Σ_k a q_jj A_kj) + u_i\nL = ½ Σ_ij c_ij²"
    line = next(line for line in backward_of(text) if line.startswith("q̄"))
    assert line == "q̄_jl = a ⟦j = l⟧ (Σ_i c̄_ij) Σ_k A_kj"


def test_a_sum_inside_a_sum_takes_a_fresh_letter() -> None:
    for text in (
        "s = Σ_i (x_i Σ_j x_j)²\nL = s",
        "s = Σ_i x_i (Σ_j x_j (Σ_i x_i²)²)²\nL = s²",
        "y_k = e^(z_k) / Σ_l e^(z_l)\nL = Σ_k (y_k − log Σ_l y_l²)²",
    ):
        backward_of(text)
        for line in wg.equations(text).backward().in_form("index").lines():
            for big in (t for right in line.rights for t in walk(right) if isinstance(t, BigOp)):
                inside = [t for t in walk(big.body) if isinstance(t, BigOp)]
                assert all(set(t.letters).isdisjoint(big.letters) for t in inside)


def test_a_class_used_twice_in_a_product_has_two_letters() -> None:
    lines = backward_of("y_i = x_i Σ_j x_j w_j\nL = Σ_i y_i²", wrt="w")
    assert lines[-1] == "w̄_j = x_j Σ_i ȳ_i x_i"


def test_letters_that_are_names_are_left_to_the_names() -> None:
    lines = backward_of("z_i = k x_i + l Σ_j x_j\nL = ½ Σ_i z_i² + j_0²", wrt=["k", "l"])
    for line in lines:
        assert "Σ_k" not in line
        assert "Σ_l" not in line


def test_what_the_user_called_an_axis_is_kept() -> None:
    lines = backward_of("S_tb = Σ_c P_tc V_cb\nL = Σ_tb S_tb²", wrt=["P", "V"])
    assert lines[2:] == ["P̄_tc = Σ_b S̄_tb V_cb", "V̄_cb = Σ_t S̄_tb P_tc"]


# ---------------------------------------------------------------- matrices


@pytest.mark.parametrize(
    ("text", "wrt", "line"),
    [
        ("s = Σ_ij x_i A_ij y_j\nL = s²", "A", "Ā = s̄ x yᵀ"),
        ("Y_ij = Σ_k A_ik B_kj\nL = Σ_ij Y_ij²", "A", "Ā = Ȳ Bᵀ"),
        ("Y_ij = Σ_kl A_ik B_kl C_lj\nL = Σ_ij Y_ij²", "B", "B̄ = Aᵀ Ȳ Cᵀ"),
        ("L = Σ_ijk A_ij B_jk C_ki", "A", "Ā = L̄ Cᵀ Bᵀ"),
        ("L = Σ_i A_ii B_ii", "A", "Ā = L̄ diag(diag(B))"),
        ("y_i = A_ii x_i\nL = Σ_i y_i²", "A", "Ā = diag(ȳ ∘ x)"),
        ("y_i = A_ii x_i\nL = Σ_i y_i²", "x", "x̄ = ȳ ∘ diag(A)"),
        ("L = Σ_i A_ii", "A", "Ā = L̄ diag(𝟏)"),
        ("L = a Σ_ij A_ij B_ij C_ij", "a", "ā = L̄ 𝟏ᵀ (A ∘ B ∘ C) 𝟏"),
        ("L = a Σ_ij A_ij B_ij", "a", "ā = L̄ tr(Aᵀ B)"),
        ("L = a Σ_i x_i²", "a", "ā = L̄ ‖x‖²"),
        ("L = a Σ_i x_i", "a", "ā = L̄ xᵀ 𝟏"),
        ("Y_ij = u_i A_ij v_j\nL = Σ_ij Y_ij²", "A", "Ā = diag(u) Ȳ diag(v)"),
        ("Y_ij = u_i A_ij v_j\nL = Σ_ij Y_ij²", "v", "v̄ = (Ȳ ∘ A)ᵀ u"),
        ("Y_ij = A_ij B_ji\nL = Σ_ij Y_ij²", "B", "B̄ = Ȳᵀ ∘ Aᵀ"),
        ("Y_ij = A_ij Σ_k B_ik C_kj\nL = Σ_ij Y_ij²", "B", "B̄ = (Ȳ ∘ A) Cᵀ"),
        ("Y_ij = A_ij³\nL = Σ_ij Y_ij²", "A", "Ā = 3 (Ȳ ∘ A ∘ A)"),
        ("y_k = e^(z_k) / Σ_l e^(z_l)\nL = Σ_k y_k²", "z", "z̄ = y ∘ (ȳ − (ȳᵀ y) 𝟏)"),
    ],
)
def test_matrix_forms(text: str, wrt: str, line: str) -> None:
    lines = backward_of(text, "matrix", wrt)
    assert lines[-1].split(" = ")[:2] == line.split(" = "), lines[-1]


@pytest.mark.parametrize(
    ("text", "wrt", "note"),
    [
        ("Y_ijk = u_i v_j w_k\nL = Σ_ijk Y_ijk²", "u", "(by index: not a product of matrices)"),
        ("m_i = max_j X_ij\nL = Σ_i m_i²", "X", "(by index: "),
        ("p = Π_i x_i\nL = p²", "x", "(by index: prod needs an index)"),
        ("Y_ij = A_ij⁵\nL = Σ_ij Y_ij", "A", "(by index: a power of the entries of a matrix)"),
    ],
)
def test_what_has_no_matrix_form_is_printed_by_index_with_a_note(text: str, wrt: str, note: str) -> None:
    lines = backward_of(text, "matrix", wrt)
    assert note in lines[-1]
    assert "_" in lines[-1]


def test_the_square_of_a_matrix_is_never_printed_for_squares_of_entries() -> None:
    for text in ("Y_ij = A_ij² B_ij\nL = Σ_ij Y_ij³", "L = Σ_ij (A_ij² + B_ij)²"):
        for line in backward_of(text, "matrix"):
            assert "A²" not in line
            assert "Y²" not in line


def test_a_product_over_the_others_is_printed_as_one() -> None:
    assert backward_of("p = Π_i x_i\nL = p²")[-1] == "x̄_i = p̄ Π_(j ≠ i) x_j"


def test_look_ups_are_indices() -> None:
    lines = backward_of("y_k = e^(z_k) / Σ_l e^(z_l)\nL = −1/N Σ_i log P_{i,Y_i} + Σ_k y_k²\nN = size of i", wrt=["P"])
    assert lines[-1].lower() == "p̄_ij = −l̄ ⟦j = y_i⟧ / (n p_{i,y_i})"


# ---------------------------------------------------------------- entries


def test_entries_of_a_layer_are_written_out() -> None:
    derivation = wg.equations("y_i = Σ_j w_ij x_j\nL = ½ Σ_i y_i²").backward(wrt=["w", "x"]).in_form("elements")
    sizes = {"i": 2, "j": 2}
    symbols = derivation.system.data.reading.symbols
    lines = [unicode.show(Line(line.left, line.rights), symbols=symbols) for line in derivation.lines(sizes)]
    assert lines == [
        "L̄ = 1",
        "ȳ_1 = L̄ y_1",
        "ȳ_2 = L̄ y_2",
        "w̄_{1,1} = ȳ_1 x_1",
        "w̄_{1,2} = ȳ_1 x_2",
        "w̄_{2,1} = ȳ_2 x_1",
        "w̄_{2,2} = ȳ_2 x_2",
        "x̄_1 = ȳ_1 w_{1,1} + ȳ_2 w_{2,1}",
        "x̄_2 = ȳ_1 w_{1,2} + ȳ_2 w_{2,2}",
    ]


@pytest.mark.parametrize("size", [None, 5])
def test_entries_are_not_written_out_where_a_size_is_open_or_large(size: int | None) -> None:
    derivation = wg.equations("L = ½ Σ_i y_i²").backward().in_form("elements")
    with pytest.raises(EquationError):
        derivation.lines({} if size is None else {"i": size})
