"""The board in a notebook: the same front end, with the kernel's comm in the place of a WebSocket.

A notebook keeps the loader, the text and the values. The loader asks for the front end by {type: "code"}, once for all boards of a page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from wengert.blackboard.content import Content
from wengert.blackboard.numbers import plain_values
from wengert.blackboard.page import bundle
from wengert.blackboard.process import Process
from wengert.blackboard.protocol import checked
from wengert.blackboard.samples import DATA, EXAMPLES
from wengert.blackboard.worker import DONE
from wengert.notes.show.svg import draw


class Board(anywidget.AnyWidget):
    """A board of one text; `text` follows what is typed in it."""

    text = traitlets.Unicode().tag(sync=True)
    lang = traitlets.Unicode("en").tag(sync=True)
    form = traitlets.Unicode("").tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    digest = traitlets.Unicode().tag(sync=True)
    examples = traitlets.Dict(EXAMPLES).tag(sync=True)
    data = traitlets.List(list(DATA)).tag(sync=True)

    def __init__(self, text: str, lang: str = "en", form: str = "", values: Mapping[str, Any] | None = None) -> None:
        self._content = Content()
        self._content.subject(text)
        self._trainer: Process | None = None
        self._code = bundle("widget.js").decode()
        digest = hashlib.sha256(self._code.encode()).hexdigest()[:16]
        kept = {"text": text, "lang": lang, "form": form, "values": plain_values(values), "digest": digest}
        super().__init__(**kept, _esm=bundle("loader.js").decode())
        self.on_msg(self._receive)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it the graph and the backward pass for where no kernel runs."""
        made = super()._repr_mimebundle_(**options)
        found, metadata = made if isinstance(made, tuple) else (made, {})
        if found is None:
            return None
        subject = self._content.subject(self.text)
        still = {"image/svg+xml": draw(subject.system, subject.derived), "text/plain": self.text}
        return {**still, **found, "text/plain": self.text}, metadata

    def _receive(self, widget: Any, message: Any, buffers: Any) -> None:
        if message == {"type": "code"}:
            self.send({"type": "code", "digest": self.digest, "code": self._code})
            return
        asked = checked(message)
        if asked["type"] == "train":
            self._train(asked)
        elif asked["type"] == "control":
            self._control(asked)
        else:
            if asked["type"] == "edit":
                self.text = asked["text"]
            for reply in self._content.reply(asked):
                self.send({**reply, "id": asked["id"]})

    def _train(self, asked: dict[str, Any]) -> None:
        """A training in a process of its own; its replies are sent as they come."""
        self._control({"to": "stop"})

        def take(message: bytes | None) -> None:
            if message and message != DONE:
                self.send(json.loads(message))

        self._trainer = Process(take)
        self._trainer.send(asked)

    def _control(self, asked: Mapping[str, Any]) -> None:
        if self._trainer is None or not self._trainer.alive:
            return
        if asked.get("to") == "stop":
            self._trainer.kill()
            self._trainer = None
        else:
            self._trainer.send({"type": "control", **asked})
