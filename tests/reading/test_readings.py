"""Each reading by its own example and counter-example: a document that holds under it, and one that must not hold without a condition."""

from __future__ import annotations

import pytest

from wengert.notes.reading.documents import judge_story
from wengert.notes.reading.readings import TABLE, Reading
from wengert.notes.reading.story import read_story
from wengert.notes.reading.verdicts import Verdict

RECORDS = [pytest.param(reading, id=reading.name) for reading in TABLE]


def displayed(lines: tuple[str, ...]) -> str:
    return "\n\n".join(f"$$\n{line}\n$$" for line in lines)


def last_of(lines: tuple[str, ...]) -> Verdict:
    return [v for v in judge_story(read_story(displayed(lines), "page.md")) if v.status not in ("defined", "again")][-1]


@pytest.mark.parametrize("reading", RECORDS)
def test_the_example_of_a_reading_holds(reading: Reading) -> None:
    verdict = last_of(reading.example)
    assert verdict.status in ("holds", "conditional"), verdict.note


@pytest.mark.parametrize("reading", RECORDS)
def test_the_counter_example_of_a_reading_does_not_hold_without_a_condition(reading: Reading) -> None:
    verdict = last_of(reading.counter)
    assert verdict.status != "holds", verdict.note
