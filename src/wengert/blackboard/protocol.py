"""The messages between a board's page and Python, the same over a WebSocket, a widget's comm and in a saved file.

A message is an object of JSON with a `type`. A request has an `id`, which its replies repeat; a page drops replies that are not to its
newest request of a kind; a `lang`, in which sentences are answered; and a `system`, the number of that which is meant where a text has several. Quantities are numbers `q`, in the order of `read.quantities`; their bars are "4b" for q = 4. Equations come
as {tex, text, note?}; in `tex` each quantity stands in \\htmlData{q=…}{…}. Places in a text count UTF-16 units.

    page → Python
    edit     text, form?, directions?, values?     read it, derive, draw, run
    graph    text, direction                       the drawing from left to right or from top to bottom
    numbers  text, values                          run again; values are by the names of inputs
    check    text                                  every bar beside independent routes at random points
    nudge    text, values, name, place, by         one entry of an input moved by a little: ΔL beside v̄ · h
    judge    text, lines                           one's own backward lines beside the equations
    compare  text, other                           the backward lines of two versions
    expand   text                                  the calculus-class expansion, and operations counted
    losses   text                                  versions of the text with another loss
    export   text, values, lang                    the board as one file
    train    text, data, csv?, bind?, …            (protocol.TRAIN) until it is done; control: pause, run, step, stop

    Python → page
    diagnostics  diagnostics: [{severity, what, where, repair, from?, to?, fixes?: [{from, to, insert, code}]}]; with an error the page
                 keeps its last board; systems?: [{line, loss, equation}], where one has to be chosen
    read         form, written, diagnostics, systems, forward: [{q, tex, text, from, to, space, reads}], quantities: [{name, tex, kind, …}]
    backward     form, remark, legend, backward: [{q, lines, children, rules, chain, substituted, sums, sources, result}]
    graph        direction, width, height, describe: {from, back}, frames, arrows, texts
    numbers      forward: [{q, value}], backward: [{q, value, uses: [{child, value}]}], sizes; or error: a diagnostic
    checked      holds, said
    nudged       q, change, predicted
    judged       rows: [{status, line, column, text, kind, details, corrected, …}], needed: how many bars there are
    compared     forward, backward: [{same, old, new}]; or diagnostics: {old: […], new: […]}
    expanded     lines, counts, repeated, sizes
    losses       versions: [{name, text}]
    exported     html
    training     event: "started" (facts), "epochs" (records, parameters, gradients, surface), "paused", "done", "error"
    lost         why: "time", "memory", "died", "error": what was asked has no answer, and Python is ready again
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MOST_TEXT = 64 * 1024
"""Characters of a text of equations."""
MOST_MESSAGE = 4 * 1024 * 1024
"""Bytes of a message; a CSV file is the only thing that may be so long."""
MOST_OTHER = 256 * 1024

TRAIN = {
    "data": str,
    "csv": str,
    "bind": str,
    "params": str,
    "set": str,
    "sizes": str,
    "optimizer": str,
    "rate": float,
    "batch": int,
    "epochs": int,
    "seed": int,
    "validation": float,
    "standardise": bool,
}
"""What a training is told."""

REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "edit": {"text": str, "form": str, "directions": list, "values": dict},
    "graph": {"text": str, "direction": str},
    "numbers": {"text": str, "values": dict},
    "check": {"text": str},
    "nudge": {"text": str, "values": dict, "name": str, "place": list, "by": float},
    "judge": {"text": str, "lines": str},
    "compare": {"text": str, "other": str},
    "expand": {"text": str},
    "losses": {"text": str},
    "export": {"text": str, "values": dict},
    "train": {"text": str, **TRAIN},
    "control": {"to": str},
}
"""The fields of each request with their types, beside `lang` and `system`; all but `text` may be left out."""


class ProtocolError(ValueError):
    """A message is not one of the protocol."""


def request(raw: str | bytes) -> dict[str, Any]:
    """The request in a message, with nothing in it but the fields of its type.

    Raises ProtocolError where it is none.
    """
    if len(raw) > MOST_MESSAGE:
        raise ProtocolError("the message is too long")
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("the message is no JSON") from error
    found = checked(message)
    if found["type"] != "train" and len(raw) > MOST_OTHER:
        raise ProtocolError("the message is too long")
    return found


def checked(message: Any) -> dict[str, Any]:
    """The fields of a request that belong to its type, each of the type it should have.

    Raises ProtocolError where one has another, or `text` is missing.
    """
    kind = message.get("type") if isinstance(message, dict) else None
    fields = REQUESTS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise ProtocolError("the message has no type that is known")
    number = message.get("id")
    if number is not None and not (isinstance(number, int) and not isinstance(number, bool)):
        raise ProtocolError("an id is a whole number")
    found: dict[str, Any] = {"type": kind, "id": number}
    for name, type in {**fields, "lang": str, "system": int}.items():
        value = message.get(name)
        if value is None:
            if name == "text":
                raise ProtocolError("there is no text")
            continue
        if type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, type) or (type is int and isinstance(value, bool)):
            raise ProtocolError(f"'{name}' is not of the type {type.__name__}")
        if isinstance(value, str) and name != "csv" and len(value) > MOST_TEXT:
            raise ProtocolError(f"'{name}' is too long")
        found[name] = value
    return found
