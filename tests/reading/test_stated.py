"""Derivatives as lines state them, where what they derive has no line."""

from __future__ import annotations

import pytest

from wengert.notes.reading.documents import judge_story
from wengert.notes.reading.story import read_story

LOCAL = {"dE}{dy": "2 (y - t)", "dy}{dh": "b", "dh}{ds": r"\tanh(c)", "df}{dw": "x"}
CHAIN = r"\frac{dE}{dy} \frac{dy}{dh} \frac{dh}{ds} \frac{ds}{df} \frac{df}{dw}"
IF = "holds if derivatives of what has no line are what their lines state"


def page(whole: str) -> str:
    lines = [r"h = s \tanh(c)", r"s = \sigma(f)", rf"\frac{{dE}}{{dw}} = {CHAIN}"]
    lines += [rf"\frac{{{left}}} = {right}" for left, right in LOCAL.items()]
    lines.append(rf"\frac{{dE}}{{dw}} = {whole}")
    return "\n\n".join(f"$$\n{line}\n$$" for line in lines)


def test_a_chain_whose_factors_are_stated_holds_under_that_condition() -> None:
    last = judge_story(read_story(page(r"2 (y - t) b \tanh(c) \sigma(f) (1 - \sigma(f)) x")))[-1]
    assert (last.status, last.note) == ("conditional", IF)


@pytest.mark.parametrize(
    "whole",
    [
        r"(y - t) b \tanh(c) \sigma(f) (1 - \sigma(f)) x",
        r"2 (y - t) \tanh(c) \sigma(f) (1 - \sigma(f)) x",
        r"2 (y - t) b \tanh(c) \sigma(f) x",
        r"2 (t - y) b \tanh(c) \sigma(f) (1 - \sigma(f)) x",
    ],
)
def test_a_chain_with_a_mistake_in_a_factor_is_not_said_to_hold(whole: str) -> None:
    assert judge_story(read_story(page(whole)))[-1].status not in ("holds", "conditional")


def test_a_derivative_that_is_said_twice_is_no_evidence() -> None:
    twice = "$$y = 2 x$$\n\n" + "$$\n\\frac{dh}{ds} = 3 c\n$$\n\n" * 2
    assert {verdict.status for verdict in judge_story(read_story(twice)) if verdict.derived}.isdisjoint(
        {"holds", "conditional"}
    )
