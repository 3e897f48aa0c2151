"""Table K of the corpus: one expression, one intended reading. The test's name carries the row's id."""

from __future__ import annotations

from fractions import Fraction

import pytest

from wengert.errors import EquationError
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import (
    Bars,
    BigOp,
    Call,
    Compare,
    Index,
    Indicator,
    Inverse,
    MatrixEntries,
    Norm,
    Num,
    Ones,
    Partial,
    Power,
    Product,
    Ref,
    Sum,
    Transpose,
)
from wengert.notes.notation.reader import Page, read, read_expression

TWO = Num(Fraction(2))
I, J, K, T = (Index(letter) for letter in "ijkt")
a, b, c, f, w, x, y, z = (Ref(name) for name in "abcfwxyz")


def one(text: str, *, syntax: str | None = None) -> Page:
    reading = read(text, syntax=syntax)
    assert not reading.warnings, reading.warnings
    return reading


def rhs(text: str, **options: str) -> object:
    return one(text, **options).lines[-1].rights[-1]


def system(text: str, *, syntax: str | None = None) -> Page:
    return one(text, syntax=syntax)


def complaint(text: str, **options: str) -> EquationError:
    with pytest.raises(EquationError) as caught:
        read(text, **options)
    return caught.value


def test_K01_a_scalar_before_a_bracket_is_a_product():
    assert rhs("y = a(b + c)") == Product((a, Sum(((1, b), (1, c)))))


def test_K02_a_declared_function_before_a_bracket_is_a_call():
    assert rhs("f: function\ny = f(x + 1)") == Call("f", (Sum(((1, x), (1, Num(Fraction(1))))),))


def test_K02_f_that_is_only_applied_is_a_function():
    assert isinstance(rhs("y = f(x + 1)"), Call)


def test_K02_f_with_a_line_of_its_own_is_a_quantity():
    assert rhs("f = 2 x\ny = f(1 − f)") == Product((f, Sum(((1, Num(Fraction(1))), (-1, f)))))


def test_K04_sigma_that_is_never_applied_is_a_quantity():
    assert rhs(r"x = \mu + \sigma z") == Sum(((1, Ref("μ")), (1, Product((Ref("σ"), z)))))


def test_K04_sigma_with_a_line_of_its_own_is_a_quantity_before_a_bracket():
    assert rhs("σ = e^v\nx = σ (z + μ)") == Product((Ref("σ"), Sum(((1, z), (1, Ref("μ"))))))


@pytest.mark.parametrize(
    "text", [r"\sigma'(z)", r"\sigma^\prime(z)", r"\sigma^{\prime}(z)", "σ'(z)", "σ′(z)", "sigma'(z)"]
)
def test_K05_a_prime_on_a_function_is_its_derivative(text: str):
    assert read_expression(text) == Call("σ", (z,), primes=1)


def test_K07_a_prime_is_a_transpose_in_the_matlab_dialect():
    assert rhs("dialect: matlab\ny = A' x") == Product((Transpose(Ref("A")), x))


def test_K07_a_prime_on_an_input_is_an_error_otherwise():
    error = complaint("y = A' x")
    assert error.what == "'A′' is neither a function nor a quantity with a line of its own."
    assert "Write 'Aᵀ' for a transpose" in error.repair


def test_prime_on_a_quantity_with_a_line_is_part_of_its_name():
    assert one("c' = 2 x\ny = c' x").lines[1].rights == (Product((Ref("c'"), x)),)


@pytest.mark.parametrize("text", [r"w^{(1)}_{ij}", r"w_{ij}^{(1)}", r"w^{(1)}_{i,j}"])
def test_K08_a_label_stands_before_or_after_the_subscript(text: str):
    assert rhs(rf"z_i = \sum_j {text} x_j").body == Product((Ref("w⁽¹⁾", (I, J)), Ref("x", (J,))))


@pytest.mark.parametrize("text", ["w⁽¹⁾_ij", "w_ij⁽¹⁾", "w^(1)_ij", "w_ij^(1)", "w^{(1)}_{ij}"])
def test_K08_the_same_in_text(text: str):
    assert rhs(f"z_i = Σ_j {text} x_j").body == Product((Ref("w⁽¹⁾", (I, J)), Ref("x", (J,))))


def test_K10_a_label_whose_letter_is_summed_is_an_index():
    reading = one(r"L = \sum_t \|x^{(t)}\|^2")
    assert reading.lines[0].rights[0] == BigOp("sum", ("t",), Power(Norm(Ref("x", (T,))), TWO))


def test_K10_a_label_in_a_recursion_is_an_index():
    assert rhs(r"h^{(t)} = a h^{(t-1)}") == Product((a, Ref("h", (Sum(((1, T), (-1, Num(Fraction(1))))),))))


@pytest.mark.parametrize(
    "text", ["W^T x", r"W^\top x", r"W^{\mathsf T}x", r"W^{\intercal}x", "Wᵀx", r"W^{T}x", "W^{⊤} x"]
)
def test_K11_five_ways_to_write_a_transpose(text: str):
    assert read_expression(text) == Product((Transpose(Ref("W")), x))


@pytest.mark.parametrize("text", ["d_+ − d_-", r"d_{+} - d_-"])
def test_a_subscript_that_is_a_sign_is_part_of_the_name(text: str):
    system = read(f"d_+ = a p\nd_- = a q\nL = {text} + d_+ a")
    assert unicode.show(system.lines[2]) == "L = d_+ − d_- + d_+ a"
    assert unicode.show(read(unicode.show(system.lines[2])).lines[0]) == "L = d_+ − d_- + d_+ a"


def test_K11_with_T_an_input_it_is_a_power_with_a_warning():
    reading = read("y = W^T x + T")
    assert reading.lines[0].rights[0] == Sum(((1, Product((Power(Ref("W"), Ref("T")), x))), (1, Ref("T"))))
    assert reading.warnings[0].splitlines() == [
        "'^T' is read as a power, because 'T' is a quantity here.",
        "  y = W^T x + T",
        "        ^",
        "Write 'ᵀ' or '^\\top' if the transpose is meant.",
    ]


def test_K11_with_T_the_end_of_a_sum_it_is_a_transpose():
    reading = one(r"L = \frac1T \sum_{t=1}^T x_t^T A x_t")
    assert unicode.show(reading.lines[0]) == "L = 1/T Σ_{t=1}^{T} x_tᵀ A x_t"
    assert not [warning for warning in reading.warnings if "power" in warning]


def test_K11_a_number_with_powers_by_the_step_has_one_by_the_last_step_too():
    reading = one(r"L = \gamma^T v + \sum_{t=1}^T \gamma^t w^T x_t")
    assert unicode.show(reading.lines[0]) == "L = γ^T v + Σ_{t=1}^{T} γ^t wᵀ x_t"


@pytest.mark.parametrize("text", [r"A^{-1}", "A⁻¹", "A^(-1)", "A^-1"])
def test_K13_K14_a_power_of_minus_one_is_an_inverse(text: str):
    assert read_expression(text) == Inverse(Ref("A"))


def test_K16_K17_a_free_index_on_the_right_is_read_as_an_index():
    expected = Product((Ref("w", (K, I)), Ref("h", (I,))))
    assert rhs("y_k = w_ki h_i") == expected
    assert rhs("y_k = w_{ki} h_i", syntax="latex") == expected
    assert rhs("implicit sums\ny_k = w_ki h_i") == expected


def test_K19_a_sum_reaches_over_products():
    assert rhs(r"y = \sum_i a_i b") == BigOp("sum", ("i",), Product((Ref("a", (I,)), b)))


def test_K20_a_sum_ends_before_a_plus():
    assert rhs(r"y = \sum_i a_i + b") == Sum(((1, BigOp("sum", ("i",), Ref("a", (I,)))), (1, b)))


def test_a_later_summand_with_the_index_of_the_sum_is_an_error_with_two_repairs():
    error = complaint("y = Σ_i a_i + b_i")
    assert (
        error.what == "The sum over 'i' has ended before this 'i': a Σ reaches to the end of its term, not over + or −."
    )
    assert error.where.splitlines() == ["  y = Σ_i a_i + b_i", "                ^^^"]
    assert error.repair == "Write 'Σ_i (a_i + b_i)' to sum both together, or 'Σ_i a_i + Σ_i b_i' to sum each."


@pytest.mark.parametrize("text", [r"y = \log \sum_j e^{z_j}", "y = log Σ_j e^(z_j)", "y = log sum_j e^z_j"])
def test_K22_a_function_without_brackets_takes_a_whole_sum(text: str):
    assert rhs(text) == Call("log", (BigOp("sum", ("j",), Call("exp", (Ref("z", (J,)),))),))


def test_K23_more_factors_after_a_function_without_brackets_are_an_error():
    error = complaint(r"L = -\sum_k \log y_k t_k")
    assert (
        error.what
        == "What stands after '\\log y_k' could belong to 'log' or not: without brackets 'log' takes one factor."
    )
    assert error.repair == "Write 't \\log y_k …' if it does not belong to it, 'log(y_k …)' if it does."


def test_K25_sin_x_y_is_an_error():
    assert "could belong to 'sin' or not" in complaint(r"z = \sin x y").what


def test_K26_a_power_after_the_brackets_is_of_the_value():
    assert read_expression(r"\exp(z)^2") == Power(Call("exp", (z,)), TWO)


@pytest.mark.parametrize("text", ["x_{ij}", "x_{i,j}", "x_{i j}"])
def test_K28_one_element_of_a_matrix(text: str):
    assert rhs(rf"y = \sum_i \sum_j {text}").body.body == Ref("x", (I, J))


def test_K31_index_arithmetic():
    one_, two_i = Num(Fraction(1)), Product((TWO, I))
    assert rhs("y_t = x_{t-1}", syntax="latex") == Ref("x", (Sum(((1, T), (-1, one_))),))
    assert rhs(r"y_i = \sum_k x_{i+k}").body == Ref("x", (Sum(((1, I), (1, K))),))
    assert rhs(r"y_i = \sum_k x_{2i+k}").body == Ref("x", (Sum(((1, two_i), (1, K))),))
    assert rhs("y_i = Σ_k x_{2i+k}").body == Ref("x", (Sum(((1, two_i), (1, K))),))


@pytest.mark.parametrize(
    ("text", "name"),
    [(r"\theta_{\text{old}}", "θ_old"), (r"L_{\mathrm{reg}}", "L_reg"), ("b_h", "b_h"), ("L_{reg}", "L_reg"), ("w_0", "w_0"), ("w₀", "w_0"), ("c_prev", "c_prev")],
)  # fmt: skip
def test_K32_subscripts_that_are_names(text: str, name: str):
    assert rhs(f"y = {text} x") == Product((Ref(name), x))


def test_K34_an_integer_vector_as_an_index():
    assert rhs(r"E_{tj} = C_{s_t,j}") == Ref("C", (Ref("s", (T,)), J))
    assert rhs("E_tj = C_{s_t,j}") == Ref("C", (Ref("s", (T,)), J))


@pytest.mark.parametrize("text", [r"\bar z_i", r"\bar{z}_i", r"\bar{z_i}", r"\overline{z_i}", r"\overline{z}_i"])
def test_K35_four_ways_to_write_the_error_signal_of_an_element(text: str):
    forward = one("z_i = 2 x_i \\\\ L = z_i", syntax="latex")
    assert read(f"{text} = 1", syntax="latex", context=forward.symbols).lines[0].left == Ref("z", (I,), barred=True)


def test_K37_the_error_signal_of_the_loss():
    forward = one("L = x")
    assert read(r"\overline{L} = 1", context=forward.symbols).lines[0].left == Ref("L", barred=True)


@pytest.mark.parametrize("text", [r"\frac{\partial L}{\partial w_{ij}}", r"\nabla_{w_{ij}} L", "∂L/∂w_ij", "dw_ij", "dL/dw_ij", "w̄_ij", "wbar_ij"])  # fmt: skip
def test_K38_error_signals_in_other_notations(text: str):
    forward = one("z_i = Σ_j w_ij x_j\nL = Σ_i z_i")
    line = read(f"{text} = 1", context=forward.symbols).lines[0]
    assert line.left == Ref("w", (I, J), barred=True)


def test_K38_dW_on_the_right_is_the_error_signal_too():
    forward = one("S = Q K\nL = S")
    assert read("dQ = dS K", context=forward.symbols).lines[0].rights[0] == Product((Ref("S", barred=True), Ref("K")))


@pytest.mark.parametrize("text", ["dW = dz xᵀ", r"dW = dz x^\top"])
def test_K38_dW_is_the_error_signal_of_the_matrix_of_w_ij(text: str):
    forward = one("z_i = Σ_j w_ij x_j\nL = Σ_i z_i")
    line = read(text, context=forward.symbols).lines[0]
    assert line.left == Ref("W", barred=True)
    assert line.rights == (Product((Ref("z", barred=True), Transpose(x))),)


def test_K40_delta_is_what_it_is_defined_to_be():
    forward = one("z_i = Σ_j w_ij x_j\nL = Σ_i z_i")
    lines = read("δ_i = ∂L/∂z_i\nw̄_ij = δ_i x_j", context=forward.symbols).lines
    assert lines[0].left == Ref("z", (I,), barred=True)
    assert lines[0].rights == (Partial(Ref("L"), Ref("z", (I,))),)
    assert lines[1].rights == (Product((Ref("z", (I,), barred=True), Ref("x", (J,)))),)


def test_K40_delta_with_the_name_as_its_subscript():
    forward = one("z = w x\nL = z")
    assert read("δ_z = 1", context=forward.symbols).lines[0].left == Ref("z", barred=True)


def test_K41_a_dot_between_quantities_is_kept():
    assert read_expression(r"x \cdot y") == Product((x, y), "·")


def test_K43_a_star_in_text_is_kept():
    assert read_expression("x * y") == Product((x, y), "*")


def test_K44_an_outer_product():
    assert read_expression(r"\mathbf{x}\mathbf{y}^\top") == Product((x, Transpose(y)))


@pytest.mark.parametrize(
    "text", [r"\|x\|", r"\lVert x\rVert_2", "‖x‖", "||x||", r"\left\| x \right\|", r"\left\lVert x \right\rVert"]
)
def test_K46_norms(text: str):
    assert read_expression(text) == Norm(x)


def test_K46_the_order_of_a_norm():
    assert read_expression(r"\|A\|_F^2") == Power(Norm(Ref("A")), TWO)
    assert read_expression(r"\|A\|_F^2").base.order == "F"


@pytest.mark.parametrize("text", ["|x|", r"\lvert x \rvert", r"\left| x \right|", r"\vert x \vert"])
def test_K46_K47_bars(text: str):
    assert read_expression(text) == Bars(x)


@pytest.mark.parametrize("text", [r"\det A", r"\det(A)", "det A", r"\operatorname{det} A"])
def test_K47_determinant(text: str):
    assert read_expression(text) == Call("det", (Ref("A"),))


def test_K49_the_square_of_a_quantity():
    assert read_expression("h^2") == read_expression("h²") == Power(Ref("h"), TWO)


def test_K50_e_with_a_line_of_its_own_is_a_quantity():
    assert rhs("e = 2 x\ny = e^z") == Power(Ref("e"), z)
    assert rhs(r"y = e^{z}") == Call("exp", (z,))


def test_K52_a_slash_before_two_letters_without_a_space_is_an_error():
    error = complaint("y = a/bc\nw = b + c")
    assert error.what == "'/bc' can mean two things."
    assert error.repair == "Write '…/(b c)' or '(…/b) c', or declare 'bc' if it is one name."
    assert complaint("y = 1/2x").repair == "Write '1/(2 x)' or '(1/2) x'."


def test_K52_a_space_settles_it():
    assert rhs("y = a/b c").factors[1] == c


def test_K53_dx_with_both_letters_known_is_a_product_with_a_warning():
    reading = read("d = 2 x\ny = dx")
    assert reading.lines[1].rights == (Product((Ref("d"), x)),)
    assert reading.warnings[0].startswith("'dx' is read as the product 'd x'")


def test_K55_Wx_in_text_is_a_product_when_both_are_declared_and_it_is_not():
    reading = read("params W\ndata x\ny = Wx")
    assert reading.lines[0].rights == (Product((Ref("W"), x)),)
    assert len(reading.warnings) == 1
    assert rhs("params W, Wx\ndata x\ny = Wx + W x").terms[0][1] == Ref("Wx")


def test_K55_an_unknown_word_is_one_name():
    assert rhs("y = wx + b").terms[0][1] == Ref("wx")
    assert rhs(r"y = wx + b", syntax="latex").terms[0][1] == Product((w, x))


def test_K56_powers_on_the_name_of_a_function():
    assert read_expression(r"\tanh^2(c)") == Call("tanh", (c,), power=TWO)
    assert read_expression("tanh²(c)") == Call("tanh", (c,), power=TWO)
    assert read_expression(r"\sigma^2(z)") == Call("σ", (z,), power=TWO)
    assert read_expression(r"\sigma^2") == Power(Ref("σ"), TWO)


def test_K58_max_as_reduction_and_as_function_and_argmax():
    assert rhs(r"m_i = \max_j X_{ij}") == BigOp("max", ("j",), Ref("X", (I, J)))
    assert read_expression(r"\max(0, z)") == Call("max", (Num(Fraction(0)), z))
    expected = BigOp("argmax", ("k",), Ref("z", (K,)))
    for text in (
        r"\operatorname*{arg\,max}_k z_k",
        r"\arg\max_k z_k",
        r"\operatorname{argmax}_{k} z_k",
        "argmax_k z_k",
    ):
        assert read_expression(text) == expected


def test_K59_element_and_whole_of_one_quantity():
    assert rhs("L = Σ_k y_k + ‖y‖") == Sum(((1, BigOp("sum", ("k",), Ref("y", (K,)))), (1, Norm(y))))


def test_two_absolute_values_side_by_side():
    assert read_expression("|a||b|") == Product((Bars(a), Bars(b)))


@pytest.mark.parametrize("text", ["[a, b; c, x]", r"\begin{pmatrix} a & b \\ c & x \end{pmatrix}"])
def test_a_matrix_written_out(text: str):
    assert read_expression(text) == MatrixEntries(((a, b), (c, x)))


def test_script_and_plain_letters_are_two_names_only_where_both_are_defined():
    assert [line.left for line in one(r"\mathcal{L} = w x \\ L = \mathcal{L} + 1").lines] == [Ref("ℒ"), Ref("L")]
    assert one(r"\mathcal{L} = w x \\ R = L + 1").lines[1].rights[0].terms[0][1] == Ref("L")


@pytest.mark.parametrize(
    "text", [r"\mathbb 1\{z > 0\}", r"\mathbb{1}[z > 0]", r"\mathbb{1}_{z > 0}", "⟦z > 0⟧", "[z > 0]", "[[z > 0]]"]
)
def test_indicators(text: str):
    assert read_expression(text) == Indicator(Compare(">", z, Num(Fraction(0))))


def test_ones_before_a_transpose_and_after_a_product():
    assert rhs("Z = X W + 1 bᵀ").terms[1][1] == Product((Ones(), Transpose(b)))
    assert rhs("v = Yᵀ 1") == Product((Transpose(Ref("Y")), Ones()))
    assert read_expression(r"\mathbf 1") == read_expression("𝟏") == Ones()


def test_a_fraction_of_whole_numbers_is_one_number():
    half = Num(Fraction(1, 2))
    for text in ("½ x", "1/2 x", r"\frac12 x", r"\tfrac{1}{2} x"):
        assert read_expression(text) == Product((half, x))


def test_an_exponent_before_the_subscript_is_an_exponent_of_the_entry():
    assert rhs(r"y = \sum_i x^2_i").body == Power(Ref("x", (I,)), TWO)


@pytest.mark.parametrize("text", ["Σ_k' z_k'", "Σ_{k′} z_{k′}", r"\sum_{k'} z_{k'}", r"\sum_{k^\prime} z_{k^{\prime}}"])
def test_a_prime_on_an_index_is_part_of_the_letter(text: str):
    tree = rhs("s = " + text)
    assert tree == BigOp("sum", ("k'",), Ref("z", (Index("k'"),)))
    assert unicode.show(tree) == "Σ_{k'} z_{k'}"
    assert latex.show(tree) == r"\sum_{k'} z_{k'}"


def test_primed_letters_stand_beside_others_and_in_conditions():
    tree = rhs(r"z_i = \sum_{i'j} A_{ii'} B_{ji'} [i = i']")
    assert unicode.show(tree) == "Σ_{i',j} A_{ii'} B_{ji'} ⟦i = i'⟧"
    assert read("z_i = " + unicode.show(tree)).lines[0].rights == (tree,)
    assert "'z′' is neither" in complaint("y = Σ_j z_k' x_j").what  # a prime that is bound nowhere stays one
