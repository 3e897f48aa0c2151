"""The board in a notebook: the same front end, with the kernel's comm in the place of a WebSocket.

A notebook keeps the loader, the text and the values. The loader asks for the front end by {type: "code"}, once for all boards of a page.
What is typed is worked out as for the local page: in a process beside the kernel, with limits of time and memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

import anywidget
import traitlets

from wengert.blackboard.numbers import plain_values
from wengert.blackboard.page import bundle
from wengert.blackboard.protocol import checked
from wengert.blackboard.samples import DATA, EXAMPLES
from wengert.blackboard.session import Session
from wengert.blackboard.subject import Subject
from wengert.notes.show.svg import draw


class Board(anywidget.AnyWidget):
    """A board of one text; `text` follows what is typed in it."""

    text = traitlets.Unicode().tag(sync=True)
    lang = traitlets.Unicode("en").tag(sync=True)
    form = traitlets.Unicode("").tag(sync=True)
    system = traitlets.Int(0).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    digest = traitlets.Unicode().tag(sync=True)
    examples = traitlets.Dict(EXAMPLES).tag(sync=True)
    data = traitlets.List(list(DATA)).tag(sync=True)
    _session: Session | None = None

    def __init__(
        self, text: str, lang: str = "en", form: str = "", values: Mapping[str, Any] | None = None, system: int = 0
    ) -> None:
        self._subject = Subject(text, system)
        self._code = bundle("widget.js").decode()
        digest = hashlib.sha256(self._code.encode()).hexdigest()[:16]
        kept = {"text": text, "lang": lang, "form": form, "system": system}
        kept |= {"values": plain_values(values), "digest": digest}
        super().__init__(**kept, _esm=bundle("loader.js").decode())
        self.on_msg(self._receive)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it the graph of the text it was made with, for where no kernel runs."""
        made = super()._repr_mimebundle_(**options)
        found, metadata = made if isinstance(made, tuple) else (made, {})
        if found is None:
            return None
        still = {"image/svg+xml": self._picture} if self.text == self._subject.text else {}
        return {**still, **found, "text/plain": self.text}, metadata

    @cached_property
    def _picture(self) -> str:
        return draw(self._subject.system, self._subject.derived)

    def _receive(self, widget: Any, message: Any, buffers: Any) -> None:
        if message == {"type": "code"}:
            self.send({"type": "code", "digest": self.digest, "code": self._code})
            return
        asked = checked(message)
        if asked["type"] == "edit":
            self.text = asked["text"]
        if self._session is None:
            self._session = _begun(self.send)
        asyncio.run_coroutine_threadsafe(self._session.taken(asked), _loop())

    def close(self) -> None:
        """End the widget and its processes; a board that is asked again starts others."""
        if self._session is not None:
            asyncio.run_coroutine_threadsafe(self._session.close(), _loop()).result()
            self._session = None
        super().close()


def _begun(send: Callable[[Any], None]) -> Session:
    """A session whose replies are sent as they come, also while a cell of the notebook runs."""

    async def sent(reply: bytes) -> None:
        send(json.loads(reply))

    async def begin() -> Session:
        session = Session(sent)
        session.begin()
        return session

    return asyncio.run_coroutine_threadsafe(begin(), _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The loop of all boards of a kernel, in a thread of its own, since the kernel's is not free while a cell runs."""
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, daemon=True).start()
    return made
