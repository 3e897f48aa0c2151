"""The board in a notebook: the same front end, with the kernel's comm in the place of a WebSocket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from wengert.blackboard.content import Content
from wengert.blackboard.page import bundle
from wengert.blackboard.process import Process
from wengert.blackboard.protocol import checked
from wengert.blackboard.samples import DATA, EXAMPLES
from wengert.blackboard.worker import DONE


class Board(anywidget.AnyWidget):
    """A board of one text; `text` follows what is typed in it."""

    text = traitlets.Unicode().tag(sync=True)
    lang = traitlets.Unicode("en").tag(sync=True)
    form = traitlets.Unicode("").tag(sync=True)
    examples = traitlets.Dict(EXAMPLES).tag(sync=True)
    data = traitlets.List(list(DATA)).tag(sync=True)
    replies = traitlets.List().tag(sync=True)

    def __init__(self, text: str, lang: str = "en", form: str = "", values: Mapping[str, Any] | None = None) -> None:
        self._content = Content()
        self._content.subject(text)
        self._trainer: Process | None = None
        stages = self._content.edit(text, form, ["right", "down"], values)
        super().__init__(text=text, lang=lang, form=form, replies=list(stages), _esm=bundle("widget.js").decode())
        self.on_msg(self._receive)

    def _receive(self, widget: Any, message: Any, buffers: Any) -> None:
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
