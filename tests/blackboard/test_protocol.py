"""Messages: what is a request, and what is refused before anything is computed."""

from __future__ import annotations

import json
import re

import pytest

from wengert.blackboard import protocol
from wengert.blackboard.content import Content
from wengert.blackboard.protocol import MOST_MESSAGE, MOST_OTHER, MOST_TEXT, REQUESTS, ProtocolError, request

WRONG = {
    "no JSON": "{",
    "no object": "[1]",
    "a number": "1",
    "no type": "{}",
    "another type": '{"type": "eval", "text": ""}',
    "a type that is none": '{"type": ["edit"], "text": ""}',
    "no text": '{"type": "edit"}',
    "a text that is none": '{"type": "edit", "text": 5}',
    "values that are none": '{"type": "numbers", "text": "", "values": []}',
    "an id that is none": '{"type": "edit", "text": "", "id": "x"}',
    "a truth value for a number": '{"type": "train", "text": "", "epochs": true}',
    "a name of a method": '{"type": "__init__", "text": ""}',
    "deep lists": "[" * 100_000,
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_request_is_refused(what):
    with pytest.raises(ProtocolError):
        request(WRONG[what])


def test_fields_that_do_not_belong_to_a_type_are_dropped():
    assert request('{"type": "edit", "text": "a", "id": 3, "limit": 9, "other": "b"}') == {
        "type": "edit",
        "text": "a",
        "id": 3,
    }


def test_long_messages_are_refused_and_only_a_csv_may_be_long():
    with pytest.raises(ProtocolError):
        request(json.dumps({"type": "edit", "text": "a" * (MOST_TEXT + 1)}))
    with pytest.raises(ProtocolError):
        request(json.dumps({"type": "numbers", "text": "", "values": {"x": [0.5] * MOST_OTHER}}))
    with pytest.raises(ProtocolError):
        request(json.dumps({"type": "train", "text": "", "csv": "1" * MOST_MESSAGE}))
    assert request(json.dumps({"type": "train", "text": "", "csv": "1" * MOST_OTHER * 2}))["csv"]


def test_every_request_is_documented_and_answered():
    requests, replies = protocol.__doc__.split("Python → page")
    for name in REQUESTS:
        assert re.search(rf"\b{name}\b", requests), name
        if name not in ("train", "control"):
            assert hasattr(Content, f"_{name}")
            for reply in Content().reply(request(json.dumps({"type": name, "text": "L = w² + b\n"}))):
                assert re.search(rf"^    {reply['type']} ", replies, re.MULTILINE), reply["type"]
