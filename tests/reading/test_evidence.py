"""What is said of a page of which a part is not read line by line."""

from __future__ import annotations

from wengert.notes.claims.review import review

CASES_OF_MATRICES = r"""
$$M = \max(U, V) = \begin{cases} U & U > V \\ V & \text{else} \end{cases}$$

$$\frac{dC}{dU} = \begin{cases} \frac{dC}{dM} \cdot 1 & U > V \\ 0 & \text{else} \end{cases}$$
"""


def test_a_link_that_holds_at_equal_sizes_only_is_no_failure_and_no_mistake() -> None:
    assert not review(CASES_OF_MATRICES).count("wrong")


ANEW = """
$$f = x y$$

$$\\frac{\\partial f}{\\partial x} = y$$

The next example is a sum.

$$f = x + y \\qquad \\frac{\\partial f}{\\partial x} = 1$$
"""


def test_a_name_that_is_defined_anew_is_no_mistake_where_a_part_is_not_read() -> None:
    assert not review(ANEW + "\n$$f = \\natural$$\n").count("wrong")


def test_what_no_change_explains_is_open_where_a_part_is_not_read() -> None:
    page = "$$L = x^2 y + \\sin x$$\n\n$$\\frac{\\partial L}{\\partial x} = y^3 \\cosh(x y) - 7$$\n"
    assert [row.status for row in review(page).rows] == ["wrong"]
    assert [row.status for row in review(page + "\n$$y = \\natural$$\n").rows if row.status != "unread"] == ["open"]


def test_the_summary_counts_what_claims_nothing_apart() -> None:
    page = r"""
$$\frac{\partial L}{\partial w}$$

$$L = (w x)^2$$

$$\frac{\partial L}{\partial w} = 2 w x^2$$

$$w := w - \eta \frac{\partial L}{\partial w}$$

$$\frac{\partial L}{\partial x} = \natural$$
"""
    assert review(page).summary() == "1 right, 0 wrong, 1 not read, 1 without a claim; 1 system"


STATED = """
$$x = 2$$ and $$w = 3$$

$$L = e^2$$ with $$e = w x$$

$$\\frac{\\partial L}{\\partial e} = 2 e = 12$$

$$r = \\natural$$
"""


def test_numbers_that_the_text_states_are_no_mistake_where_a_part_is_not_read() -> None:
    assert not review(STATED).count("wrong")


def test_an_equation_that_the_author_demands_is_no_mistake_where_a_part_is_not_read() -> None:
    page = "$$u = 3 k_1 + k_2$$\n\n$$L = u^2$$\n\n$$u = 5 k_2 = k_2 k_1$$\n\n$$\\frac{\\partial L}{\\partial u} = 2 u$$\n\n"
    assert not review(page + "$$q = \\natural$$\n").count("wrong")


def test_a_wrong_line_of_barred_signals_stays_wrong_where_a_part_is_not_read() -> None:
    page = "$$z = w x \\qquad L = z^2$$\n\n$$\\bar z = 2 z$$\n\n$$\\bar w = 2 z w$$\n\n$$\\bar x = \\natural$$\n"
    assert [row.status for row in review(page).rows] == ["holds", "wrong", "unread"]
