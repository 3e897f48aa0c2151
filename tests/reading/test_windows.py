"""Among which lines a section is judged."""

from __future__ import annotations

from wengert.notes.reading.documents import judge_story, lines_of
from wengert.notes.reading.story import read_story
from wengert.notes.reading.windows import windows

LAYER = "# Layer\n\n$$z = w x + b$$\n\n"
BETWEEN = "".join(f"# Part {k}\n\n$$p = {k} q^2$$\n\n" for k in range(1, 7))
GRADIENT = "# Gradient\n\n$$\\frac{\\partial z}{\\partial w} = x$$\n\n"


def statuses(page: str) -> list[str]:
    return [verdict.status for verdict in judge_story(read_story(page)) if verdict.derived]


def test_a_section_reads_lines_far_before_it() -> None:
    assert statuses(LAYER + BETWEEN + GRADIENT) == ["holds"]


def test_a_section_reads_lines_behind_it_where_none_are_before() -> None:
    assert statuses(GRADIENT + BETWEEN + LAYER) == ["holds"]


def test_the_nearest_section_answers() -> None:
    assert statuses(LAYER + BETWEEN + "# Again\n\n$$z = w x^2$$\n\n# Last\n\n" + GRADIENT.replace("x$$", "x^2$$")) == [
        "holds"
    ]


def test_a_window_has_the_lines_that_are_read_and_no_others() -> None:
    lines = lines_of(read_story(LAYER + BETWEEN + GRADIENT, "").statements)
    sections = [
        [line for line in lines if line.statement.section == k] for k in {x.statement.section: 0 for x in lines}
    ]
    own, read_by = windows(sections, len(sections) - 1)[:2]
    assert [line.statement.sides[0].strip() for line in read_by] == ["z", own[0].statement.sides[0].strip()]


def test_a_side_that_is_not_read_does_not_hide_what_the_loss_is() -> None:
    page = "$$a = w x$$\n\n$$\\frac{\\partial L}{\\partial a} = \\sum = a - y$$\n\n$$\\frac{\\partial L}{\\partial w} = (a - y) x$$\n"
    (*_, last) = judge_story(read_story(page))
    assert (last.status, last.note) == ("conditional", "holds if L is half the sum of squares")
