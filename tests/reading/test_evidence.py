"""What is said of a page of which a part is not read line by line."""

from __future__ import annotations

from wengert.claims.review import review

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
